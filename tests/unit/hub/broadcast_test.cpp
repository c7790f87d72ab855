// SPDX-License-Identifier: MIT
#include "test_node.hpp"

#include "support/catch.hpp"

namespace {

using namespace coax;
using test::data;
using test::manual_adapter;
using test::recording_subscriber;
using test::test_node;
using test::texts;

/// Names of the events that were logged.
struct event_names final : log_sink {
    void write(const log_event& event) noexcept override { names.emplace_back(event.name); }
    std::vector<std::string> names;
};

/// A JSON string of `size` letters.
std::string repeated(char c, std::size_t size)
{
    std::string text(size + 2, c);
    text.front() = text.back() = '"';
    return text;
}

} // namespace

TEST_CASE("N4: one broadcast to many members with one identifier is encoded once", "[broadcast]")
{
    test_node node;
    std::vector<recording_subscriber> sessions(1'000);
    std::vector<stream_handle> handles;
    for (auto& session : sessions) handles.push_back(node.join("news", session));
    node.turn();
    node.publish("news", R"({"text":"hi"})");
    node.turn();
    CHECK(node.metrics.value("frames_encoded_total") == 1);
    CHECK(node.metrics.value("deliveries_total") == 1'000);
    for (const auto& session : sessions) REQUIRE(session.sent == texts{data("a", R"({"text":"hi"})")});
}

TEST_CASE("invariant 5: a payload is encoded once per shard, identifier, codec and compression", "[broadcast]")
{
    struct other_codec final : codec {
        std::string_view subprotocol() const noexcept override { return "other"; }
        result<command> decode(std::string_view text, std::size_t max) const override { return json_codec().decode(text, max); }
        std::string welcome(std::string_view) const override { return {}; }
        std::string ping(std::int64_t) const override { return {}; }
        std::string pong() const override { return {}; }
        std::string confirm(std::string_view) const override { return {}; }
        std::string reject(std::string_view) const override { return {}; }
        std::string disconnect(std::string_view, bool) const override { return {}; }
        shared_frame message_frame(std::string_view, std::string_view payload, deflater*, std::size_t) const override
        {
            return shared_frame("\x81\x03" + std::string(payload));
        }
    };
    const other_codec other;
    test_node node(2);
    std::vector<recording_subscriber> sessions(3);
    std::vector<stream_handle> handles;
    std::int64_t distinct = 0;
    for (std::size_t shard = 0; shard < 2; ++shard) {
        for (const std::string identifier : {"\"a\"", "\"b\""}) {
            for (const codec* protocol : {static_cast<const codec*>(&other), &json_codec()}) {
                for (const bool deflate : {false, true}) {
                    ++distinct;
                    const listener_key key{identifier, protocol, deflate};
                    for (auto& session : sessions) handles.push_back(node.shard(shard).join("news", session, key, false, [](error_code) {}));
                }
            }
        }
    }
    node.turn();
    node.publish("news", "123");
    node.turn();
    CHECK(node.metrics.value("frames_encoded_total") == distinct);
    CHECK(node.metrics.value("deliveries_total") == distinct * 3);
}

TEST_CASE("invariant 5: a frame that a unicast pulled is not encoded again for the flush", "[broadcast]")
{
    test_node node;
    recording_subscriber anna, bert;
    const auto a = node.join("news", anna);
    const auto b = node.join("news", bert);
    node.turn();
    node.publish("news", "1");
    node.drain();
    node.shard().pull(*a);
    node.turn();
    CHECK(anna.sent == texts{data("a", "1")});
    CHECK(bert.sent == texts{data("a", "1")});
    CHECK(node.metrics.value("frames_encoded_total") == 1);
}

TEST_CASE("a compressed and a plain listener of one stream both get the message", "[broadcast]")
{
    test_node node;
    recording_subscriber plain, small;
    const auto a = node.join("news", plain);
    const listener_key key{"\"a\"", &json_codec(), true};
    const auto b = node.shard().join("news", small, key, false, [](error_code) {});
    node.turn();
    const auto payload = repeated('x', 2'000);
    node.publish("news", payload);
    node.turn();
    CHECK(plain.sent == texts{data("a", payload)});
    REQUIRE(small.sent.size() == 1);
    CHECK(small.sent[0].size() < 200);
}

TEST_CASE("a payload that is not one JSON value is dropped, counted and logged, and the rest of its batch arrives", "[broadcast]")
{
    const auto sink = std::make_shared<event_names>();
    test_node node(1, {}, logger(sink, log_level::info));
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    const std::vector<delivered_message> batch{{"news", "1", {}}, {"news", "nonsense", {}}, {"news", "", {}}, {"news", "2 3", {}}, {"news", "4", {}}};
    CHECK(node.node.deliver(batch) == 5);
    node.turn();
    CHECK(anna.sent == texts{data("a", "1"), data("a", "4")});
    CHECK(node.metrics.value("payloads_dropped_total") == 3);
    CHECK(sink->names == texts{"payload.dropped", "payload.dropped", "payload.dropped"});
    CHECK(node.metrics.value("mailbox_overloaded_total") == 0);
}

TEST_CASE("a delivery above a shard's mark is accepted up to there, and the rest is counted", "[broadcast]")
{
    hub_shard::options settings;
    settings.mailbox_mark = 3;
    test_node node(1, settings);
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    const std::vector<delivered_message> batch{{"news", "1", {}}, {"news", "2", {}}, {"other", "0", {}}, {"news", "3", {}}, {"news", "4", {}}};
    CHECK(node.node.deliver(batch) == 4);
    CHECK(node.metrics.value("mailbox_overloaded_total") == 1);
    CHECK(node.node.deliver(std::span(batch).subspan(4)) == 0);
    node.turn();
    CHECK(node.node.deliver(std::span(batch).subspan(4)) == 1);
    node.turn();
    CHECK(anna.sent == texts{data("a", "1"), data("a", "2"), data("a", "3"), data("a", "4")});
    CHECK(node.metrics.value("mailbox_overloaded_total") == 2);
}

TEST_CASE("a message that one of two shards cannot take reaches neither, so that delivering it again reaches nobody twice", "[broadcast]")
{
    hub_shard::options settings;
    settings.mailbox_mark = 1;
    test_node node(2, settings);
    recording_subscriber anna, bert;
    const auto a = node.join("news", anna, "a", 0);
    const auto b = node.join("news", bert, "a", 1);
    node.turn();
    node.shard(1).post([] {});
    CHECK(node.deliver("news", "1") == 0);
    node.turn();
    CHECK(anna.sent.empty());
    CHECK(node.deliver("news", "1") == 1);
    node.turn();
    CHECK(anna.sent == texts{data("a", "1")});
    CHECK(bert.sent == texts{data("a", "1")});
}

TEST_CASE("the local adapter reports an overload to the publisher", "[broadcast]")
{
    hub_shard::options settings;
    settings.mailbox_mark = 1;
    test_node node(1, settings);
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    node.publish("news", "1");
    CHECK_FALSE(node.last_error);
    node.publish("news", "2");
    CHECK(node.last_error == errc::overloaded);
    CHECK(node.last_error == condition::retryable);
    node.turn();
    CHECK(anna.sent == texts{data("a", "1")});
}

TEST_CASE("a batch reaches the adapter as one, in order, and its receivers in one block", "[broadcast]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    std::vector<broadcast_message> batch{{"news", "1"}, {"sport", "2"}, {"news", "3"}};
    error_code told = errc::cancelled;
    node.node.publish(batch, [&](error_code error) { told = error; });
    CHECK_FALSE(told);
    REQUIRE(adapter.published.size() == 1);
    REQUIRE(adapter.published[0].size() == 3);
    CHECK(adapter.published[0][0].payload == "1");
    CHECK(adapter.published[0][2].payload == "3");

    node.node.use_adapter(node.local);
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    node.node.publish(batch, {});
    node.turn();
    CHECK(anna.sent == texts{data("a", "1"), data("a", "3")});
    REQUIRE(anna.blocks.size() == 1);
    CHECK(anna.blocks[0].frames == 2);
}

TEST_CASE("a batch with a stream name of no bytes or of more than 255 is refused whole", "[broadcast]")
{
    const auto name = GENERATE(std::string(), std::string(256, 's'));
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    std::vector<broadcast_message> batch{{"news", "1"}, {name, "2"}};
    error_code told;
    node.node.publish(batch, [&](error_code error) { told = error; });
    CHECK(told == errc::invalid_argument);
    CHECK(adapter.published.empty());
    CHECK(node.metrics.value("broadcasts_total") == 0);
}

TEST_CASE("a stream name of 255 bytes, zero bytes included, is as good as any", "[broadcast]")
{
    std::string name(255, 's');
    name[100] = '\0';
    auto sibling = name;
    sibling[254] = 't';
    test_node node;
    recording_subscriber anna, bert;
    const auto a = node.join(name, anna);
    const auto b = node.join(sibling, bert);
    node.turn();
    node.publish(name, "1");
    node.turn();
    CHECK(anna.sent == texts{data("a", "1")});
    CHECK(bert.sent.empty());
}

TEST_CASE("a publication that fails and that nobody asked about is logged", "[broadcast]")
{
    const auto sink = std::make_shared<event_names>();
    hub_shard::options settings;
    settings.mailbox_mark = 0;
    test_node node(1, settings, logger(sink, log_level::error));
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    std::vector<broadcast_message> batch{{"news", "1"}};
    node.node.publish(batch, {});
    CHECK(sink->names == texts{"broadcast.failed"});
}

TEST_CASE("what the adapter says of its state is kept for the health page", "[broadcast]")
{
    test_node node;
    CHECK(node.node.state() == adapter_state::connecting);
    node.node.state_changed(adapter_state::connected, {}, {});
    CHECK(node.node.state() == adapter_state::connected);
    node.node.state_changed(adapter_state::disconnected, errc::adapter_unavailable, "gone");
    CHECK(node.node.state() == adapter_state::disconnected);
}
