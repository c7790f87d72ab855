// SPDX-License-Identifier: MIT
#include <coax/task_group.hpp>
#include <coax/testing/run_test.hpp>

#include "support/catch.hpp"
#include "test_event.hpp"

#include <boost/asio/this_coro.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using coax::executor;
using coax::task;
using coax::task_group;
using coax::test_event;
using coax::testing::run_test;
namespace asio = boost::asio;

namespace {

using lines = std::vector<std::string>;

task<> wait_and_note(test_event& event, lines& log, std::string name)
{
    const bool happened = co_await event.wait();
    log.push_back(name + (happened ? " happened" : " cancelled"));
}

task<> note_join(task_group& group, lines& log, std::string name)
{
    co_await group.join();
    log.push_back(std::move(name));
}

task<> yield()
{
    const auto where = co_await asio::this_coro::executor;
    co_await asio::post(where, asio::deferred);
}

task<> fail(std::string what)
{
    co_await yield();
    throw std::runtime_error(what);
}

task_group::error_handler unexpected()
{
    return [](std::string_view name, std::exception_ptr) { FAIL("an exception escaped from " << name); };
}

} // namespace

TEST_CASE("join of a group without children completes at once", "[task_group]")
{
    run_test([]() -> task<> {
        task_group group(co_await asio::this_coro::executor, unexpected());
        co_await group.join();
        CHECK(group.empty());
    }());
}

TEST_CASE("join completes only after the last child has ended", "[task_group]")
{
    run_test([]() -> task<> {
        const auto where = co_await asio::this_coro::executor;
        lines log;
        test_event first(where);
        test_event second(where);
        task_group group(where, unexpected());
        task_group observers(where, unexpected());
        group.spawn("first", wait_and_note(first, log, "first"));
        group.spawn("second", wait_and_note(second, log, "second"));
        observers.spawn("joiner", note_join(group, log, "joined"));
        co_await yield();
        CHECK(group.size() == 2);

        first.set();
        co_await yield();
        co_await yield();
        CHECK(log == lines{"first happened"});

        second.set();
        co_await observers.join();
        CHECK(log == lines{"first happened", "second happened", "joined"});
    }());
}

TEST_CASE("everybody who waits in join is resumed", "[task_group]")
{
    run_test([]() -> task<> {
        const auto where = co_await asio::this_coro::executor;
        lines log;
        test_event event(where);
        task_group group(where, unexpected());
        task_group observers(where, unexpected());
        group.spawn("child", wait_and_note(event, log, "child"));
        observers.spawn("one", note_join(group, log, "one"));
        observers.spawn("two", note_join(group, log, "two"));
        co_await yield();
        event.set();
        co_await observers.join();
        CHECK(log == lines{"child happened", "one", "two"});
    }());
}

TEST_CASE("cancel ends children that wait, and their ends are still awaited", "[task_group]")
{
    run_test([]() -> task<> {
        const auto where = co_await asio::this_coro::executor;
        lines log;
        test_event never(where);
        task_group group(where, unexpected());
        group.spawn("a", wait_and_note(never, log, "a"));
        group.spawn("b", wait_and_note(never, log, "b"));
        co_await yield();
        group.cancel();
        CHECK(group.size() == 2);
        co_await group.join();
        CHECK(log == lines{"a cancelled", "b cancelled"});
    }());
}

TEST_CASE("an exception that escapes a child is reported with the task's name, and the others go on", "[task_group]")
{
    run_test([]() -> task<> {
        const auto where = co_await asio::this_coro::executor;
        lines log;
        lines errors;
        test_event event(where);
        task_group group(where, [&errors](std::string_view name, std::exception_ptr error) {
            try {
                std::rethrow_exception(error);
            } catch (const std::exception& failure) {
                errors.push_back(std::string(name) + ": " + failure.what());
            }
        });
        group.spawn("survivor", wait_and_note(event, log, "survivor"));
        group.spawn("reader", fail("broken"));
        co_await yield();
        co_await yield();
        co_await yield();
        CHECK(errors == lines{"reader: broken"});
        CHECK(group.size() == 1);
        event.set();
        co_await group.join();
        CHECK(log == lines{"survivor happened"});
    }());
}

namespace {

task<> spawn_another(task_group& group, test_event& event, lines& log)
{
    co_await yield();
    group.spawn("grandchild", wait_and_note(event, log, "grandchild"));
}

} // namespace

TEST_CASE("join waits for a child that another child spawned meanwhile", "[task_group]")
{
    run_test([]() -> task<> {
        const auto where = co_await asio::this_coro::executor;
        lines log;
        test_event event(where);
        task_group group(where, unexpected());
        task_group observers(where, unexpected());
        group.spawn("child", spawn_another(group, event, log));
        observers.spawn("joiner", note_join(group, log, "joined"));
        for (int turn = 0; turn < 5; ++turn) co_await yield();
        CHECK(log.empty());
        event.set();
        co_await observers.join();
        CHECK(log == lines{"grandchild happened", "joined"});
    }());
}

TEST_CASE("join goes on waiting when a child is spawned after the group ran empty but before the waiter resumed", "[task_group]")
{
    run_test([]() -> task<> {
        const auto where = co_await asio::this_coro::executor;
        lines log;
        test_event event(where);
        // The handler runs in the very moment in which the group runs empty and its waiters are about to be posted.
        task_group* self = nullptr;
        task_group group(where, [&](std::string_view, std::exception_ptr) {
            asio::post(where, [&] { self->spawn("late", wait_and_note(event, log, "late")); });
        });
        self = &group;
        task_group observers(where, unexpected());
        group.spawn("failing", fail("first"));
        observers.spawn("joiner", note_join(group, log, "joined"));
        for (int turn = 0; turn < 8; ++turn) co_await yield();
        CHECK(log.empty());
        event.set();
        co_await observers.join();
        CHECK(log == lines{"late happened", "joined"});
    }());
}

TEST_CASE("cancelling who waits in join does not let it go on while a child lives", "[task_group]")
{
    run_test([]() -> task<> {
        const auto where = co_await asio::this_coro::executor;
        lines log;
        test_event event(where);
        task_group group(where, unexpected());
        task_group observers(where, [](std::string_view, std::exception_ptr) {});
        group.spawn("child", wait_and_note(event, log, "child"));
        observers.spawn("joiner", note_join(group, log, "joined"));
        co_await yield();
        observers.cancel();
        for (int turn = 0; turn < 5; ++turn) co_await yield();
        CHECK(observers.size() == 1);
        CHECK(log.empty());
        event.set();
        co_await observers.join();
        REQUIRE(!log.empty());
        CHECK(log.front() == "child happened");
    }());
}
