# SPDX-License-Identifier: MIT
# cmake -DOUTPUT=out.cpp "-DFILES=a.html;b.js" -P embed.cmake: writes a C++ file that holds the files' bytes.
set(arrays "")
set(entries "")
set(number 0)
foreach(path IN LISTS FILES)
  get_filename_component(name "${path}" NAME)
  file(READ "${path}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(REGEX REPLACE "(('[^']*',){32})" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "constexpr char file_${number}[] = {\n${bytes}'\\0'};\n")
  string(APPEND entries "    {\"${name}\", {file_${number}, sizeof file_${number} - 1}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include \"pages.hpp\"\n\n#include <span>\n\nnamespace chat {\n\nnamespace {\n\n${arrays}
constexpr embedded_file files[] = {\n${entries}};\n\n} // namespace\n
std::span<const embedded_file> embedded_files() { return files; }\n\n} // namespace chat\n")
