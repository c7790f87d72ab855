/* SPDX-License-Identifier: MIT */
#pragma once

/* RPC backends: reserved.
 *
 * The kind number COAX_KIND_RPC is taken. Its table (connect, command, disconnect, with one request and one reply structure each, after
 * AnyCable's rpc.proto) is not part of ABI 1.0: it arrives with a later minor version. This host refuses a plugin of that kind.
 */

#include <coax/abi/plugin.h>
