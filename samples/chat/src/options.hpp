// SPDX-License-Identifier: MIT
#pragma once

#include <coax/config.hpp>

#include <string>
#include <vector>

namespace chat {

/// What the command line asks for.
struct options {
    std::string config_file; ///< empty: defaults and environment only
    std::vector<std::string> listen; ///< replaces the configured addresses unless empty
    std::vector<coax::config_override> overrides;
    bool help = false;
};

extern const char* const usage;

/// Errors: throws coax::startup_error (exit code 78) that names the argument.
options parse_options(const std::vector<std::string>& arguments);

/// The configuration those options amount to. Errors: as coax::load_config.
coax::config make_config(const options& chosen);

} // namespace chat
