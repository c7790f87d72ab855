// SPDX-License-Identifier: MIT
#include "plugin/host_services.hpp"

#include "support/catch.hpp"
#include "support/plugin_stage.hpp"

#include <coax/error.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

using namespace coax;
using coax::testing::recording_events;
using coax::testing::recording_sink;

namespace {

coax_str abi(std::string_view text) { return {text.data(), text.size()}; }
coax_message message(std::string_view stream, std::string_view payload) { return {abi(stream), abi(payload), {nullptr, 0}}; }

struct served {
    recording_events events;
    metric_registry metrics;
    std::shared_ptr<recording_sink> sink = std::make_shared<recording_sink>();
    host_services& services;
    const coax_host& host;

    explicit served(log_level level = log_level::debug)
        : services(host_services::open("adapter_nats", events, logger(sink, level), metrics)), host(services.table())
    {}
    ~served() { services.close(); }

    std::uint32_t deliver(const std::vector<coax_message>& messages) const
    {
        return host.deliver(host.self, messages.data(), messages.size(), sizeof(coax_message));
    }
    std::int64_t violations() const { return metrics.value("plugin_violations_total"); }
};

} // namespace

TEST_CASE("a batch reaches the hub in one call and in order", "[plugin]")
{
    served it;
    CHECK(it.deliver({message("a", "1"), message("b", "2"), message("a", "3")}) == 3);
    const auto batches = it.events.batches();
    REQUIRE(batches.size() == 1);
    CHECK(batches[0] == recording_events::batch{{"a", "1", ""}, {"b", "2", ""}, {"a", "3", ""}});
}

TEST_CASE("messages of a longer structure are found by their stride", "[plugin]")
{
    struct longer {
        coax_message message;
        std::uint64_t of_a_later_minor;
    };
    served it;
    const longer two[] = {{message("a", "1"), 7}, {message("b", "2"), 7}};
    CHECK(it.host.deliver(it.host.self, &two[0].message, 2, sizeof(longer)) == 2);
    CHECK(it.events.batches().at(0) == recording_events::batch{{"a", "1", ""}, {"b", "2", ""}});
}

TEST_CASE("a stride that is too short or crooked is refused as a violation", "[plugin]")
{
    served it;
    const auto one = message("a", "1");
    CHECK(it.host.deliver(it.host.self, &one, 1, sizeof(coax_message) - 8) == 0);
    CHECK(it.host.deliver(it.host.self, &one, 1, sizeof(coax_message) + 1) == 0);
    CHECK(it.host.deliver(it.host.self, nullptr, 1, sizeof(coax_message)) == 0);
    CHECK(it.violations() == 3);
    CHECK(it.events.batches().empty());
}

TEST_CASE("names of 1 and 255 bytes are delivered; empty, missing and longer ones are dropped, counted and count as taken", "[plugin]")
{
    served it;
    const std::string longest(255, 's');
    const std::string too_long(256, 's');
    coax_message nowhere = message("", "x");
    nowhere.stream = {nullptr, 5};
    CHECK(it.deliver({message("", "x"), message("a", "1"), message(too_long, "x"), nowhere, message(longest, "2")}) == 5);
    CHECK(it.violations() == 3);
    CHECK(it.events.batches() == std::vector<recording_events::batch>{{{"a", "1", ""}, {longest, "2", ""}}});
    CHECK(it.deliver({message(too_long, "x")}) == 1);
    CHECK(it.events.batches().size() == 1);
}

TEST_CASE("a payload whose bytes are missing is dropped", "[plugin]")
{
    served it;
    auto broken = message("a", "");
    broken.payload = {nullptr, 3};
    CHECK(it.deliver({broken}) == 1);
    CHECK(it.violations() == 1);
    CHECK(it.events.batches().empty());
}

TEST_CASE("an overloaded hub answers the first message that was not taken, counted as the plugin counts", "[plugin]")
{
    served it;
    it.events.take_at_most(1);
    CHECK(it.deliver({message("a", "1"), message("b", "2")}) == 1);
    CHECK(it.deliver({message("", "x"), message("a", "1"), message("", "x"), message("b", "2")}) == 3);
    it.events.take_at_most(0);
    CHECK(it.deliver({message("a", "1"), message("", "x")}) == 0);
    CHECK(it.deliver({message("", "x"), message("a", "1")}) == 1);
}

TEST_CASE("a log line carries the plugin's name, and below the level none is written", "[plugin]")
{
    served it(log_level::info);
    const coax_pair field{abi("attempt"), abi("3")};
    CHECK(it.host.log_enabled(it.host.self, COAX_LOG_DEBUG) == 0);
    CHECK(it.host.log_enabled(it.host.self, COAX_LOG_INFO) != 0);
    it.host.log(it.host.self, COAX_LOG_DEBUG, abi("quiet"), &field, 1);
    it.host.log(it.host.self, COAX_LOG_WARN, abi("reconnecting"), &field, 1);
    CHECK(it.sink->count("quiet") == 0);
    CHECK(it.sink->count("reconnecting plugin=adapter_nats attempt=3") == 1);
}

TEST_CASE("log fields are bounded in number and size, and missing ones are survived", "[plugin]")
{
    served it;
    const std::string huge(10'000, 'v');
    const std::vector<coax_pair> many(100, coax_pair{abi("k"), abi(huge)});
    it.host.log(it.host.self, COAX_LOG_INFO, abi("big"), many.data(), many.size());
    it.host.log(it.host.self, 77, {nullptr, 9}, nullptr, 3);
    CHECK(it.sink->count(std::string(4096, 'v')) == 1);
    CHECK(it.sink->count(std::string(4097, 'v')) == 0);
}

TEST_CASE("metrics are prefixed, shared by name and rounded", "[plugin]")
{
    served it;
    void* made = it.host.metric(it.host.self, COAX_METRIC_COUNTER, abi("sent_total"), abi("Sent"), nullptr, 0);
    REQUIRE(made);
    CHECK(it.host.metric(it.host.self, COAX_METRIC_COUNTER, abi("sent_total"), abi("Sent"), nullptr, 0) == made);
    it.host.metric_add(made, 2.6);
    CHECK(it.metrics.value("adapter_nats_sent_total") == 3);
    it.host.metric_add(made, std::nan(""));
    it.host.metric_add(nullptr, 1);
    CHECK(it.metrics.value("adapter_nats_sent_total") == 3);
    it.host.metric_add(made, -1);
    CHECK(it.metrics.value("adapter_nats_sent_total") == 3);
    CHECK(it.violations() == 1);
}

TEST_CASE("a gauge goes both ways and survives infinity", "[plugin]")
{
    served it;
    void* made = it.host.metric(it.host.self, COAX_METRIC_GAUGE, abi("open"), abi("Open"), nullptr, 0);
    it.host.metric_add(made, 5);
    it.host.metric_add(made, -7);
    CHECK(it.metrics.value("adapter_nats_open") == -2);
    it.host.metric_add(made, std::numeric_limits<double>::infinity());
    CHECK(it.metrics.value("adapter_nats_open") > 0);
}

TEST_CASE("a malformed metric is not given: name, kind, labels or too many", "[plugin]")
{
    served it;
    const coax_pair label{abi("k"), abi("v")};
    CHECK_FALSE(it.host.metric(it.host.self, COAX_METRIC_COUNTER, abi("Sent"), abi(""), nullptr, 0));
    CHECK_FALSE(it.host.metric(it.host.self, COAX_METRIC_COUNTER, abi(""), abi(""), nullptr, 0));
    CHECK_FALSE(it.host.metric(it.host.self, COAX_METRIC_COUNTER, abi(std::string(65, 'a')), abi(""), nullptr, 0));
    CHECK_FALSE(it.host.metric(it.host.self, 9, abi("sent"), abi(""), nullptr, 0));
    CHECK_FALSE(it.host.metric(it.host.self, COAX_METRIC_COUNTER, abi("sent"), abi(""), &label, 1));
    int given = 0;
    for (int i = 0; i < 300; ++i)
        if (it.host.metric(it.host.self, COAX_METRIC_COUNTER, abi("m" + std::to_string(i)), abi(""), nullptr, 0)) ++given;
    CHECK(given == 256);
}

TEST_CASE("states reach the hub with their reason; unknown ones are violations", "[plugin]")
{
    served it;
    const coax_error why{sizeof(coax_error), COAX_STATUS_ADAPTER_UNAVAILABLE, 104, 0, abi("reset by peer")};
    it.host.state(it.host.self, COAX_STATE_DISCONNECTED, &why);
    it.host.state(it.host.self, COAX_STATE_CONNECTED, nullptr);
    it.host.state(it.host.self, 0, nullptr);
    it.host.state(it.host.self, 4, nullptr);
    const auto states = it.events.states();
    REQUIRE(states.size() == 2);
    CHECK(states[0].state == adapter_state::disconnected);
    CHECK(states[0].why == errc::adapter_unavailable);
    CHECK(states[0].message == "reset by peer");
    CHECK(states[1].state == adapter_state::connected);
    CHECK_FALSE(states[1].why);
    CHECK(it.violations() == 2);
}

TEST_CASE("an envelope is refused while the feature is not announced", "[plugin]")
{
    served it;
    CHECK((it.host.features & COAX_HOST_FEATURE_PUBLICATION) == 0);
    CHECK(it.host.publication(it.host.self, abi("{}")) == 0);
}

TEST_CASE("after close nothing passes, and each attempt is counted", "[plugin]")
{
    served it;
    void* made = it.host.metric(it.host.self, COAX_METRIC_COUNTER, abi("sent_total"), abi(""), nullptr, 0);
    it.services.close();
    CHECK(it.deliver({message("a", "1")}) == 0);
    CHECK(it.host.log_enabled(it.host.self, COAX_LOG_ERROR) == 0);
    it.host.log(it.host.self, COAX_LOG_ERROR, abi("late"), nullptr, 0);
    it.host.metric_add(made, 1);
    it.host.state(it.host.self, COAX_STATE_CONNECTED, nullptr);
    CHECK_FALSE(it.host.metric(it.host.self, COAX_METRIC_COUNTER, abi("other"), abi(""), nullptr, 0));
    CHECK(it.host.publication(it.host.self, abi("{}")) == 0);
    CHECK(it.services.refused_count() == 6);
    CHECK(it.events.batches().empty());
    CHECK(it.events.states().empty());
    CHECK(it.sink->count("late") == 0);
}

TEST_CASE("close waits for deliveries that are under way in eight threads", "[plugin]")
{
    served it;
    std::atomic<bool> is_over{false};
    std::atomic<int> late{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&] {
            const auto one = message("a", "1");
            while (!is_over)
                if (it.host.deliver(it.host.self, &one, 1, sizeof one) == 0) ++late;
        });
    it.events.wait_batches(50);
    it.services.close();
    const auto at_close = it.events.batches().size();
    is_over = true;
    for (auto& thread : threads) thread.join();
    CHECK(it.events.batches().size() == at_close);
    CHECK(static_cast<std::uint64_t>(late) == it.services.refused_count());
}
