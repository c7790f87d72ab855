// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace coax::cli {

/// The options of `coax serve`.
struct serve_options {
    std::string config_file;              ///< empty: ./coax.toml if there is one
    std::vector<std::string> listen;      ///< replaces server.listen, if any
    std::vector<std::string> assignments; ///< `section.key=value`
    bool print_config = false;            ///< print the configuration and end
};

/// The subcommand `coax serve`: runs a server until SIGINT or SIGTERM. Returns the exit code.
/// Errors: throws startup_error; exit code 64 for an assignment without `=`.
int run_serve(const serve_options& options);

} // namespace coax::cli
