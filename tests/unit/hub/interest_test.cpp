// SPDX-License-Identifier: MIT
#include "test_node.hpp"

#include "support/catch.hpp"

#include <optional>

namespace {

using namespace coax;
using test::data;
using test::manual_adapter;
using test::recording_subscriber;
using test::test_node;
using test::texts;

const auto unavailable = make_error_code(errc::adapter_unavailable);

/// Remembers what it was told.
struct answer {
    std::optional<error_code> told;
    int times = 0;

    std::function<void(error_code)> slot()
    {
        return [this](error_code error) {
            told = error;
            ++times;
        };
    }
    bool is_ok() const { return told && !*told; }
};

} // namespace

TEST_CASE("N2, C5: two shards that want one stream cause one subscribe, and both are told after its acknowledgement", "[interest]")
{
    test_node node(2);
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna, bert;
    answer first, second;
    const auto a = node.join("news", anna, "a", 0, false, first.slot());
    const auto b = node.join("news", bert, "a", 1, false, second.slot());
    CHECK(adapter.asked() == texts{"+news"});
    node.turn();
    CHECK_FALSE(first.told);
    CHECK_FALSE(second.told);

    adapter.answer(0);
    node.turn();
    CHECK(first.is_ok());
    CHECK(second.is_ok());
    CHECK(adapter.asked() == texts{"+news"});
}

TEST_CASE("invariant 2: nothing that was delivered before the acknowledgement reaches the listener, everything after it does", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna;
    stream_handle handle;
    // Confirmed as soon as told, as a session does: the confirmation is behind the acknowledgement and before any message.
    handle = node.join("news", anna, "a", 0, true, [&](error_code) {
        anna.push("confirmed");
        node.shard().release(*handle);
        node.shard().flush_later(anna);
    });
    node.deliver("news", "1");
    node.turn();
    CHECK(anna.sent.empty());

    node.deliver("news", "2");
    adapter.answer(0);
    node.deliver("news", "3");
    node.turn();
    node.deliver("news", "4");
    node.turn();
    CHECK(anna.sent == texts{"confirmed", data("a", "3"), data("a", "4")});
}

TEST_CASE("a stream that is active already is joined at once, without a call to the adapter", "[interest]")
{
    test_node node(2);
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna, bert;
    answer first, second;
    const auto a = node.join("news", anna, "a", 0, false, first.slot());
    adapter.answer(0);
    const auto b = node.join("news", bert, "a", 1, false, second.slot());
    CHECK(second.is_ok());
    CHECK_FALSE(first.told); // its shard has not looked into the mailbox yet
    node.turn();
    CHECK(first.is_ok());
    CHECK(second.times == 1);
    CHECK(adapter.asked() == texts{"+news"});
}

TEST_CASE("invariant 4: two sessions cause one subscription, and the last one leaving ends it", "[interest]")
{
    test_node node(2);
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna, bert;
    auto a = node.join("news", anna, "a", 0);
    auto b = node.join("news", bert, "a", 1);
    adapter.answer(0);
    node.turn();
    a.reset();
    CHECK(adapter.asked() == texts{"+news"});
    b.reset();
    CHECK(adapter.asked() == texts{"+news", "-news"});
    adapter.answer(1);
    CHECK(node.node.stream_count() == 0);
}

TEST_CASE("invariant 4: who comes while the last one's unsubscribe is under way is told after a new subscribe", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna, bert;
    answer second;
    auto a = node.join("news", anna);
    adapter.answer(0);
    node.turn();
    a.reset();
    const auto b = node.join("news", bert, "a", 0, false, second.slot());
    node.turn();
    CHECK(adapter.asked() == texts{"+news", "-news"});
    CHECK_FALSE(second.told);
    adapter.answer(1);
    CHECK(adapter.asked() == texts{"+news", "-news", "+news"});
    node.turn();
    CHECK_FALSE(second.told);
    adapter.answer(2);
    node.turn();
    CHECK(second.is_ok());
    CHECK(second.times == 1);
}

TEST_CASE("the last one leaving while the subscribe is under way ends it after the acknowledgement", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna;
    auto a = node.join("news", anna);
    a.reset();
    CHECK(adapter.asked() == texts{"+news"});
    adapter.answer(0);
    CHECK(adapter.asked() == texts{"+news", "-news"});
    adapter.answer(1);
    CHECK(node.node.stream_count() == 0);
}

TEST_CASE("who joins again while the first subscribe is under way is told by that one's acknowledgement", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna;
    answer first, second;
    auto a = node.join("news", anna, "a", 0, false, first.slot());
    a.reset();
    const auto b = node.join("news", anna, "a", 0, false, second.slot());
    adapter.answer(0);
    node.turn();
    CHECK_FALSE(first.told);
    CHECK(second.is_ok());
    CHECK(adapter.asked() == texts{"+news"});
}

TEST_CASE("13.2 a: an acknowledgement that was undone before it was read does not reach one who joined afterwards", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna;
    answer second;
    auto a = node.join("news", anna);
    adapter.answer(0); // lies in the mailbox
    a.reset();
    const auto b = node.join("news", anna, "a", 0, false, second.slot());
    REQUIRE(adapter.asked() == texts{"+news", "-news"});
    node.turn();
    CHECK_FALSE(second.told);
    adapter.answer(1);
    adapter.answer(2);
    node.turn();
    CHECK(second.is_ok());
}

TEST_CASE("a failure that was not read yet does not reach one who joined afterwards", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna, bert;
    answer first, second;
    const auto a = node.join("news", anna, "a", 0, false, first.slot());
    adapter.answer(0, unavailable); // lies in the mailbox
    const auto b = node.join("news", bert, "a", 0, false, second.slot());
    node.turn();
    CHECK(first.told == unavailable);
    CHECK_FALSE(second.told);
    adapter.answer(1);
    node.turn();
    CHECK(first.times == 1);
    CHECK(second.is_ok());
}

TEST_CASE("a failed subscribe reaches all who wait, and a later join tries again", "[interest]")
{
    test_node node(2);
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna, bert;
    answer first, second, third;
    auto a = node.join("news", anna, "a", 0, false, first.slot());
    auto b = node.join("news", bert, "a", 1, false, second.slot());
    adapter.answer(0, unavailable);
    node.turn();
    CHECK(first.told == unavailable);
    CHECK(second.told == unavailable);
    a.reset();
    b.reset();
    CHECK(node.node.stream_count() == 0);
    CHECK(adapter.asked() == texts{"+news"}); // nothing to undo

    const auto c = node.join("news", anna, "a", 0, false, third.slot());
    CHECK(adapter.asked() == texts{"+news", "+news"});
    adapter.answer(1);
    node.turn();
    CHECK(third.is_ok());
}

TEST_CASE("a member that failed stays silent when another join of the stream succeeds", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna, bert;
    answer first, second;
    auto a = node.join("news", anna, "a", 0, false, first.slot());
    adapter.answer(0, unavailable);
    node.turn();
    auto b = node.join("news", bert, "a", 0, false, second.slot());
    adapter.answer(1);
    node.turn();
    CHECK(second.is_ok());
    CHECK(first.times == 1);
    node.deliver("news", "1");
    node.turn();
    CHECK(bert.sent == texts{data("a", "1")});
    CHECK(anna.sent.empty());
    // Both are still in the lists, so that the second one leaving is the last one only after the first.
    b.reset();
    CHECK(adapter.asked() == texts{"+news", "+news"});
    a.reset();
    CHECK(adapter.asked() == texts{"+news", "+news", "-news"});
}

TEST_CASE("a waiting handle that is dropped is not told", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna, bert;
    answer first, second;
    auto a = node.join("news", anna, "a", 0, false, first.slot());
    const auto b = node.join("news", bert, "a", 0, false, second.slot());
    a.reset();
    adapter.answer(0);
    node.turn();
    CHECK_FALSE(first.told);
    CHECK(second.is_ok());
}

TEST_CASE("a handle that is dropped while another one is being told is not told", "[interest]")
{
    const auto error = GENERATE(error_code(), unavailable);
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna;
    answer second, third;
    stream_handle a, b, c;
    a = node.join("news", anna, "a", 0, false, [&](error_code) {
        b.reset();
        a.reset();
    });
    b = node.join("news", anna, "b", 0, false, second.slot());
    c = node.join("news", anna, "c", 0, false, third.slot());
    adapter.answer(0, error);
    node.turn();
    CHECK_FALSE(second.told);
    CHECK(third.told == error);
    c.reset();
    CHECK(node.shard().stream_count() == 0);
}

TEST_CASE("all handles of a stream may be dropped by the first one's answer", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna;
    std::vector<stream_handle> handles;
    for (int i = 0; i < 3; ++i) handles.push_back(node.join("news", anna, "a", 0, false, [&](error_code) { handles.clear(); }));
    adapter.answer(0);
    node.turn();
    CHECK(handles.empty());
    CHECK(node.shard().stream_count() == 0);
    CHECK(adapter.asked() == texts{"+news", "-news"});
}

TEST_CASE("an answer that comes twice is ignored the second time", "[interest]")
{
    test_node node;
    manual_adapter adapter;
    node.node.use_adapter(adapter);
    recording_subscriber anna;
    answer first, second;
    auto a = node.join("news", anna, "a", 0, false, first.slot());
    adapter.answer(0, unavailable);
    node.turn();
    a.reset();
    const auto b = node.join("news", anna, "a", 0, false, second.slot());
    adapter.answer(0); // the first call again, after the stream was forgotten in between
    node.turn();
    CHECK_FALSE(second.told);
    adapter.answer(1);
    adapter.answer(1);
    node.turn();
    CHECK(second.times == 1);
    CHECK(second.is_ok());
}

TEST_CASE("C7: after the last one left, neither the node nor the shard knows the pair", "[interest]")
{
    test_node node(2);
    recording_subscriber anna, bert;
    auto a = node.join("news", anna, "a", 0);
    auto b = node.join("news", anna, "b", 0);
    auto c = node.join("news", bert, "a", 1);
    node.turn();
    CHECK(node.shard(0).member_count() == 2);
    CHECK(node.shard(1).member_count() == 1);
    CHECK(node.node.stream_count() == 1);
    CHECK(node.metrics.value("streams") == 1);
    a.reset();
    CHECK(node.shard(0).stream_count() == 1);
    b.reset();
    CHECK(node.shard(0).stream_count() == 0);
    CHECK(node.shard(0).member_count() == 0);
    CHECK(node.node.stream_count() == 1);
    c.reset();
    CHECK(node.shard(1).stream_count() == 0);
    CHECK(node.node.stream_count() == 0);
    CHECK(node.metrics.value("streams") == 0);
}

TEST_CASE("L3: a message of a stream that nobody wants creates no entry anywhere", "[interest]")
{
    test_node node;
    CHECK(node.deliver("unknown", "1") == 1);
    node.publish("unknown", "1");
    CHECK(node.wakes[0] == 0);
    node.turn();
    CHECK(node.node.stream_count() == 0);
    CHECK(node.shard().stream_count() == 0);
    CHECK_FALSE(node.last_error);
}
