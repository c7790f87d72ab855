// SPDX-License-Identifier: MIT
#include "config/print.hpp"

#include "config/sections.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace coax {
namespace {

using kind = config_node::kind;

constexpr std::string_view mask = "***";

std::string_view section_of(std::string_view path) { return path.substr(0, path.find('.')); }
std::string_view key_of(std::string_view path) { return path.substr(path.find('.') + 1); }

bool names_secret(std::string key)
{
    std::transform(key.begin(), key.end(), key.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    constexpr std::array<std::string_view, 6> words{"password", "passphrase", "secret", "token", "credential", "key"};
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return key.find(word) != std::string::npos; });
}

// redis://user:word@host to redis://***@host; the last @ before the path, for passwords that hold one.
std::string mask_user(const std::string& text)
{
    const std::size_t scheme = text.find("://");
    if (text.find("password=") != std::string::npos) return std::string(mask); // connection strings, queries
    if (scheme == std::string::npos) return text;
    const std::size_t begin = scheme + 3;
    const std::size_t at = text.rfind('@');
    if (at == std::string::npos || at < begin) return text;
    return text.substr(0, begin) + std::string(mask) + text.substr(at);
}

bool is_bare_key(std::string_view key)
{
    return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

std::string show_key(const std::string& key) { return is_bare_key(key) ? key : quote_toml(key); }

std::string show_value(const config_node& node)
{
    const auto join = [&](auto show) {
        std::string all;
        for (const config_node& child : node.children) all += (all.empty() ? "" : ", ") + show(child);
        return all;
    };
    if (names_secret(node.key)) return quote_toml(mask);
    switch (node.type) {
    case kind::text:
    case kind::untyped: return quote_toml(mask_user(node.text));
    case kind::integer: return std::to_string(node.integer);
    case kind::number: return std::to_string(node.number);
    case kind::flag: return node.flag ? "true" : "false";
    case kind::date: return node.text;
    case kind::list: return '[' + join(show_value) + ']';
    case kind::table: break;
    }
    return '{' + join([](const config_node& child) { return show_key(child.key) + " = " + show_value(child); }) + '}';
}

} // namespace

std::string print_config(const resolved_config& resolved)
{
    std::string out;
    std::string_view section;
    for (const config_field& field : config_fields()) {
        if (section_of(field.path) != section) {
            section = section_of(field.path);
            out += (out.empty() ? "[" : "\n[") + std::string(section) + "]\n";
        }
        const auto origin = resolved.origins.find(field.path);
        out += std::string(key_of(field.path)) + " = " + format_value(field, resolved.settings) + "  # " +
               (origin == resolved.origins.end() ? "default" : origin->second) + '\n';
    }
    if (!resolved.adapter_options.children.empty()) {
        out += "\n[adapter." + resolved.settings.adapter.name + "]\n";
        for (const config_node& option : resolved.adapter_options.children)
            out += show_key(option.key) + " = " + show_value(option) + "  # " + option.origin + '\n';
    }
    return out;
}

std::string sample_config()
{
    std::string out =
        "# SPDX-License-Identifier: MIT\n"
        "# Every key of coax with its default. Remove the # in front of a key to change it; docs/configuration.md says more.\n"
        "# A variable such as COAX_SERVER__LISTEN wins over this file, the command line over both.\n";
    std::string_view section;
    for (const config_key& key : describe_config()) {
        if (section_of(key.path) != section) {
            section = std::string_view(key.path).substr(0, key.path.find('.'));
            out += "\n[" + std::string(section) + "]\n";
        }
        out += "# " + key.doc + '\n';
        out += '#' + std::string(key_of(key.path)) + " = " + key.default_value + "\n";
    }
    return out;
}

std::string config_table(const std::string& section)
{
    std::string out = "| Key | Type | Default | Meaning |\n|---|---|---|---|\n";
    for (const config_key& key : describe_config())
        if (section_of(key.path) == section)
            out += "| `" + std::string(key_of(key.path)) + "` | " + key.type + " | `" + key.default_value + "` | " + key.doc + " |\n";
    return out;
}

} // namespace coax
