// SPDX-License-Identifier: MIT
// A client's text through the command decoder, the identifier parser and the JSON check, judged by Boost.JSON's own tree.
#include "protocol/codec.hpp"
#include "protocol/identifier.hpp"
#include "protocol/utf8.hpp"

#include <coax/error.hpp>

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

using namespace coax;

namespace {

constexpr std::size_t max_identifier_size = 64;

void require(bool holds)
{
    if (!holds) std::abort();
}

const boost::json::string* text_of(const boost::json::object& object, std::string_view key)
{
    const auto* value = object.if_contains({key.data(), key.size()});
    return value ? value->if_string() : nullptr;
}

bool is_equal(const std::string& ours, const boost::json::string* theirs)
{
    return theirs && ours == std::string_view(theirs->data(), theirs->size());
}

void check_command(std::string_view text)
{
    boost::system::error_code error;
    const auto tree = boost::json::parse({text.data(), text.size()}, error);
    const auto* object = error ? nullptr : tree.if_object();
    const auto decoded = json_codec().decode(text, max_identifier_size);
    if (!object) {
        require(!decoded && decoded.error() == errc::malformed_command);
        return;
    }
    if (!decoded) {
        require(decoded.error() == condition::protocol_violation);
        return;
    }
    const auto* name = text_of(*object, "command");
    const auto* identifier = text_of(*object, "identifier");
    const auto check_identifier = [&](const std::string& taken) {
        require(is_equal(taken, identifier) && taken.size() <= max_identifier_size && is_valid_utf8(taken));
    };
    if (const auto* subscribe = std::get_if<subscribe_command>(&*decoded)) {
        require(is_equal("subscribe", name));
        check_identifier(subscribe->identifier);
    } else if (const auto* unsubscribe = std::get_if<unsubscribe_command>(&*decoded)) {
        require(is_equal("unsubscribe", name));
        check_identifier(unsubscribe->identifier);
    } else if (const auto* message = std::get_if<message_command>(&*decoded)) {
        require(is_equal("message", name));
        check_identifier(message->identifier);
        require(is_equal(message->data, text_of(*object, "data")));
    } else {
        require(is_equal(std::holds_alternative<ping_command>(*decoded) ? "ping" : "pong", name));
    }
}

void check_json(std::string_view text)
{
    boost::json::parse_options options;
    options.max_depth = 512;
    boost::system::error_code error;
    boost::json::parse({text.data(), text.size()}, error, {}, options);
    require(is_json(text) == !error);
    if (!error) require(is_valid_utf8(text));
}

void check_identifier(std::string_view text)
{
    const auto parsed = parse_identifier(text);
    if (!parsed) {
        require(parsed.error() == errc::malformed_command || parsed.error() == errc::channel_not_found);
        return;
    }
    require(is_equal(parsed->channel, text_of(parsed->params, "channel")));
}

void check_quoting(std::string_view text)
{
    const auto quoted = quote_json(text);
    require(is_json(quoted));
    if (is_valid_utf8(text)) require(is_equal(std::string(text), boost::json::parse(quoted).if_string()));
    require(is_json(json_codec().confirm(text)) && is_json(json_codec().disconnect(text, true)));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_command(text);
    check_json(text);
    check_identifier(text);
    check_quoting(text);
    return 0;
}
