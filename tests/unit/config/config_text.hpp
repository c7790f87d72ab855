// SPDX-License-Identifier: MIT
#pragma once

#include "config/print.hpp"
#include "config/reader.hpp"
#include "config/sections.hpp"

#include <coax/error.hpp>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

/// Reads TOML text as if it were the file coax.toml.
inline coax::resolved_config read_text(const std::string& text) { return coax::read_config(coax::parse_config_text(text, "coax.toml")); }

/// Reads variables and options of the command line, without a file.
inline coax::resolved_config read_untyped(std::vector<std::string> environment, std::vector<coax::config_override> overrides = {})
{
    return coax::resolve_config({"", std::move(environment), std::move(overrides)});
}

/// What the startup_error of `action` says; empty if it ends well. Its exit code must be that of a bad configuration.
template <class Action>
std::string message_of(Action action)
{
    try {
        action();
        return "";
    } catch (const coax::startup_error& error) {
        return error.exit_code() == 78 ? error.what() : "wrong exit code: " + std::string(error.what());
    }
}

/// The message that `text` gives as coax.toml.
inline std::string error_of(const std::string& text)
{
    return message_of([&] { read_text(text); });
}

/// All values, to compare two configs.
inline std::string values_of(const coax::config& settings)
{
    std::string all;
    for (const auto& field : coax::config_fields()) all += field.path + " = " + coax::format_value(field, settings) + '\n';
    return all + settings.adapter.options_json;
}

inline std::string slurp(const std::string& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return in ? text.str() : "";
}
