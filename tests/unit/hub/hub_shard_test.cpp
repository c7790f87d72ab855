// SPDX-License-Identifier: MIT
#include "test_node.hpp"

#include "support/catch.hpp"

#include "protocol/codec.hpp"

#include <algorithm>
#include <new>

namespace {

using namespace coax;
using test::data;
using test::recording_subscriber;
using test::test_node;
using test::texts;

/// As a session does it.
void unicast(test_node& node, recording_subscriber& who, stream_member& member, std::string text)
{
    if (node.shard().has_pending()) node.shard().pull(member);
    who.push(std::move(text));
    node.shard().flush_later(who);
}

/// A JSON string of `size` letters.
std::string repeated(char c, std::size_t size)
{
    std::string text(size + 2, c);
    text.front() = text.back() = '"';
    return text;
}

} // namespace

TEST_CASE("invariant 3: messages of one stream reach every session of every shard in the adapter's order", "[hub_shard]")
{
    test_node node(2);
    recording_subscriber anna, bert;
    const auto a = node.join("news", anna, "a", 0);
    const auto b = node.join("news", bert, "a", 1);
    node.turn();
    texts expected;
    for (int i = 0; i < 200; ++i) {
        node.publish("news", std::to_string(i));
        if (i % 7 == 0) node.turn();
        if (i % 5 == 0) node.shard(1).drain();
        expected.push_back(data("a", std::to_string(i)));
    }
    node.turn();
    CHECK(anna.sent == expected);
    CHECK(bert.sent == expected);
}

TEST_CASE("invariant 3: after a handle is dropped nothing is sent for it, not even what waits for the end of the turn", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna, bert;
    auto a = node.join("news", anna);
    const auto b = node.join("news", bert);
    node.turn();
    node.publish("news", "1");
    node.drain();
    node.publish("news", "2"); // still in the mailbox
    a.reset();
    anna.push("answer to the unsubscribe");
    node.shard().flush_later(anna);
    node.turn();
    CHECK(anna.sent == texts{"answer to the unsubscribe"});
    CHECK(bert.sent == texts{data("a", "1"), data("a", "2")});
}

TEST_CASE("the last listener leaving with messages on the log leaves nothing to flush", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna;
    auto a = node.join("news", anna);
    node.turn();
    node.publish("news", "1");
    node.drain();
    CHECK(node.shard().has_pending());
    a.reset();
    CHECK_FALSE(node.shard().has_pending());
    const auto again = node.join("news", anna);
    node.turn();
    node.publish("news", "2");
    node.turn();
    CHECK(anna.sent == texts{data("a", "2")});
}

TEST_CASE("who joins within a turn does not get what was on the log already", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna, bert;
    const auto a = node.join("news", anna);
    node.turn();
    node.publish("news", "1");
    node.drain();
    const auto b = node.join("news", bert);
    node.publish("news", "2");
    node.turn();
    CHECK(anna.sent == texts{data("a", "1"), data("a", "2")});
    CHECK(bert.sent == texts{data("a", "2")});
    node.publish("news", "3");
    node.turn();
    CHECK(bert.sent == texts{data("a", "2"), data("a", "3")});
}

TEST_CASE("a unicast comes behind what was on the log and before what comes after it", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    node.publish("news", "1");
    node.publish("news", "2");
    node.drain();
    unicast(node, anna, *a, "first");
    unicast(node, anna, *a, "second");
    node.publish("news", "3");
    node.turn();
    CHECK(anna.sent == texts{data("a", "1"), data("a", "2"), "first", "second", data("a", "3")});
    CHECK(node.metrics.value("deliveries_total") == 3);
}

TEST_CASE("one session with one stream under two identifiers gets each message under both", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna;
    const auto a = node.join("news", anna, "a");
    auto b = node.join("news", anna, "b");
    node.turn();
    node.publish("news", "1");
    node.turn();
    auto sent = anna.sent;
    std::sort(sent.begin(), sent.end());
    CHECK(sent == texts{data("a", "1"), data("b", "1")});
    b.reset();
    anna.sent.clear();
    node.publish("news", "2");
    node.turn();
    CHECK(anna.sent == texts{data("a", "2")});
}

TEST_CASE("a held member's messages come after its confirmation, in order, before later ones", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna, bert;
    const auto a = node.join("news", anna, "a", 0, true);
    const auto b = node.join("news", bert);
    node.turn();
    node.publish("news", "1");
    node.turn();
    node.publish("news", "2");
    node.drain();
    CHECK(anna.sent.empty());
    CHECK(bert.sent == texts{data("a", "1")});
    unicast(node, anna, *a, "confirmed");
    node.shard().release(*a);
    node.publish("news", "3");
    node.turn();
    CHECK(anna.sent == texts{"confirmed", data("a", "1"), data("a", "2"), data("a", "3")});
}

TEST_CASE("a held member that leaves takes what it collected with it", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna;
    auto a = node.join("news", anna, "a", 0, true);
    node.turn();
    node.publish("news", "1");
    node.turn();
    a.reset();
    anna.push("rejected");
    node.shard().flush_later(anna);
    node.turn();
    CHECK(anna.sent == texts{"rejected"});
}

TEST_CASE("a held member above its mark tells its session once, and collects no more", "[hub_shard]")
{
    hub_shard::options settings;
    settings.max_held_bytes = 1'000;
    test_node node(1, settings);
    recording_subscriber anna;
    const auto a = node.join("news", anna, "a", 0, true);
    node.turn();
    for (int i = 0; i < 3; ++i) {
        node.publish("news", repeated('x', 450));
        node.turn();
        CHECK(anna.overflows == (i < 2 ? 0 : 1));
    }
    for (int i = 0; i < 3; ++i) {
        node.publish("news", repeated('y', 450));
        node.turn();
    }
    CHECK(anna.overflows == 1);
    node.shard().release(*a);
    node.turn();
    CHECK(anna.sent.size() == 3);
}

TEST_CASE("a stream is flushed within the turn at 64 frames", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    for (int i = 0; i < 63; ++i) node.publish("news", std::to_string(i));
    node.drain();
    CHECK(anna.sent.empty());
    for (int i = 63; i < 100; ++i) node.publish("news", std::to_string(i));
    node.drain();
    CHECK(anna.sent.size() == 64);
    node.turn();
    REQUIRE(anna.sent.size() == 100);
    for (int i = 0; i < 100; ++i) REQUIRE(anna.sent[static_cast<std::size_t>(i)] == data("a", std::to_string(i)));
}

TEST_CASE("a stream is flushed within the turn at 64 KiB of payload", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    node.publish("news", repeated('x', 32 * 1024 - 3)); // one byte less than half
    node.publish("news", repeated('y', 32 * 1024 - 2));
    node.drain();
    CHECK(anna.sent.empty());
    node.publish("news", "7");
    node.drain();
    CHECK(anna.sent.size() == 3);
    node.publish("news", "8");
    node.drain();
    CHECK(anna.sent.size() == 3);
    node.turn();
    CHECK(anna.sent.back() == data("a", "8"));
}

TEST_CASE("several small frames come as one piece, several large ones do not, a single one always does", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    const auto send = [&](std::initializer_list<std::size_t> sizes) {
        for (const auto size : sizes) node.publish("news", repeated('x', size));
        node.turn();
        return anna.blocks.back();
    };
    CHECK(send({100, 200, 300}).is_contiguous);
    CHECK_FALSE(send({10'000, 10'000}).is_contiguous);
    CHECK(send({60'000}).is_contiguous);
    CHECK(anna.blocks.size() == 3);
    CHECK(anna.bytes_agree);
}

TEST_CASE("a session is flushed once at the end of a turn however often it asks, and again in the next", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna;
    node.shard().flush_later(anna);
    node.shard().flush_later(anna);
    node.turn();
    CHECK(anna.flushes == 1);
    node.turn();
    CHECK(anna.flushes == 1);
    node.shard().flush_later(anna);
    node.turn();
    CHECK(anna.flushes == 2);
}

TEST_CASE("a forgotten session is not flushed, its neighbours are, and it may come back", "[hub_shard]")
{
    test_node node;
    recording_subscriber anna, bert, carl;
    for (auto* who : {&anna, &bert, &carl}) node.shard().flush_later(*who);
    node.shard().forget(bert);
    node.turn();
    CHECK(anna.flushes == 1);
    CHECK(bert.flushes == 0);
    CHECK(carl.flushes == 1);
    node.shard().flush_later(bert);
    node.turn();
    CHECK(bert.flushes == 1);
}

TEST_CASE("a session may be forgotten by the flush of another", "[hub_shard]")
{
    struct forgetting final : subscriber {
        void deliver(const frame_block&) override {}
        void enqueue(std::span<const shared_frame>) override {}
        void flush() override { shard->forget(*other); }
        void overflowed() override {}
        hub_shard* shard = nullptr;
        subscriber* other = nullptr;
    };
    test_node node;
    recording_subscriber anna;
    forgetting first;
    first.shard = &node.shard();
    first.other = &anna;
    node.shard().flush_later(first);
    node.shard().flush_later(anna);
    node.turn();
    CHECK(anna.flushes == 0);
}

TEST_CASE("pulling for a waiting member does nothing", "[hub_shard]")
{
    test_node node;
    test::manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.shard().pull(*a);
    CHECK(a->stream_name() == "news");
    CHECK_FALSE(a->is_live());
    CHECK(anna.waiting.empty());
}

namespace {

/// A session that runs out of memory when it is told to.
class exhausted_subscriber final : public coax::subscriber {
public:
    void deliver(const coax::frame_block& given) override { take(given.frames.size()); }
    void enqueue(std::span<const coax::shared_frame> frames) override { take(frames.size()); }
    void flush() override { take(0); }
    void overflowed() override {}

    bool is_exhausted = true;
    std::size_t taken = 0;

private:
    void take(std::size_t frames)
    {
        if (is_exhausted) throw std::bad_alloc();
        taken += frames;
    }
};

} // namespace

TEST_CASE("a subscriber that throws leaves nothing behind: no entry, no second delivery, and the others are served", "[hub_shard]")
{
    test_node node;
    exhausted_subscriber tired;
    recording_subscriber anna;
    const auto other = node.join("other", anna);
    {
        const auto handle = node.shard().join("news", tired, {"\"n\"", &coax::json_codec(), false}, false, [](coax::error_code) {});
        node.turn();
        node.publish("news", "1");
        node.publish("other", "2");
        node.shard().flush_later(anna);
        node.shard().drain();
        CHECK_THROWS_AS(node.shard().flush(), std::bad_alloc);
        CHECK(anna.sent.size() == 1);
        tired.is_exhausted = false;
        node.publish("news", "3");
        node.turn();
        CHECK(tired.taken == 1); // not what failed before
        tired.is_exhausted = true;
        node.shard().flush_later(tired);
        CHECK_THROWS_AS(node.shard().flush(), std::bad_alloc);
        node.shard().forget(tired);
    }
    node.turn(); // the stream and the subscriber are gone: nothing may refer to them
    CHECK(node.shard().member_count() == 1);
}
