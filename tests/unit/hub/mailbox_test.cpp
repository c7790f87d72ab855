// SPDX-License-Identifier: MIT
#include "test_node.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <thread>

namespace {

using namespace coax;
using test::data;
using test::recording_subscriber;
using test::test_node;
using test::texts;

} // namespace

TEST_CASE("a mailbox asks for one wake until it is emptied", "[mailbox]")
{
    mailbox box;
    CHECK(box.push({}));
    CHECK_FALSE(box.push({}));
    CHECK(box.size() == 2);
    std::vector<mailbox_entry> taken;
    box.take(taken);
    CHECK(taken.size() == 2);
    CHECK(box.size() == 0);
    CHECK(box.push({}));
}

TEST_CASE("a shard is woken once for all that comes before it looks", "[mailbox]")
{
    test_node node;
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    node.wakes[0] = 0;
    node.publish("news", "1");
    node.publish("news", "2");
    node.shard().post([] {});
    CHECK(node.wakes[0] == 1);
    node.turn();
    node.publish("news", "3");
    CHECK(node.wakes[0] == 2);
    node.turn();
    CHECK(anna.sent == texts{data("a", "1"), data("a", "2"), data("a", "3")});
}

TEST_CASE("what comes while a shard drains wakes it again and waits for the next turn", "[mailbox]")
{
    test_node node;
    std::vector<int> order;
    node.shard().post([&] {
        order.push_back(1);
        node.shard().post([&] { order.push_back(3); });
    });
    node.shard().post([&] { order.push_back(2); });
    node.wakes[0] = 0;
    node.drain();
    CHECK(order == std::vector<int>{1, 2});
    CHECK(node.wakes[0] == 1);
    node.drain();
    CHECK(order == std::vector<int>{1, 2, 3});
}

TEST_CASE("a posted call comes between the messages that were there before and those after", "[mailbox]")
{
    test_node node;
    recording_subscriber anna;
    const auto a = node.join("news", anna);
    node.turn();
    node.publish("news", "1");
    node.shard().post([&] {
        node.shard().pull(*a);
        anna.push("call");
        node.shard().flush_later(anna);
    });
    node.publish("news", "2");
    node.turn();
    CHECK(anna.waiting.empty());
    REQUIRE(anna.sent.size() == 3);
    CHECK(anna.sent[0] == data("a", "1"));
    CHECK(anna.sent[1] == "call");
    CHECK(anna.sent[2] == data("a", "2"));
}

TEST_CASE("entries pushed by many threads all arrive, each thread's in order, and none is left without a wake", "[mailbox]")
{
    constexpr std::uint32_t threads = 4, each = 2'000;
    mailbox box;
    std::atomic<int> wakes{0};
    std::vector<std::thread> pushing;
    for (std::uint32_t t = 0; t < threads; ++t) {
        pushing.emplace_back([&, t] {
            for (std::uint32_t i = 0; i < each; ++i) {
                mailbox_entry entry;
                entry.number = t * each + i;
                if (box.push(std::move(entry))) ++wakes;
            }
        });
    }
    std::vector<std::uint32_t> next(threads, 0);
    std::size_t seen = 0;
    int takes = 0;
    bool is_in_order = true;
    while (seen < threads * each) {
        std::vector<mailbox_entry> taken;
        box.take(taken);
        if (taken.empty()) std::this_thread::yield();
        else ++takes;
        for (const auto& entry : taken) {
            is_in_order &= entry.number % each == next[entry.number / each]++;
            ++seen;
        }
    }
    for (auto& thread : pushing) thread.join();
    CHECK(is_in_order);
    CHECK(wakes == takes);
}
