// SPDX-License-Identifier: MIT
#include <coax/connection.hpp>

#include "controller/native_controller.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>

namespace coax {

namespace {

// application/x-www-form-urlencoded: '+' is a space; a '%' that begins no escape stands for itself.
std::string percent_decode(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
            out += static_cast<char>(value);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::string_view trim(std::string_view text) noexcept
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Calls `take(key, value)` for each `key=value` of a list.
template <class Take>
void for_each_pair(std::string_view list, char separator, Take take)
{
    while (!list.empty()) {
        const auto end = std::min(list.find(separator), list.size());
        const auto pair = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        const auto equals = std::min(pair.find('='), pair.size());
        take(pair.substr(0, equals), equals < pair.size() ? pair.substr(equals + 1) : std::string_view());
    }
}

} // namespace

const session_env& connection::env() const noexcept
{
    return host_->port().env();
}

std::optional<std::string> connection::query(std::string_view name) const
{
    std::string_view url = env().url;
    url = url.substr(0, url.find('#'));
    const auto question = url.find('?');
    if (question == std::string_view::npos) return std::nullopt;
    std::optional<std::string> found;
    for_each_pair(url.substr(question + 1), '&', [&](std::string_view key, std::string_view value) {
        if (percent_decode(key) == name) found = percent_decode(value);
    });
    return found;
}

std::optional<std::string> connection::cookie(std::string_view name) const
{
    std::optional<std::string> found;
    for (const auto& [header, text] : env().headers) {
        if (header != "cookie") continue;
        for_each_pair(text, ';', [&](std::string_view key, std::string_view value) {
            if (!found && trim(key) == name) found = std::string(trim(value));
        });
    }
    return found;
}

std::string_view connection::session_id() const noexcept
{
    return host_->port().session_id();
}

void connection::identified_by(std::string name, std::string value)
{
    auto& all = host_->identifiers();
    const auto known = std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.first == name; });
    if (known != all.end()) {
        known->second = std::move(value);
    } else {
        all.emplace_back(std::move(name), std::move(value));
    }
}

std::optional<std::string> connection::identifier(std::string_view name) const
{
    for (const auto& [key, value] : host_->identifiers())
        if (key == name) return value;
    return std::nullopt;
}

std::string connection::connection_identifier() const
{
    std::vector<std::string_view> values;
    for (const auto& [key, value] : host_->identifiers())
        if (!value.empty()) values.push_back(value);
    std::sort(values.begin(), values.end());
    std::string out;
    for (const auto value : values) {
        if (!out.empty()) out += ':';
        out += value;
    }
    return out;
}

void connection::reject_unauthorized()
{
    throw unauthorized();
}

void connection::close(std::string_view reason, bool reconnect)
{
    host_->port().close(reason, reconnect);
}

bool connection::transmit(const boost::json::object& message)
{
    return host_->port().transmit_text(boost::json::serialize(message));
}

broadcaster connection::cable() const
{
    return host_->port().cable();
}

const logger& connection::log() const
{
    return host_->port().log();
}

} // namespace coax
