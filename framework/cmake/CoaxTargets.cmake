# SPDX-License-Identifier: MIT
# Warnings, sanitizers, the precompiled header and the shapes of our targets.

add_library(coax_warnings INTERFACE)
target_compile_options(coax_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Woverloaded-virtual
  $<$<COMPILE_LANGUAGE:CXX>:-Wno-missing-field-initializers>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # -Wtsan: Asio's fences; the warning is about the sanitizer, not about our code.
  target_compile_options(coax_warnings INTERFACE $<$<STREQUAL:${COAX_SANITIZER},thread>:-Wno-tsan>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 sees overflows in std::string concatenation that are not there, as soon as it inlines.
  target_compile_options(coax_warnings INTERFACE -Wno-stringop-overflow -Wno-stringop-overread -Wno-restrict -Wno-array-bounds)
endif()
if(COAX_WARNINGS_AS_ERRORS)
  target_compile_options(coax_warnings INTERFACE -Werror)
endif()

if(COAX_SANITIZER STREQUAL "address")
  # vptr alone can be told to go on: it needs a free descriptor to look at memory, which the test of their exhaustion takes away.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fsanitize-recover=vptr -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(COAX_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()

# Asio and Beast compiled once. The macros must be the same in every file that meets the host's Asio in one link.
add_library(coax_asio STATIC "${CMAKE_CURRENT_LIST_DIR}/asio.cpp")
add_library(coax::asio ALIAS coax_asio)
target_compile_definitions(coax_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_DISABLE_SMALL_BLOCK_RECYCLING BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(coax_asio PUBLIC Boost::headers Boost::json Threads::Threads)
target_compile_features(coax_asio PUBLIC cxx_std_20)
set_target_properties(coax_asio PROPERTIES EXPORT_NAME asio)

if(COAX_PRECOMPILED_HEADER)
  add_library(coax_pch OBJECT "${CMAKE_CURRENT_LIST_DIR}/pch.cpp")
  target_link_libraries(coax_pch PRIVATE coax_asio coax_warnings)
  target_precompile_headers(coax_pch PRIVATE "${CMAKE_CURRENT_LIST_DIR}/pch.hpp")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(coax_pch PRIVATE -fpch-preprocess)
  endif()
endif()

# coax_use_pch(target): only for targets that link coax::asio and coax_warnings and add no macros of their own.
function(coax_use_pch target)
  if(COAX_PRECOMPILED_HEADER)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # -fPIC: programs get -fPIE, and GCC takes a precompiled header only with the very same setting.
      target_compile_options(${target} PRIVATE -fpch-preprocess -fPIC)
    endif()
    target_precompile_headers(${target} REUSE_FROM coax_pch)
  endif()
endfunction()

# coax_header_library(name DIR dir HEADERS h... [LINK targets...]): an installed header-only module, alias coax::name.
function(coax_header_library name)
  cmake_parse_arguments(arg "" "" "HEADERS;LINK" ${ARGN})
  add_library(coax_${name} INTERFACE)
  add_library(coax::${name} ALIAS coax_${name})
  target_sources(coax_${name} INTERFACE FILE_SET HEADERS BASE_DIRS include FILES ${arg_HEADERS})
  target_link_libraries(coax_${name} INTERFACE ${arg_LINK})
  set_target_properties(coax_${name} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

# coax_core_folder(folder SOURCES... LINK...): one folder of core/src, called from its own CMakeLists.txt, as an object library, so that its tests link no more
# than they need and a layer cannot reach a higher one unseen.
function(coax_core_folder folder)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(coax_core_${folder} OBJECT ${arg_SOURCES})
  target_include_directories(coax_core_${folder} PUBLIC
    "${coax_SOURCE_DIR}/framework/core/include" "${coax_BINARY_DIR}/framework/core/include" "${coax_SOURCE_DIR}/framework/core/src")
  target_link_libraries(coax_core_${folder} PUBLIC coax::vocabulary coax_asio ${arg_LINK} PRIVATE coax_warnings)
  coax_use_pch(coax_core_${folder})
  set_property(GLOBAL APPEND PROPERTY COAX_CORE_FOLDERS ${folder})
endfunction()

function(coax_print_summary)
  if(PROJECT_IS_TOP_LEVEL)
    message(STATUS "coax ${PROJECT_VERSION}: ${CMAKE_BUILD_TYPE}, sanitizer '${COAX_SANITIZER}', tests ${COAX_BUILD_TESTS}, "
      "samples ${COAX_BUILD_SAMPLES}, Boost ${Boost_VERSION}, compiler ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}")
  endif()
endfunction()
