// SPDX-License-Identifier: MIT
#include "plugin/call_table.hpp"

#include "support/catch.hpp"
#include "support/plugin_stage.hpp"

#include <coax/error.hpp>

#include <functional>
#include <thread>
#include <vector>

using namespace coax;
using coax::testing::answer;
using coax::testing::recording_events;

namespace {

/// What the plugin's block would be: counts what is done to it.
struct fake_call {
    int cancels = 0;
    int releases = 0;
    std::function<void()> on_cancel;

    coax_call* handle() { return reinterpret_cast<coax_call*>(this); }
    static fake_call& of(coax_call* handle) { return *reinterpret_cast<fake_call*>(handle); }
};

const coax_adapter_vtable table = [] {
    coax_adapter_vtable made{};
    made.struct_size = sizeof made;
    made.cancel = [](coax_call* call) {
        ++fake_call::of(call).cancels;
        if (fake_call::of(call).on_cancel) fake_call::of(call).on_cancel();
    };
    made.release = [](coax_call* call) { ++fake_call::of(call).releases; };
    return made;
}();

struct owned {
    recording_events events;
    metric_registry metrics;
    host_services& services = host_services::open("adapter_fake", events, logger(), metrics);
    call_table& calls = call_table::of_process();
    fake_call block;
    answer got;

    ~owned()
    {
        services.close();
        calls.abandon_all(services, errc::shutting_down);
    }
    coax_done open() { return calls.open(services, table, "publish", got.callback()); }
    static void complete(const coax_done& ticket, const coax_error* error = nullptr) { ticket.fn(ticket.ctx, error, nullptr); }
    std::int64_t violations() const { return metrics.value("plugin_violations_total"); }
};

} // namespace

TEST_CASE("a call that completes after its start is answered once and released once", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.calls.started(ticket, it.block.handle());
    CHECK(it.got.count() == 0);
    it.complete(ticket);
    CHECK_FALSE(it.got.get());
    CHECK(it.block.releases == 1);
}

TEST_CASE("a call that completes inside its start is released only after that has returned", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.complete(ticket);
    CHECK(it.got.count() == 1);
    CHECK(it.block.releases == 0);
    it.calls.started(ticket, it.block.handle());
    CHECK(it.block.releases == 1);
}

TEST_CASE("a call without a block is answered and nothing is released", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.calls.started(ticket, nullptr);
    it.calls.cancel(ticket);
    it.complete(ticket);
    CHECK(it.got.count() == 1);
}

TEST_CASE("the plugin's status reaches the caller, and an unknown one is plugin_failed", "[plugin]")
{
    for (const auto& [status, expected] : {std::pair{11u, errc::adapter_unavailable}, {16u, errc::payload_too_large}, {0u, errc::plugin_failed},
             {1u, errc::plugin_failed}, {4711u, errc::plugin_failed}}) {
        owned it;
        const auto ticket = it.open();
        const coax_error error{sizeof(coax_error), status, 0, 0, {"broken", 6}};
        it.complete(ticket, &error);
        CHECK(it.got.get() == expected);
        CHECK(it.services.failure() == "broken");
        CHECK(it.metrics.value("plugin_calls_failed_total") == 1);
        it.calls.started(ticket, nullptr);
    }
}

TEST_CASE("the words of an error structure that is too short to have them are not read", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.calls.started(ticket, nullptr);
    const coax_error error{8, COAX_STATUS_OVERLOADED, 0, 0, {reinterpret_cast<const char*>(1), 100}};
    it.complete(ticket, &error);
    CHECK(it.got.get() == errc::overloaded);
    CHECK(it.services.failure().empty());
}

TEST_CASE("a second completion is a violation and changes nothing", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.calls.started(ticket, it.block.handle());
    it.complete(ticket);
    const coax_error error{sizeof(coax_error), COAX_STATUS_PLUGIN_FAILED, 0, 0, {nullptr, 0}};
    it.complete(ticket, &error);
    CHECK(it.got.count() == 1);
    CHECK_FALSE(it.got.get());
    CHECK(it.block.releases == 1);
    CHECK(it.violations() == 1);
}

TEST_CASE("a second completion inside the start is a violation too", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.complete(ticket);
    it.complete(ticket);
    it.calls.started(ticket, it.block.handle());
    CHECK(it.got.count() == 1);
    CHECK(it.block.releases == 1);
    CHECK(it.violations() == 1);
}

TEST_CASE("an old ticket never completes the call that has its place now", "[plugin]")
{
    owned it;
    const auto old = it.open();
    it.calls.started(old, nullptr);
    it.complete(old);
    // More calls than places rest before they are used again.
    std::vector<answer> later(200);
    std::vector<coax_done> tickets;
    for (auto& one : later) {
        tickets.push_back(it.calls.open(it.services, table, "publish", one.callback()));
        it.calls.started(tickets.back(), nullptr);
        it.complete(old);
        CHECK(one.count() == 0);
        it.complete(tickets.back());
    }
    for (const auto& one : later) CHECK(one.count() == 1);
    CHECK(it.got.count() == 1);
}

TEST_CASE("an invented ticket is counted and harmless", "[plugin]")
{
    owned it;
    const auto before = it.calls.stray_count();
    const auto ticket = it.open();
    for (const std::uintptr_t ctx : {std::uintptr_t(0), ~std::uintptr_t(0), std::uintptr_t(0x7fff'1234'5678)})
        ticket.fn(reinterpret_cast<void*>(ctx), nullptr, nullptr);
    CHECK(it.calls.stray_count() == before + 3);
    CHECK(it.got.count() == 0);
    it.calls.started(ticket, nullptr);
}

TEST_CASE("a cancel is passed on, and a call that completes inside it is released after it", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.calls.started(ticket, it.block.handle());
    int releases_inside = -1;
    it.block.on_cancel = [&] {
        const coax_error error{sizeof(coax_error), COAX_STATUS_CANCELLED, 0, 0, {nullptr, 0}};
        it.complete(ticket, &error);
        releases_inside = it.block.releases;
    };
    it.calls.cancel(ticket);
    CHECK(it.got.get() == errc::cancelled);
    CHECK(releases_inside == 0);
    CHECK(it.block.releases == 1);
    it.calls.cancel(ticket);
    CHECK(it.block.cancels == 1);
}

TEST_CASE("an abandoned call is not answered; its late completion only frees the block", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.calls.started(ticket, it.block.handle());
    CHECK(it.calls.abandon(ticket));
    it.complete(ticket);
    CHECK(it.got.count() == 0);
    CHECK(it.block.releases == 1);
    CHECK(it.violations() == 0);
}

TEST_CASE("a call that has completed cannot be abandoned", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.complete(ticket);
    CHECK_FALSE(it.calls.abandon(ticket));
    it.calls.started(ticket, nullptr);
    CHECK_FALSE(it.calls.abandon(ticket));
}

TEST_CASE("what is left when an owner closes is answered once, and the plugin is not called any more", "[plugin]")
{
    owned it;
    const auto ticket = it.open();
    it.calls.started(ticket, it.block.handle());
    it.services.close();
    it.complete(ticket);
    CHECK(it.got.count() == 0);
    it.calls.abandon_all(it.services, errc::shutting_down);
    CHECK(it.got.get() == errc::shutting_down);
    it.complete(ticket);
    it.calls.cancel(ticket);
    CHECK(it.got.count() == 1);
    CHECK(it.block.releases == 0);
    CHECK(it.block.cancels == 0);
    CHECK(it.services.refused_count() == 2);
}

TEST_CASE("of eight threads that complete one call, one counts", "[plugin]")
{
    for (int round = 0; round < 50; ++round) {
        owned it;
        const auto ticket = it.open();
        std::vector<std::thread> threads;
        for (int t = 0; t < 8; ++t) threads.emplace_back([&] { it.complete(ticket); });
        it.calls.started(ticket, it.block.handle());
        for (auto& thread : threads) thread.join();
        CHECK(it.got.count() == 1);
        CHECK(it.block.releases == 1);
        CHECK(it.violations() == 7);
    }
}

TEST_CASE("a completion that meets its abandonment is either answered or abandoned, never both", "[plugin]")
{
    for (int round = 0; round < 200; ++round) {
        owned it;
        const auto ticket = it.open();
        it.calls.started(ticket, it.block.handle());
        std::thread completing([&] { it.complete(ticket); });
        const bool is_abandoned = it.calls.abandon(ticket);
        completing.join();
        CHECK(it.got.count() == (is_abandoned ? 0 : 1));
        CHECK(it.block.releases == 1);
    }
}
