// SPDX-License-Identifier: MIT
// A module built without the version script: the symbol test must notice the second symbol.
extern "C" const void* coax_plugin_query(unsigned short, unsigned short) { return nullptr; }
extern "C" int leaked_symbol() { return 1; }
