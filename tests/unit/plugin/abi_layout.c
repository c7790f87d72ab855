/* SPDX-License-Identifier: MIT */
/* The ABI headers are C11: this file compiles them as such and pins the layout as a C compiler sees it. */
#include <coax/abi/adapter.h>
#include <coax/abi/base.h>
#include <coax/abi/host.h>
#include <coax/abi/plugin.h>
#include <coax/abi/rpc.h>

#include <stddef.h>

_Static_assert(sizeof(void*) != 8 || sizeof(coax_str) == 16, "coax_str");
_Static_assert(sizeof(void*) != 8 || sizeof(coax_error) == 32, "coax_error");
_Static_assert(sizeof(void*) != 8 || sizeof(coax_message) == 48, "coax_message");
_Static_assert(sizeof(void*) != 8 || sizeof(coax_host) == 80, "coax_host");
_Static_assert(sizeof(void*) != 8 || sizeof(coax_adapter_vtable) == 80, "coax_adapter_vtable");
_Static_assert(sizeof(void*) != 8 || sizeof(coax_plugin) == 64, "coax_plugin");

size_t coax_test_size_of_plugin(void);
size_t coax_test_size_of_plugin(void) { return sizeof(coax_plugin); }
