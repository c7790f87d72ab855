// SPDX-License-Identifier: MIT
#pragma once

#include <coax/result.hpp>

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace coax {

/// An identifier's content: the channel's name and all parameters (the channel key included).
struct parsed_identifier {
    std::string channel;
    boost::json::object params;
};

/// Errors: malformed_command if not a JSON object, channel_not_found if `channel` is missing or no string.
result<parsed_identifier> parse_identifier(std::string_view identifier);

} // namespace coax
