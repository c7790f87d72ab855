// SPDX-License-Identifier: MIT
#pragma once

#include <coax/sdk/adapter.hpp>

#include <coax/error.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax::sdk {

/// Reads a plugin's own section by the host's rules: unknown keys and wrong types are errors that name the path, durations carry a unit.
///
/// ```cpp
/// sdk::options read(config, "adapter.redis");
/// url_ = read.text("url", "redis://localhost:6379");
/// read.finish(); // throws for a key that nobody asked for
/// ```
/// Thread rule: one thread. Errors: throws `failure` with errc::invalid_argument.
class options {
public:
    /// `section` must outlive this. `path` is where it stands in the configuration.
    options(const boost::json::object& section, std::string path) : section_(section), path_(std::move(path)) {}

    std::string text(std::string_view key, std::string_view fallback)
    {
        const auto* found = find(key);
        if (!found) return std::string(fallback);
        if (!found->is_string()) wrong_type(key, "a string", *found);
        return std::string(found->get_string());
    }

    bool flag(std::string_view key, bool fallback)
    {
        const auto* found = find(key);
        if (!found) return fallback;
        if (!found->is_bool()) wrong_type(key, "true or false", *found);
        return found->get_bool();
    }

    std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least = 0, std::int64_t most = std::numeric_limits<std::int64_t>::max())
    {
        const auto* found = find(key);
        if (!found) return fallback;
        if (!found->is_int64()) wrong_type(key, "an integer", *found);
        const auto value = found->get_int64();
        if (value < least || value > most)
            wrong(key, "expected " + std::to_string(least) + " to " + std::to_string(most) + ", got " + std::to_string(value));
        return value;
    }

    /// `"3s"`, `"500ms"`, `"2m"`, `"1h"`.
    std::chrono::milliseconds duration(std::string_view key, std::chrono::milliseconds fallback)
    {
        const auto* found = find(key);
        if (!found) return fallback;
        if (!found->is_string()) wrong_type(key, "a duration such as \"3s\"", *found);
        const auto parsed = parse_duration(found->get_string());
        if (!parsed) wrong_type(key, "a duration such as \"3s\"", *found);
        return *parsed;
    }

    /// Refuses keys that nobody asked for.
    void finish() const
    {
        for (const auto& entry : section_) {
            bool is_known = false;
            for (const auto& key : known_) is_known = is_known || std::string_view(entry.key()) == key;
            if (is_known) continue;
            std::string names;
            for (const auto& key : known_) names += (names.empty() ? "" : ", ") + key;
            wrong(entry.key(), "unknown key; " + (names.empty() ? std::string("this section takes none") : "known are: " + names));
        }
    }

private:
    const boost::json::value* find(std::string_view key)
    {
        known_.emplace_back(key);
        return section_.if_contains(key);
    }

    static std::optional<std::chrono::milliseconds> parse_duration(std::string_view text)
    {
        std::int64_t count = 0;
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
        if (failed != std::errc() || count < 0) return std::nullopt;
        const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
        std::int64_t factor = 0;
        if (unit == "ms") factor = 1;
        else if (unit == "s") factor = 1'000;
        else if (unit == "m") factor = 60'000;
        else if (unit == "h") factor = 3'600'000;
        if (factor == 0 || count > std::numeric_limits<std::int64_t>::max() / factor) return std::nullopt;
        return std::chrono::milliseconds(count * factor);
    }

    [[noreturn]] void wrong(std::string_view key, const std::string& what) const
    {
        throw failure(errc::invalid_argument, path_ + "." + std::string(key) + ": " + what);
    }
    [[noreturn]] void wrong_type(std::string_view key, const std::string& expected, const boost::json::value& got) const
    {
        wrong(key, "expected " + expected + ", got " + boost::json::serialize(got).substr(0, 80));
    }

    const boost::json::object& section_;
    std::string path_;
    std::vector<std::string> known_;
};

} // namespace coax::sdk
