// SPDX-License-Identifier: MIT
#include <coax/adapters/memory.hpp>

#include "support/catch.hpp"
#include "support/plugin_stage.hpp"

#include <string>
#include <thread>

using namespace coax;
using coax::testing::answer;
using coax::testing::plugin_stage;
using coax::testing::recording_events;
using batches = std::vector<recording_events::batch>;

namespace {

struct memory_server : plugin_stage {
    explicit memory_server(const std::string& options = "{}") : plugin_stage(*coax_adapter_memory_descriptor(), options)
    {
        REQUIRE(start().has_value());
    }
    ~memory_server() { CHECK(stop().has_value()); }
};

std::string named(const std::string& bus) { return R"({"bus":")" + bus + R"("})"; }

} // namespace

TEST_CASE("C4: a subscriber receives what is published, others' streams do not reach it", "[memory]")
{
    memory_server it;
    CHECK_FALSE(it.subscribe("a"));
    CHECK_FALSE(it.publish({{"b", "\"other\""}}));
    CHECK_FALSE(it.publish({{"a", "\"mine\""}}));
    CHECK(it.events.batches() == batches{{{"a", "\"mine\"", ""}}});
}

TEST_CASE("after unsubscribe nothing comes, as a later message on another stream proves", "[memory]")
{
    memory_server it;
    CHECK_FALSE(it.subscribe("a"));
    CHECK_FALSE(it.subscribe("sentinel"));
    CHECK_FALSE(it.unsubscribe("a"));
    CHECK_FALSE(it.publish({{"a", "1"}}));
    CHECK_FALSE(it.publish({{"sentinel", "2"}}));
    CHECK(it.events.wait_batches(1) == batches{{{"sentinel", "2", ""}}});
}

TEST_CASE("subscribing twice delivers once, and unsubscribing what was never subscribed is fine", "[memory]")
{
    memory_server it;
    CHECK_FALSE(it.unsubscribe("a"));
    CHECK_FALSE(it.subscribe("a"));
    CHECK_FALSE(it.subscribe("a"));
    CHECK_FALSE(it.publish({{"a", "1"}}));
    CHECK(it.events.batches().size() == 1);
    CHECK(it.events.batches()[0].size() == 1);
}

TEST_CASE("a batch reaches each server in one delivery with what concerns it, in order", "[memory]")
{
    memory_server first(named("batch"));
    memory_server second(named("batch"));
    CHECK_FALSE(first.subscribe("a"));
    CHECK_FALSE(first.subscribe("b"));
    CHECK_FALSE(second.subscribe("b"));
    CHECK_FALSE(first.publish({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"a", "4"}, {"b", "5"}}));
    CHECK(first.events.batches() == batches{{{"a", "1", ""}, {"b", "2", ""}, {"a", "4", ""}, {"b", "5", ""}}});
    CHECK(second.events.batches() == batches{{{"b", "2", ""}, {"b", "5", ""}}});
}

TEST_CASE("servers meet by the name of their bus only", "[memory]")
{
    memory_server unnamed;
    memory_server another;
    memory_server on_x(named("x"));
    memory_server on_y(named("y"));
    for (auto* server : {&unnamed, &another, &on_x, &on_y}) CHECK_FALSE(server->subscribe("a"));
    CHECK_FALSE(unnamed.publish({{"a", "1"}}));
    CHECK_FALSE(on_x.publish({{"a", "2"}}));
    CHECK(unnamed.events.batches() == batches{{{"a", "1", ""}}});
    CHECK(another.events.batches().empty());
    CHECK(on_x.events.batches() == batches{{{"a", "2", ""}}});
    CHECK(on_y.events.batches().empty());
}

TEST_CASE("invariant 7: a server that has stopped receives nothing more, the others go on", "[memory]")
{
    memory_server stays(named("leave"));
    CHECK_FALSE(stays.subscribe("a"));
    recording_events::batch at_stop;
    {
        memory_server leaves(named("leave"));
        CHECK_FALSE(leaves.subscribe("a"));
        CHECK_FALSE(stays.publish({{"a", "1"}}));
        CHECK(leaves.events.wait_batches(1).size() == 1);
    }
    CHECK_FALSE(stays.publish({{"a", "2"}}));
    CHECK(stays.events.batches().size() == 2);
}

TEST_CASE("all servers of a bus see one stream in the same order, whoever publishes", "[memory]")
{
    memory_server first(named("order"));
    memory_server second(named("order"));
    CHECK_FALSE(first.subscribe("a"));
    CHECK_FALSE(second.subscribe("a"));
    constexpr int each = 300;
    std::thread other([&] {
        for (int i = 0; i < each; ++i) second.adapter->publish({{"a", "2:" + std::to_string(i)}}, {});
    });
    for (int i = 0; i < each; ++i) first.adapter->publish({{"a", "1:" + std::to_string(i)}}, {});
    other.join();
    const auto seen_first = first.events.wait_batches(2 * each);
    const auto seen_second = second.events.wait_batches(2 * each);
    CHECK(seen_first == seen_second);
}

TEST_CASE("what an overloaded server does not take is counted", "[memory]")
{
    memory_server it;
    CHECK_FALSE(it.subscribe("a"));
    it.events.take_at_most(1);
    CHECK_FALSE(it.publish({{"a", "1"}, {"a", "2"}, {"a", "3"}}));
    CHECK(it.metrics.value("adapter_memory_messages_refused_total") == 2);
}

TEST_CASE("an unknown option and a wrong type are refused by their path", "[memory]")
{
    CHECK_THROWS_WITH(plugin_stage(*coax_adapter_memory_descriptor(), R"({"bsu":"x"})"),
        "adapter 'memory' refuses its options: adapter.memory.bsu: unknown key; known are: bus; correct the section [adapter.memory]");
    CHECK_THROWS_WITH(plugin_stage(*coax_adapter_memory_descriptor(), R"({"bus":7})"),
        "adapter 'memory' refuses its options: adapter.memory.bus: expected a string, got 7; correct the section [adapter.memory]");
}
