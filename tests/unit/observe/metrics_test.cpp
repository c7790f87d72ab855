// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include "observe/metric_names.hpp"

#include <set>
#include <string>
#include <thread>
#include <vector>

using coax::metric_kind;
using coax::metric_registry;

TEST_CASE("a metric is the same object each time and outlives later additions", "[metrics]")
{
    metric_registry registry;
    coax::metric& first = registry.get("m", metric_kind::gauge, "a number");
    for (int i = 0; i < 1000; ++i) registry.get("other_" + std::to_string(i));
    CHECK(&registry.get("m") == &first);
    first.add(5);
    first.add(-2);
    CHECK(registry.value("m") == 3);
    CHECK(registry.value("never_made") == 0);
}

TEST_CASE("a snapshot is sorted by name and keeps kind and description of the first use", "[metrics]")
{
    metric_registry registry;
    registry.get("b", metric_kind::gauge, "bees").set(7);
    registry.get("a");
    registry.get("a", metric_kind::gauge, "described later").add();
    const auto all = registry.snapshot();
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "a");
    CHECK(all[0].kind == metric_kind::counter);
    CHECK(all[0].description == "described later");
    CHECK(all[0].value == 1);
    CHECK(all[1].name == "b");
    CHECK(all[1].kind == metric_kind::gauge);
    CHECK(all[1].description == "bees");
    CHECK(all[1].value == 7);
}

TEST_CASE("threads that make and count the same metrics lose nothing", "[metrics]")
{
    metric_registry registry;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&registry] {
            for (int i = 0; i < 2000; ++i) {
                registry.get("m" + std::to_string(i % 20)).add();
                if (i % 100 == 0) registry.snapshot();
            }
        });
    for (auto& thread : threads) thread.join();
    std::int64_t sum = 0;
    for (const auto& sample : registry.snapshot()) sum += sample.value;
    CHECK(sum == 4 * 2000);
}

TEST_CASE("every metric name is unique, is a plain word, and says its unit and meaning", "[metrics]")
{
    std::set<std::string_view> seen;
    for (const auto& metric : coax::all_metrics) {
        INFO(metric.name);
        CHECK(seen.insert(metric.name).second);
        CHECK(metric.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos);
        CHECK_FALSE(metric.unit.empty());
        CHECK_FALSE(metric.description.empty());
        CHECK(metric.name.ends_with("_total") == (metric.kind == metric_kind::counter));
    }
    metric_registry registry;
    coax::metric_names::sessions.in(registry).set(3);
    CHECK(registry.snapshot().at(0).description == coax::metric_names::sessions.description);
}
