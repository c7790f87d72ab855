// SPDX-License-Identifier: MIT
#pragma once

#include "config/reader.hpp"

#include <string>

namespace coax {

/// The whole configuration as TOML, each key with its origin in a comment. Secrets in the adapter's options are masked:
/// keys that are called like one (password, secret, token, key) and the user part of a URL.
std::string print_config(const resolved_config& resolved);

/// A configuration file with every key, its docstring and its default, commented out. `framework/cli/coax.toml` is this text.
std::string sample_config();

/// The Markdown table of one section for `docs/configuration.md`.
std::string config_table(const std::string& section);

} // namespace coax
