// SPDX-License-Identifier: MIT
#pragma once

#include <coax/config.hpp>
#include <coax/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coax {

/// One value of the merged configuration, and where it came from.
struct config_node {
    enum class kind : std::uint8_t {
        text,
        integer,
        number,
        flag,
        date,    ///< date, time or both, as TOML writes it; in `text`
        list,    ///< in `children`, without keys
        table,   ///< in `children`, sorted or in the order of the sources
        untyped, ///< text of a variable or the command line: the key decides what it means
    };

    std::string key;
    kind type = kind::table;
    std::string text;
    std::int64_t integer = 0;
    double number = 0;
    bool flag = false;
    std::string origin; ///< such as `coax.toml line 4`, `COAX_SERVER__LISTEN` or `command line`
    std::vector<config_node> children;

    const config_node* find(std::string_view name) const noexcept;
    config_node* find(std::string_view name) noexcept;
};

/// What to read, in rising order of priority.
struct config_sources {
    std::string file; ///< empty: none
    std::vector<std::string> environment; ///< `NAME=value`; names without the prefix COAX_ are skipped
    std::vector<config_override> overrides;
};

/// TOML text to a tree. `name` is the file's name in messages.
/// Errors: throws startup_error (78) with name, line and column.
config_node parse_config_text(std::string_view text, const std::string& name);

/// Reads all sources into one tree; later ones replace single values of earlier ones.
/// Errors: throws startup_error (78).
config_node read_sources(const config_sources& sources);

/// A startup_error (78) whose message stays on one line: what users wrote goes into messages, control characters become `?`.
startup_error config_problem(std::string message);

/// `COAX_...` of the running process.
std::vector<std::string> process_environment();

} // namespace coax
