// SPDX-License-Identifier: MIT
#pragma once

#include <coax/abi/plugin.h>

/// The memory adapter as a plugin linked into the program: `server.add_plugin(coax_adapter_memory_descriptor())`.
/// Static data, valid until the process ends. Link `coax::adapter_memory`.
extern "C" const coax_plugin* coax_adapter_memory_descriptor(void);
