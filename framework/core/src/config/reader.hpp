// SPDX-License-Identifier: MIT
#pragma once

#include "config/source.hpp"

#include <coax/config.hpp>

#include <map>
#include <string>

namespace coax {

/// A config together with what `--print-config` shows.
struct resolved_config {
    config settings;
    std::map<std::string, std::string> origins; ///< by path; a key that is missing here has its default
    config_node adapter_options; ///< the table of the chosen adapter; empty if there is none
};

/// A tree to a checked config.
/// Errors: throws startup_error (78): unknown key with the nearest known one, wrong type, out of range, contradiction.
resolved_config read_config(const config_node& root);

/// All sources to a checked config. What `load_config` does, with its inputs named.
resolved_config resolve_config(const config_sources& sources);

} // namespace coax
