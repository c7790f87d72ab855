// SPDX-License-Identifier: MIT
#include "plugin/plugin_host.hpp"
#include "support/catch.hpp"
#include "support/plugin_stage.hpp"

#include <coax/error.hpp>

#include <chrono>
#include <string>

using namespace coax;
using namespace std::chrono_literals;
using coax::testing::answer;
using coax::testing::plugin_stage;
using coax::testing::recording_events;

namespace {

const coax_plugin& load(std::string_view name)
{
    plugin_host host({"", {COAX_HOSTILE_PLUGINS}, ""});
    return *host.find(plugin_kind::adapter, name);
}

std::string refusal(std::string_view name)
{
    try {
        load(name);
        return {};
    } catch (const startup_error& error) {
        return error.what();
    }
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

struct misbehaving : plugin_stage {
    explicit misbehaving(const std::string& behaviour) : plugin_stage(load("misbehaving"), R"({"behaviour":")" + behaviour + R"("})") {}

    std::int64_t violations() const { return metrics.value("plugin_violations_total"); }
    std::int64_t releases() const { return metrics.value("adapter_misbehaving_releases_total"); }
};

} // namespace

TEST_CASE("a library without the symbol is no coax plugin", "[hostile]")
{
    const auto error = refusal("no_symbol");
    CHECK(contains(error, "libcoax_adapter_no_symbol.so: is not a coax plugin: it does not export coax_plugin_query"));
    CHECK(contains(error, "build it with coax_add_plugin()"));
}

TEST_CASE("a plugin that answers no descriptor is refused", "[hostile]") { CHECK(contains(refusal("no_descriptor"), "answers no descriptor")); }

TEST_CASE("a wrong magic number is refused", "[hostile]") { CHECK(contains(refusal("wrong_magic"), "is not a coax plugin: its descriptor")); }

TEST_CASE("another major version is refused with both numbers and the remedy", "[hostile]")
{
    CHECK(contains(refusal("other_major"), "built for ABI 2, this host speaks 1: rebuild it against coax 1.x"));
}

TEST_CASE("a newer minor version that needs an unknown host feature is refused by the feature's name", "[hostile]")
{
    CHECK(contains(refusal("unknown_feature"), "built for ABI 1.1, needs host features that this host (ABI 1.0) does not have: bit 33"));
}

TEST_CASE("a plugin that calls itself otherwise than its file is refused with both names", "[hostile]")
{
    CHECK(contains(refusal("misnamed"), "calls itself 'somebody_else', but 'misnamed' is wanted"));
}

TEST_CASE("a plugin of another kind in an adapter's file is refused", "[hostile]") { CHECK(contains(refusal("kind"), "is of kind 2")); }

TEST_CASE("a descriptor that is too short is refused", "[hostile]") { CHECK(contains(refusal("short"), "its descriptor has 16 bytes")); }

TEST_CASE("a table with a null entry is refused by the entry's name", "[hostile]") { CHECK(contains(refusal("null_entry"), "lacks subscribe:")); }

TEST_CASE("a plugin in plain C works like any other", "[hostile]")
{
    plugin_stage it(load("plain_c"));
    REQUIRE(it.start().has_value());
    CHECK_FALSE(it.subscribe("a"));
    CHECK_FALSE(it.publish({{"a", "1"}, {"b", "2"}, {"a", "3"}}));
    CHECK(it.events.batches() == std::vector<recording_events::batch>{{{"a", "1", ""}, {"a", "3", ""}}});
    CHECK_FALSE(it.unsubscribe("a"));
    CHECK(it.publish(std::vector<broadcast_message>(65, broadcast_message{"a", "1"})) == errc::payload_too_large);
    CHECK(it.adapter->failure() == "64 messages are the limit of a batch");
    CHECK(it.stop().has_value());
    CHECK(it.metrics.value("plugin_violations_total") == 0);
    CHECK_THROWS_WITH(plugin_stage(load("plain_c"), R"({"x":1})"),
        "adapter 'plain_c' refuses its options: adapter.plain_c: takes no options; correct the section [adapter.plain_c]");
}

TEST_CASE("an author's exceptions end as errors of their operation, whatever they are", "[hostile]")
{
    plugin_stage it(load("throwing"));
    REQUIRE(it.start().has_value());
    CHECK(it.subscribe("a") == errc::plugin_failed);
    CHECK(it.adapter->failure() == "thrown at subscribe");
    CHECK(it.unsubscribe("a") == errc::adapter_unavailable);
    CHECK(it.adapter->failure() == "thrown at unsubscribe");
    CHECK(it.publish({{"a", "1"}}) == errc::plugin_failed);
    const auto stopped = it.stop();
    REQUIRE(stopped.has_error());
    CHECK(stopped.error() == errc::plugin_failed);
}

TEST_CASE("an author's constructor that throws is the reason for not starting", "[hostile]")
{
    CHECK_THROWS_WITH(plugin_stage(load("throwing"), R"({"at_create":true})"),
        "adapter 'throwing' refuses its options: thrown at create; correct the section [adapter.throwing]");
}

TEST_CASE("a create that fails without a word still ends the start with an error", "[hostile]")
{
    CHECK_THROWS_WITH(misbehaving("create_fails_silently"),
        "adapter 'misbehaving' refuses its options: it gave no reason; correct the section [adapter.misbehaving]");
}

TEST_CASE("a create that reports and yet succeeds is used, its second report is a violation", "[hostile]")
{
    misbehaving it("create_reports_and_succeeds");
    REQUIRE(it.start().has_value());
    CHECK(it.violations() == 1);
    CHECK(it.stop().has_value());
}

TEST_CASE("a report that comes after create has returned is a violation", "[hostile]")
{
    misbehaving it("create_keeps_report");
    REQUIRE(it.start().has_value());
    CHECK(it.violations() == 1);
    CHECK(it.stop().has_value());
}

TEST_CASE("a call completed twice counts once, is logged and harms nobody", "[hostile]")
{
    misbehaving it("twice");
    REQUIRE(it.start().has_value());
    const answer got;
    it.adapter->subscribe("a", got.callback());
    CHECK_FALSE(got.get());
    CHECK(got.count() == 1);
    CHECK(it.violations() == 1);
    CHECK(it.sink->count("plugin.violation plugin=adapter_misbehaving what=a call was completed twice") == 1);
    CHECK_FALSE(it.unsubscribe("a"));
    CHECK(it.stop().has_value());
}

TEST_CASE("a start or stop completed twice counts once", "[hostile]")
{
    for (const auto* behaviour : {"start_twice", "stop_twice"}) {
        misbehaving it(behaviour);
        CHECK(it.start().has_value());
        CHECK(it.stop().has_value());
        CHECK(it.violations() + static_cast<std::int64_t>(it.adapter->refused_count()) == 1);
    }
}

TEST_CASE("a call that never completes is answered when the adapter stops", "[hostile]")
{
    misbehaving it("never");
    REQUIRE(it.start().has_value());
    const answer got;
    it.adapter->subscribe("a", got.callback());
    CHECK_FALSE(it.unsubscribe("a")); // others go on
    CHECK(got.count() == 0);
    CHECK(it.stop().has_value());
    CHECK(got.get() == errc::shutting_down);
    CHECK(got.count() == 1);
}

TEST_CASE("a start that never completes is given up after its limit, and its late completion only frees the call", "[hostile]")
{
    misbehaving it("start_never");
    const auto began = std::chrono::steady_clock::now();
    const auto outcome = it.start(20ms);
    CHECK(std::chrono::steady_clock::now() - began < 5s);
    REQUIRE(outcome.has_error());
    CHECK(outcome.error() == errc::timed_out);
    CHECK(it.metrics.value("plugin_calls_abandoned_total") == 1);
    CHECK(it.sink->count("plugin.call_abandoned plugin=adapter_misbehaving call=start") == 1);
    CHECK(it.releases() == 0);
    CHECK(it.stop().has_value());
    CHECK(it.releases() == 1);
    CHECK(it.violations() == 0);
}

TEST_CASE("a stop that never completes is given up and its instance leaked on purpose", "[hostile]")
{
    misbehaving it("stop_never");
    REQUIRE(it.start().has_value());
    const auto outcome = it.stop(20ms);
    REQUIRE(outcome.has_error());
    CHECK(outcome.error() == errc::timed_out);
    CHECK(it.sink->count("plugin.stop_timed_out") == 1);
    CHECK(it.subscribe("a") == errc::shutting_down);
}

TEST_CASE("what comes after stop reaches nobody and is counted", "[hostile]")
{
    misbehaving it("after_stop");
    REQUIRE(it.start().has_value());
    const answer got;
    it.adapter->subscribe("a", got.callback());
    CHECK(it.stop().has_value());
    CHECK(got.get() == errc::shutting_down);
    it.adapter.reset(); // where the plugin does it
    CHECK(got.count() == 1);
    CHECK(it.events.batches().empty());
    CHECK(it.events.states().empty());
    CHECK(it.sink->count("late") == 0);
    CHECK(it.releases() == 0);
}

TEST_CASE("a call completed by eight threads at once counts once", "[hostile]")
{
    misbehaving it("complete_eight_threads");
    REQUIRE(it.start().has_value());
    const answer got;
    it.adapter->subscribe("a", got.callback());
    CHECK_FALSE(got.get());
    CHECK(it.stop().has_value()); // joins the eight
    CHECK(got.count() == 1);
    CHECK(it.violations() == 7);
    CHECK(it.releases() == 1);
}

TEST_CASE("eight threads that deliver without end do not disturb the stop, and none of it arrives afterwards", "[hostile]")
{
    misbehaving it("deliver_eight_threads");
    REQUIRE(it.start().has_value());
    it.events.wait_batches(100);
    CHECK(it.stop().has_value());
    const auto at_stop = it.events.batches().size();
    it.adapter.reset(); // joins them
    CHECK(it.events.batches().size() == at_stop);
}

TEST_CASE("oversized stream names are dropped and the rest of the batch is delivered", "[hostile]")
{
    misbehaving it("oversized");
    REQUIRE(it.start().has_value());
    CHECK_FALSE(it.publish({{"a", "1"}}));
    const auto batches = it.events.batches();
    REQUIRE(batches.size() == 1);
    REQUIRE(batches[0].size() == 1);
    CHECK(batches[0][0].stream == std::string(255, 's'));
    CHECK(it.violations() == 3);
    CHECK(it.stop().has_value());
}
