// SPDX-License-Identifier: MIT
#include "memory_adapter.hpp"

#include <coax/sdk/plugin.hpp>

COAX_ADAPTER_PLUGIN(coax::memory::memory_adapter, "memory", "0.1.0")
