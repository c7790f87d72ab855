// SPDX-License-Identifier: MIT
#pragma once

namespace coax::cli {

/// The subcommand `coax bench URL`: loads any Action Cable server with clients and prints what it did.
///
/// `argv[0]` is the subcommand's name, its own options follow. Returns the exit code: 0, 1 when messages were lost or the server refused,
/// 64 and above for a wrong command line.
int run_bench(int argc, char** argv);

} // namespace coax::cli
