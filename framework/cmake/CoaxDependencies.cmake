# SPDX-License-Identifier: MIT
# What the build needs; nothing is downloaded here.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json CONFIG)
find_package(ZLIB REQUIRED)
find_package(tomlplusplus REQUIRED)
find_path(COAX_CLI11_INCLUDE_DIR CLI/CLI.hpp REQUIRED DOC "Directory that holds CLI/CLI.hpp")
