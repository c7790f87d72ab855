// SPDX-License-Identifier: MIT
#include "session/session_state.hpp"

#include <coax/error.hpp>

#include "support/catch.hpp"

#include <boost/json.hpp>

#include <string>
#include <utility>

namespace {

using namespace coax;
namespace json = boost::json;

session_snapshot full()
{
    session_snapshot made;
    made.session_id = "s-1";
    made.identifiers = R"({"current_user":"gid://app/User/1"})";
    made.subprotocol = "actioncable-v1-json";
    made.env.url = "/cable?token=\"<x>\"";
    made.env.headers = {{"cookie", "a=1"}, {"cookie", "b=2"}, {"origin", "http://example.org"}};
    made.env.remote_address = "::1";
    made.env.connection_state = {{"_s_", "{}"}, {"", "empty key"}};
    made.env.channel_states = {{R"({"channel":"Room"})", {{"count", "1"}}}, {"other", {}}};
    made.subscriptions = {{R"({"channel":"Room"})", {{"news", 9007199254740991}, {"sport\nnight", 0}}}, {"\xc3\xa4", {}}};
    return made;
}

/// `full()` as JSON with one thing changed.
std::string changed(std::string_view path, const json::value& value)
{
    auto text = json::parse(to_json(full()));
    text.at_pointer(path) = value;
    return json::serialize(text);
}

} // namespace

TEST_CASE("a snapshot comes back from JSON as it was", "[snapshot]")
{
    const auto before = full();
    const auto after = snapshot_from_json(to_json(before));
    REQUIRE(after.has_value());
    CHECK(after->version == session_snapshot::current_version);
    CHECK(after->session_id == before.session_id);
    CHECK(after->identifiers == before.identifiers);
    CHECK(after->subprotocol == before.subprotocol);
    CHECK(after->env.url == before.env.url);
    CHECK(after->env.headers == before.env.headers);
    CHECK(after->env.remote_address == before.env.remote_address);
    CHECK(after->env.connection_state == before.env.connection_state);
    CHECK(after->env.channel_states == before.env.channel_states);
    REQUIRE(after->subscriptions.size() == 2);
    CHECK(after->subscriptions[0].identifier == before.subscriptions[0].identifier);
    REQUIRE(after->subscriptions[0].streams.size() == 2);
    CHECK(after->subscriptions[0].streams[0].name == "news");
    CHECK(after->subscriptions[0].streams[0].position == 9007199254740991);
    CHECK(after->subscriptions[0].streams[1].name == "sport\nnight");
    CHECK(after->subscriptions[1].identifier == "\xc3\xa4");
    CHECK(after->subscriptions[1].streams.empty());
    CHECK(to_json(*after) == to_json(before));
}

TEST_CASE("an empty snapshot comes back as well", "[snapshot]")
{
    const auto after = snapshot_from_json(to_json({}));
    REQUIRE(after.has_value());
    CHECK(to_json(*after) == to_json({}));
}

TEST_CASE("members that are not known are passed over, so that a later writer may add some", "[snapshot]")
{
    auto text = json::parse(to_json(full()));
    text.as_object()["added"] = 1;
    const auto after = snapshot_from_json(json::serialize(text));
    REQUIRE(after.has_value());
    CHECK(after->session_id == "s-1");
}

TEST_CASE("a snapshot of another version is refused", "[snapshot]")
{
    for (const auto version : {0, 2, -1}) {
        const auto after = snapshot_from_json(changed("/version", version));
        REQUIRE(after.has_error());
        CHECK(after.error() == errc::invalid_argument);
    }
}

TEST_CASE("text that is no snapshot is refused, without an exception", "[snapshot]")
{
    const auto whole = to_json(full());
    for (const std::string text : {"", "x", "null", "[]", "{}", "{\"version\":1}", "\"version\""}) CHECK(snapshot_from_json(text).has_error());
    // Every prefix of one.
    for (std::size_t size = 0; size < whole.size(); ++size) REQUIRE(snapshot_from_json(whole.substr(0, size)).has_error());
    CHECK(snapshot_from_json(whole + "x").has_error());
}

TEST_CASE("a member of the wrong type is refused, wherever it is", "[snapshot]")
{
    const json::array one_name{"cookie"};
    const std::pair<const char*, json::value> wrong[] = {
        {"/version", "1"},
        {"/session_id", 1},
        {"/identifiers", nullptr},
        {"/subprotocol", json::object()},
        {"/env", json::array()},
        {"/env/url", 1},
        {"/env/headers", json::object()},
        {"/env/headers/0", one_name},
        {"/env/remote_address", false},
        {"/env/connection_state", json::array()},
        {"/env/connection_state/_s_", 1},
        {"/env/channel_states", nullptr},
        {"/env/channel_states/other", "x"},
        {"/subscriptions", json::object()},
        {"/subscriptions/0", 1},
        {"/subscriptions/0/identifier", 1},
        {"/subscriptions/0/streams", json::object()},
        {"/subscriptions/0/streams/0", "news"},
        {"/subscriptions/0/streams/0/name", 1},
        {"/subscriptions/0/streams/0/position", -1},
        {"/subscriptions/0/streams/0/position", "1"},
    };
    for (const auto& [path, value] : wrong) {
        INFO(path);
        const auto after = snapshot_from_json(changed(path, value));
        REQUIRE(after.has_error());
        CHECK(after.error() == errc::invalid_argument);
    }
}
