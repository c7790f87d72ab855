// SPDX-License-Identifier: MIT
#include "load/cable_text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace coax::load {
namespace json = boost::json;

std::string command_text(std::string_view command, std::string_view identifier, std::string_view data)
{
    json::object fields;
    fields["command"] = command;
    fields["identifier"] = identifier;
    if (!data.empty()) fields["data"] = data;
    return json::serialize(fields);
}

server_message classify(std::string_view text)
{
    json::error_code error;
    const json::value parsed = json::parse(text, error);
    if (error || !parsed.is_object()) return {};
    const json::object& fields = parsed.get_object();
    const json::value* type = fields.if_contains("type");
    if (type == nullptr) return {fields.contains("message") ? message_type::payload : message_type::malformed, {}};
    if (!type->is_string()) return {};
    const json::string& name = type->get_string();
    if (name == "welcome") return {message_type::welcome, {}};
    if (name == "ping") return {message_type::ping, {}};
    if (name == "confirm_subscription") return {message_type::confirmation, {}};
    if (name == "reject_subscription") return {message_type::rejection, {}};
    if (name != "disconnect") return {};
    const json::value* reason = fields.if_contains("reason");
    return {message_type::disconnect, reason != nullptr && reason->is_string() ? std::string(reason->get_string()) : "no reason given"};
}

} // namespace coax::load
