# SPDX-License-Identifier: MIT
# coax_add_plugin(<kind> <name> SOURCES <file>... [LINK <target>...] [OUTPUT_DIRECTORY <dir>])
#
# Builds libcoax_<kind>_<name>.so: a loadable module with hidden visibility that exports one symbol, coax_plugin_query.
# The target is named coax_<kind>_<name>_module. Installed with the package, so it works in and out of the source tree.
set(COAX_PLUGIN_MAP "${CMAKE_CURRENT_LIST_DIR}/plugin.map" CACHE INTERNAL "Version script of plugins")

function(coax_add_plugin kind name)
  cmake_parse_arguments(arg "" "OUTPUT_DIRECTORY" "SOURCES;LINK" ${ARGN})
  set(target coax_${kind}_${name}_module)
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE coax::sdk ${arg_LINK})
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME coax_${kind}_${name}
    CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS "${COAX_PLUGIN_MAP}")
  if(arg_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${arg_OUTPUT_DIRECTORY}")
  endif()
  target_link_options(${target} PRIVATE "LINKER:--version-script=${COAX_PLUGIN_MAP}")
endfunction()
