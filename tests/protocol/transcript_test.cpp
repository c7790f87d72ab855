// SPDX-License-Identifier: MIT
#include "protocol/transcript.hpp"

#include "integration/stage.hpp"
#include "support/catch.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace json = boost::json;
using namespace coax;
using namespace coax::testing;

namespace {

/// `?user=nobody` is refused, `?user=broken` meets a defect.
class user_connection final : public connection {
    task<> connect() override
    {
        const auto user = query("user");
        if (user == "nobody") reject_unauthorized();
        if (user == "broken") throw std::runtime_error("the user table is gone");
        co_return;
    }
};

/// Streams its identifier's text, so that every identifier is a room of its own.
class chat_channel : public channel {
public:
    static void describe(channel_spec<chat_channel>& spec)
    {
        spec.name("ChatChannel").action("speak", &chat_channel::speak).action("echo", &chat_channel::echo);
        spec.action("splice", &chat_channel::splice).action("fail", &chat_channel::fail);
    }
    task<> subscribed() override { co_await stream_from(identifier()); }

private:
    task<> speak(json::object data)
    {
        broadcast(identifier(), data.at("text"));
        co_return;
    }
    task<> echo(json::object data)
    {
        transmit(data.at("text"));
        co_return;
    }
    /// Publishes the text as JSON, byte for byte.
    task<> splice(json::object data)
    {
        base_connection().cable().broadcast_raw(identifier(), json::value_to<std::string>(data.at("text")));
        co_return;
    }
    task<> fail() { throw std::runtime_error("an action's defect"); }
};

class rejecting_channel final : public channel {
public:
    static void describe(channel_spec<rejecting_channel>& spec) { spec.name("RejectingChannel"); }
    task<> subscribed() override
    {
        reject();
        co_return;
    }
};

class failing_channel final : public channel {
public:
    static void describe(channel_spec<failing_channel>& spec) { spec.name("FailingChannel"); }
    task<> subscribed() override { throw std::runtime_error("a channel's defect"); }
};

/// Says something to its client, and to all, before it is confirmed.
class eager_channel final : public channel {
public:
    static void describe(channel_spec<eager_channel>& spec) { spec.name("EagerChannel"); }
    task<> subscribed() override
    {
        co_await stream_from("eager");
        const json::object message{{"broadcast", true}};
        broadcast("eager", message);
        const json::value hello("hello");
        transmit(hello);
        transmit_raw("\"world\"");
    }
};

/// A server with all of these. Thread rule: as server.
class transcript_server {
public:
    transcript_server() : host_(settings())
    {
        host_.use_connection<user_connection>();
        host_.add_channel<chat_channel>();
        host_.add_channel<rejecting_channel>();
        host_.add_channel<failing_channel>();
        host_.add_channel<eager_channel>();
        host_.start();
    }

    std::string address() const { return host_.addresses().at(0); }

private:
    static config settings()
    {
        auto out = quiet_config();
        out.session.ping_interval = std::chrono::seconds(1); // pings come between, as they do in life
        return out;
    }

    server host_;
};

/// What play says of a transcript in place; empty: all is as it says.
std::string verdict(const transcript_server& server, std::string_view lines)
{
    try {
        play(parse_transcript("t", lines), server.address());
    } catch (const transcript_failure& failure) {
        return failure.what();
    }
    return {};
}

std::string rejected(std::string_view lines)
{
    try {
        parse_transcript("t", lines);
    } catch (const transcript_failure& failure) {
        return failure.what();
    }
    return {};
}

const std::string opening = "{\"connect\":{}}\n{\"server\":{\"type\":\"welcome\",\"sid\":\"*\"}}\n";
const std::string chat = R"({"client":"{\"command\":\"subscribe\",\"identifier\":\"{\\\"channel\\\":\\\"ChatChannel\\\"}\"}"})" "\n";

} // namespace

TEST_CASE("every recorded exchange goes as its transcript says", "[protocol]")
{
    const transcript_server server;
    for (const auto& one : read_transcripts(COAX_TEST_TRANSCRIPTS)) {
        INFO(one.name);
        std::string failure;
        try {
            play(one, server.address());
        } catch (const transcript_failure& what) {
            failure = what.what();
        }
        CHECK(failure == "");
    }
}

TEST_CASE("no recorded exchange passes with one of its expectations altered or left out", "[protocol]")
{
    const transcript_server server;
    for (const auto& one : read_transcripts(COAX_TEST_TRANSCRIPTS)) {
        for (std::size_t i = 0; i < one.steps.size(); ++i) {
            const auto& step = one.steps[i];
            INFO(step.where);
            auto altered = one;
            auto& what = altered.steps[i].what;
            if (step.kind == "server") what.get_object()["unheard"] = "of";
            else if (step.kind == "server_text") what.get_string() += ' ';
            else if (step.kind == "close") what = what.get_int64() + 1;
            else continue;
            CHECK_THROWS_AS(play(altered, server.address()), transcript_failure);

            // Pings are passed over on purpose. What a client waits for before it goes on cannot be left out: it would go on too early.
            const bool is_ping = step.kind == "server" && step.what.get_object().contains("type") && step.what.at("type") == json::value("ping");
            if (step.kind == "close" || is_ping || one.steps[i + 1].kind == "client") continue;
            auto shorter = one;
            shorter.steps.erase(shorter.steps.begin() + static_cast<std::ptrdiff_t>(i));
            CHECK_THROWS_AS(play(shorter, server.address()), transcript_failure);
        }
    }
}

TEST_CASE("a transcript whose expectation is wrong fails at its line", "[protocol]")
{
    using Catch::Matchers::StartsWith;
    const transcript_server server;
    const std::string silence = "{\"silence\":\"sentinel\"}";
    REQUIRE(verdict(server, opening + silence) == "");

    CHECK_THAT(verdict(server, "{\"connect\":{}}\n{\"server\":{\"type\":\"welcome\"}}\n" + silence), StartsWith("t:2: instead came"));
    CHECK_THAT(verdict(server, "{\"connect\":{}}\n" + silence), StartsWith("t:2: instead came"));
    CHECK_THAT(verdict(server, "{\"connect\":{\"agreed\":null}}\n" + silence), StartsWith("t:1: agreed on \"actioncable-v1-json\""));
    CHECK_THAT(verdict(server, "{\"connect\":{\"path\":\"/elsewhere\"}}\n" + silence), StartsWith("t:1: no upgrade"));
    CHECK_THAT(verdict(server, opening + chat + "{\"server\":{\"identifier\":\"{ \\\"channel\\\":\\\"ChatChannel\\\"}\",\"type\":\"confirm_subscription\"}}\n" + silence),
               StartsWith("t:4: instead came"));
    CHECK_THAT(verdict(server, opening + "{\"client\":\"{\\\"command\\\":\\\"ping\\\"}\"}\n{\"server_text\":\"{\\\"type\\\": \\\"pong\\\"}\"}\n" + silence),
               StartsWith("t:4: instead came"));
    CHECK_THAT(verdict(server, "{\"connect\":{\"path\":\"/cable?user=nobody\"}}\n{\"close\":1000}"), StartsWith("t:2: instead of a close came"));
    const std::string refused = "{\"connect\":{\"path\":\"/cable?user=nobody\"}}\n{\"server\":{\"type\":\"disconnect\",\"reason\":\"unauthorized\",\"reconnect\":false}}\n";
    CHECK_THAT(verdict(server, refused + "{\"close\":1011}"), StartsWith("t:3: closed with 1000"));
    CHECK_THAT(verdict(server, refused + silence), StartsWith("t:3: "));
}

TEST_CASE("silence hears an answer that comes only after the adapter has acknowledged", "[protocol]")
{
    const transcript_server server;
    const auto said = verdict(server, opening + chat + "{\"silence\":\"sentinel\"}");
    CHECK_THAT(said, Catch::Matchers::StartsWith("t:4: instead"));
    CHECK_THAT(said, Catch::Matchers::Contains("confirm_subscription"));
}

TEST_CASE("silence hears a pong too many", "[protocol]")
{
    const transcript_server server;
    const auto said = verdict(server, opening + "{\"client\":\"{\\\"command\\\":\\\"ping\\\"}\"}\n{\"silence\":\"sentinel\"}");
    CHECK_THAT(said, Catch::Matchers::StartsWith("t:4: instead of the sentinel came"));
}

TEST_CASE("a transcript that could not fail is refused", "[protocol]")
{
    const std::string silence = "{\"silence\":\"sentinel\"}";
    CHECK(rejected(opening + silence) == "");
    CHECK(rejected(opening + "{\"sleep\":1}\n" + silence) == "t:3: unknown kind of line: sleep");
    CHECK(rejected(opening + "\n" + silence) == "t:3: a line is an object with one field");
    CHECK(rejected(opening + "{\"client\":\"x\",\"server\":{}}\n" + silence) == "t:3: a line is an object with one field");
    CHECK(rejected(opening + "{\"silence\":\"long\"}") == "t:3: silence takes \"sentinel\"");
    CHECK(rejected("{\"connect\":{\"pathh\":\"/\"}}\n" + silence) == "t:1: unknown field of connect: pathh");
    CHECK(rejected(opening) == "t: does not end in silence or a close");
    CHECK(rejected("") == "t: does not end in silence or a close");
    CHECK(rejected("{\"about\":\"nothing\"}\n" + silence) == "t:2: there is no connection");
    CHECK(rejected(opening + "{\"connect\":{}}\n" + silence) == "t:3: no silence or close before this");
}

TEST_CASE("a directory without transcripts is an error", "[protocol]")
{
    std::string name = (std::filesystem::temp_directory_path() / "coax-transcripts-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    CHECK_THROWS_AS(read_transcripts(name), transcript_failure);
    std::filesystem::remove(name);
}
