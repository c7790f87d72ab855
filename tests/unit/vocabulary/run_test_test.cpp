// SPDX-License-Identifier: MIT
#include <coax/task_group.hpp>
#include <coax/testing/manual_clock.hpp>
#include <coax/testing/run_test.hpp>

#include "support/catch.hpp"
#include "test_event.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <stdexcept>

using coax::task;
using coax::test_event;
using coax::testing::manual_clock;
using coax::testing::run_test;
using coax::testing::test_failure;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

task<> throwing()
{
    throw std::runtime_error("escaped");
    co_return;
}

task<> waiting_for_ever()
{
    test_event never(co_await asio::this_coro::executor);
    (void)co_await never.wait();
}

task<> forgetting_a_coroutine()
{
    const auto where = co_await asio::this_coro::executor;
    asio::co_spawn(where, waiting_for_ever(), asio::detached);
}

} // namespace

TEST_CASE("run_test passes a test that ends and leaves nothing", "[run_test]")
{
    bool ran = false;
    run_test([](bool& flag) -> task<> {
        const auto where = co_await asio::this_coro::executor;
        co_await asio::post(where, asio::deferred);
        flag = true;
    }(ran));
    CHECK(ran);
}

TEST_CASE("run_test rethrows what escaped from the test", "[run_test]")
{
    CHECK_THROWS_AS(run_test(throwing()), std::runtime_error);
}

TEST_CASE("run_test fails a test that does not end within its limit", "[run_test]")
{
    CHECK_THROWS_AS(run_test(waiting_for_ever(), 5ms), test_failure);
}

TEST_CASE("run_test fails a test that leaves work in the context", "[run_test]")
{
    CHECK_THROWS_AS(run_test(forgetting_a_coroutine()), test_failure);
}

TEST_CASE("a manual clock moves only by hand and never back", "[manual_clock]")
{
    manual_clock clock;
    const auto start = clock.now();
    const auto read = clock.source();
    clock.advance(3s);
    CHECK(clock.now() - start == 3s);
    clock.advance(-1s);
    CHECK(read() - start == 3s);
}
