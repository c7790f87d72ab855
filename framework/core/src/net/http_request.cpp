// SPDX-License-Identifier: MIT
#include "net/http_request.hpp"

#include <algorithm>

namespace coax {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

} // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string to_lower(std::string_view text)
{
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

std::string_view trimmed(std::string_view text) noexcept
{
    auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string_view http_request::path() const noexcept
{
    return std::string_view(target).substr(0, target.find('?'));
}

std::string_view http_request::header(std::string_view name) const noexcept
{
    for (const auto& [key, value] : headers)
        if (key == name) return value;
    return {};
}

std::size_t http_request::count(std::string_view name) const noexcept
{
    return static_cast<std::size_t>(std::count_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; }));
}

std::string http_request::joined(std::string_view name) const
{
    std::string all;
    bool first = true;
    for (const auto& [key, value] : headers) {
        if (key != name) continue;
        if (!first) all += ", ";
        all += value;
        first = false;
    }
    return all;
}

bool http_request::has_token(std::string_view name, std::string_view token) const noexcept
{
    for (const auto& [key, value] : headers) {
        if (key != name) continue;
        std::string_view rest = value;
        for (;;) {
            auto comma = rest.find(',');
            if (equals_ignoring_case(trimmed(rest.substr(0, comma)), token)) return true;
            if (comma == std::string_view::npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

bool http_request::is_websocket_upgrade() const noexcept
{
    return method == "GET" && has_token("connection", "upgrade") && has_token("upgrade", "websocket");
}

} // namespace coax
