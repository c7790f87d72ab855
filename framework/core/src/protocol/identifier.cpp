// SPDX-License-Identifier: MIT
#include "protocol/identifier.hpp"

#include <coax/error.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <utility>

namespace coax {

result<parsed_identifier> parse_identifier(std::string_view identifier)
{
    error_code error;
    auto value = boost::json::parse(identifier, error);
    auto* object = error ? nullptr : value.if_object();
    if (!object) return make_error_code(errc::malformed_command);

    const auto* channel = object->if_contains("channel");
    const auto* name = channel ? channel->if_string() : nullptr;
    if (!name) return make_error_code(errc::channel_not_found);

    parsed_identifier parsed;
    parsed.channel.assign(name->data(), name->size());
    parsed.params = std::move(*object);
    return parsed;
}

} // namespace coax
