// SPDX-License-Identifier: MIT
#pragma once

#include <coax/config.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coax {

/// How a key is written.
enum class config_kind : std::uint8_t { text, choice, text_list, flag, count, size, duration };

/// What a key may hold.
struct config_rule {
    config_kind kind = config_kind::text;
    std::int64_t min = 0; ///< of a count, of bytes or of milliseconds
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
    bool has_off = false; ///< a duration that may be `"off"`, which is zero; zero itself is then not written
    std::vector<std::string_view> choices;
    /// Says what a text, or one text of a list, should be if it is not that; empty: it is fine.
    std::string_view (*check)(std::string_view) = nullptr;
};

/// Where a value lives in a config.
using config_slot = std::variant<std::string*, std::vector<std::string>*, bool*, unsigned*, std::size_t*, std::chrono::milliseconds*>;

/// One key: everything that the reader, the documentation and the printed configuration need.
struct config_field {
    std::string path; ///< such as `session.ping_interval`
    config_rule rule;
    std::string_view doc; ///< the member's docstring, word for word (a test compares them)
    std::function<config_slot(config&)> slot;
};

/// All keys, section by section in the order of `coax/config.hpp`. `adapter.options_json` is not among them: it holds the adapter's table.
const std::vector<config_field>& config_fields();

/// What is wrong between the keys of a config whose single values are fine; empty: nothing.
std::string find_contradiction(const config& settings);

/// The value of `field` in `settings` as TOML, such as `"3s"`, `1000` or `["cookie"]`.
std::string format_value(const config_field& field, const config& settings);

/// A key as people see it.
struct config_key {
    std::string path;
    std::string type;          ///< such as `list of strings` or `duration or "off"`
    std::string default_value; ///< as TOML
    std::string doc;
};

/// All keys with their defaults; the tables of `docs/configuration.md` and the sample file follow it.
std::vector<config_key> describe_config();

} // namespace coax
