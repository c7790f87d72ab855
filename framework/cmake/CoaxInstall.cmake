# SPDX-License-Identifier: MIT
# What `cmake --install` puts where, and the package that find_package(coax) reads.
include(CMakePackageConfigHelpers)

set(COAX_PLUGIN_INSTALL_DIR "${CMAKE_INSTALL_LIBDIR}/coax/plugins/abi1")
set(coax_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/coax")

# coax_install_library(target component): a library with its public headers. The warnings are ours alone: they do not travel.
function(coax_install_library target component)
  if(NOT TARGET ${target})
    return()
  endif()
  get_target_property(links ${target} INTERFACE_LINK_LIBRARIES)
  if(links)
    list(REMOVE_ITEM links "coax_warnings" "$<LINK_ONLY:coax_warnings>")
    set_target_properties(${target} PROPERTIES INTERFACE_LINK_LIBRARIES "${links}")
  endif()
  get_target_property(header_sets ${target} INTERFACE_HEADER_SETS)
  set(headers "")
  if(header_sets)
    set(headers FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT ${component})
  endif()
  install(TARGETS ${target} EXPORT coax-${component}
    ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${component}
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${component}
    ${headers})
  set_property(GLOBAL APPEND PROPERTY COAX_PACKAGE_COMPONENTS ${component})
endfunction()

# Each component is an export set of its own, so that asking for the SDK does not ask for what only the server needs.
coax_install_library(coax_abi base)
coax_install_library(coax_vocabulary base)
coax_install_library(coax_asio base)
coax_install_library(coax_sdk sdk)
coax_install_library(coax_core core)
coax_install_library(coax_testing testing)
coax_install_library(coax_adapter_memory adapter_memory)

if(TARGET coax_cli)
  install(TARGETS coax_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT cli)
endif()
if(TARGET coax_adapter_memory_module)
  install(TARGETS coax_adapter_memory_module LIBRARY DESTINATION "${COAX_PLUGIN_INSTALL_DIR}" COMPONENT plugins)
endif()

get_property(coax_components GLOBAL PROPERTY COAX_PACKAGE_COMPONENTS)
list(REMOVE_DUPLICATES coax_components)
foreach(component IN LISTS coax_components)
  install(EXPORT coax-${component} NAMESPACE coax:: DESTINATION "${coax_package_dir}" COMPONENT ${component}
    FILE coax-${component}-targets.cmake)
endforeach()

configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/coaxConfig.cmake.in" "${CMAKE_CURRENT_BINARY_DIR}/coaxConfig.cmake"
  INSTALL_DESTINATION "${coax_package_dir}" PATH_VARS COAX_PLUGIN_INSTALL_DIR)
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/coaxConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/coaxConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/coaxConfigVersion.cmake"
  "${CMAKE_CURRENT_LIST_DIR}/CoaxPlugin.cmake" "${CMAKE_CURRENT_LIST_DIR}/plugin.map"
  DESTINATION "${coax_package_dir}" COMPONENT base)
