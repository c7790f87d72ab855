// SPDX-License-Identifier: MIT
#include <coax/task_group.hpp>
#include <coax/testing/run_test.hpp>
#include <coax/with_timeout.hpp>

#include "support/catch.hpp"
#include "test_event.hpp"

#include <stdexcept>
#include <string>

using coax::errc;
using coax::result;
using coax::task;
using coax::task_group;
using coax::test_event;
using coax::testing::run_test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

constexpr auto long_limit = 1h; // a test that needed it would never end

task<result<std::string>> answer(std::string text) { co_return std::move(text); }

task<result<int>> refuse(errc why) { co_return make_error_code(why); }

task<result<int>> explode()
{
    throw std::runtime_error("broken");
    co_return 0;
}

task<result<int>> wait_for(test_event& event, bool& ended)
{
    const bool happened = co_await event.wait();
    ended = true;
    if (!happened) co_return make_error_code(errc::cancelled);
    co_return 1;
}

task<result<void>> wait_throwing()
{
    coax::steady_timer never(co_await asio::this_coro::executor, coax::steady_timer::time_point::max());
    co_await never.async_wait(asio::deferred);
    co_return result<void>();
}

// Finishes what it began: cancellation is noticed and ignored.
task<result<int>> ignore_cancellation(test_event& event)
{
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    (void)co_await event.wait();
    co_return 7;
}

task<> limited_wait(test_event& event, bool& ended, result<int>& out)
{
    co_await asio::this_coro::throw_if_cancelled(false);
    out = co_await coax::with_timeout<int>(wait_for(event, ended), long_limit);
}

task<> set_after(test_event& event, std::chrono::milliseconds delay)
{
    coax::steady_timer timer(co_await asio::this_coro::executor, delay);
    co_await timer.async_wait(asio::deferred);
    event.set();
}

} // namespace

TEST_CASE("work that ends within the limit gives its value, and the limit is not waited for", "[with_timeout]")
{
    run_test([]() -> task<> {
        const auto got = co_await coax::with_timeout<std::string>(answer("done"), long_limit);
        REQUIRE(got.has_value());
        CHECK(*got == "done");
    }());
}

TEST_CASE("an error of the work is passed on as it is", "[with_timeout]")
{
    run_test([]() -> task<> {
        const auto got = co_await coax::with_timeout<int>(refuse(errc::rejected), long_limit);
        REQUIRE(got.has_error());
        CHECK(got.error() == make_error_code(errc::rejected));
    }());
}

TEST_CASE("an exception of the work is rethrown", "[with_timeout]")
{
    run_test([]() -> task<> {
        std::string caught;
        try {
            (void)co_await coax::with_timeout<int>(explode(), long_limit);
        } catch (const std::runtime_error& error) {
            caught = error.what();
        }
        CHECK(caught == "broken");
    }());
}

TEST_CASE("work that is not done at the limit is cancelled, has ended on return, and the result is timed_out", "[with_timeout]")
{
    run_test([]() -> task<> {
        test_event never(co_await asio::this_coro::executor);
        bool ended = false;
        const auto got = co_await coax::with_timeout<int>(wait_for(never, ended), 1ms);
        REQUIRE(got.has_error());
        CHECK(got.error() == make_error_code(errc::timed_out));
        CHECK(got.error() == coax::condition::retryable);
        CHECK(ended);
    }());
}

TEST_CASE("work that answers the cancellation with an exception is timed_out all the same", "[with_timeout]")
{
    run_test([]() -> task<> {
        const auto got = co_await coax::with_timeout<void>(wait_throwing(), 1ms);
        REQUIRE(got.has_error());
        CHECK(got.error() == make_error_code(errc::timed_out));
    }());
}

TEST_CASE("work that ignores cancellation is waited for, and its late value is kept", "[with_timeout]")
{
    run_test([]() -> task<> {
        const auto where = co_await asio::this_coro::executor;
        test_event event(where);
        task_group group(where, {});
        group.spawn("set", set_after(event, 20ms));
        const auto got = co_await coax::with_timeout<int>(ignore_cancellation(event), 1ms);
        REQUIRE(got.has_value());
        CHECK(*got == 7);
        co_await group.join();
    }());
}

TEST_CASE("cancelling the caller cancels the work, which has ended when the caller resumes", "[with_timeout]")
{
    run_test([]() -> task<> {
        const auto where = co_await asio::this_coro::executor;
        test_event never(where);
        bool ended = false;
        result<int> out = 0;
        task_group group(where, {});
        group.spawn("caller", limited_wait(never, ended, out));
        co_await asio::post(where, asio::deferred);
        co_await asio::post(where, asio::deferred);
        group.cancel();
        co_await group.join();
        CHECK(ended);
        REQUIRE(out.has_error());
        CHECK(out.error() == make_error_code(errc::cancelled));
    }());
}
