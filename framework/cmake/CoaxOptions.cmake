# SPDX-License-Identifier: MIT
# Every option a user can set, with its help text.
option(COAX_BUILD_TESTS "Build tests, fuzz targets and benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(COAX_BUILD_SAMPLES "Build the samples" ${PROJECT_IS_TOP_LEVEL})
option(COAX_INSTALL "Generate install rules" ${PROJECT_IS_TOP_LEVEL})
option(COAX_WARNINGS_AS_ERRORS "Treat compiler warnings as errors" OFF)
option(COAX_PRECOMPILED_HEADER "Precompile the Boost headers (faster builds)" ON)
set(COAX_SANITIZER "" CACHE STRING "Sanitizer of the whole build: empty, address (with undefined), or thread")
set_property(CACHE COAX_SANITIZER PROPERTY STRINGS "" address thread)
if(NOT COAX_SANITIZER MATCHES "^(|address|thread)$")
  message(FATAL_ERROR "COAX_SANITIZER is '${COAX_SANITIZER}': use address, thread or nothing")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
  endif()
  find_program(COAX_CCACHE ccache)
  if(COAX_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Sloppiness: what ccache needs to accept a precompiled header; base directory: hits from any checkout.
    set(coax_launcher ${CMAKE_COMMAND} -E env
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
        CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${COAX_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${coax_launcher})
    set(CMAKE_C_COMPILER_LAUNCHER ${coax_launcher})
  endif()
endif()
