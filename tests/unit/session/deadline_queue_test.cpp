// SPDX-License-Identifier: MIT
#include "session/deadline_queue.hpp"

#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace std::chrono_literals;

namespace {

using coax::deadline_queue;

constexpr deadline_queue::time_point start{};

struct fixture {
    int changes = 0;
    std::string made;
    deadline_queue queue{[this] { ++changes; }};

    deadline_queue::key add(std::chrono::milliseconds after, char name)
    {
        return queue.add(start + after, [this, name] { made += name; });
    }
};

} // namespace

TEST_CASE("an empty queue has no next time and makes no call", "[deadline_queue]")
{
    fixture f;
    CHECK_FALSE(f.queue.next());
    f.queue.run(start + 1h);
    CHECK(f.made.empty());
}

TEST_CASE("calls are made in the order of their times, those of one time in the order added", "[deadline_queue]")
{
    fixture f;
    f.add(3ms, 'd');
    f.add(1ms, 'a');
    f.add(2ms, 'b');
    f.add(2ms, 'c');
    CHECK(f.queue.next() == start + 1ms);
    f.queue.run(start + 10ms);
    CHECK(f.made == "abcd");
    CHECK_FALSE(f.queue.next());
}

TEST_CASE("a call is made at its time, neither before nor twice", "[deadline_queue]")
{
    fixture f;
    f.add(2ms, 'a');
    f.add(3ms, 'b');
    f.queue.run(start + 1ms);
    CHECK(f.made.empty());
    f.queue.run(start + 2ms);
    CHECK(f.made == "a");
    f.queue.run(start + 2ms);
    CHECK(f.made == "a");
    CHECK(f.queue.next() == start + 3ms);
}

TEST_CASE("a call that was taken back is not made, and taking it back again is nothing", "[deadline_queue]")
{
    fixture f;
    const auto a = f.add(1ms, 'a');
    f.add(1ms, 'b');
    f.queue.cancel(a);
    f.queue.cancel(a);
    f.queue.run(start + 1ms);
    CHECK(f.made == "b");
    f.queue.cancel(a);
    CHECK_FALSE(f.queue.next());
}

TEST_CASE("the timer is set anew only when the earliest time has become earlier", "[deadline_queue]")
{
    fixture f;
    const auto first = f.add(5ms, 'a');
    CHECK(f.changes == 1);
    f.add(7ms, 'b');
    f.add(5ms, 'c');
    CHECK(f.changes == 1);
    f.add(4ms, 'd');
    CHECK(f.changes == 2);
    f.queue.cancel(first);
    CHECK(f.changes == 2);
}

TEST_CASE("a call may take back another that is due in the same run", "[deadline_queue]")
{
    fixture f;
    deadline_queue::key second;
    f.queue.add(start + 1ms, [&] { f.queue.cancel(second); });
    second = f.add(2ms, 'b');
    f.add(3ms, 'c');
    f.queue.run(start + 5ms);
    CHECK(f.made == "c");
}

TEST_CASE("a call may add others: one that is due is made in the same run, a later one waits", "[deadline_queue]")
{
    fixture f;
    f.queue.add(start + 1ms, [&] {
        f.add(2ms, 'a');
        f.add(9ms, 'b');
    });
    f.queue.run(start + 5ms);
    CHECK(f.made == "a");
    CHECK(f.queue.next() == start + 9ms);
}

TEST_CASE("a call may take back itself", "[deadline_queue]")
{
    fixture f;
    deadline_queue::key own;
    own = f.queue.add(start + 1ms, [&] {
        f.queue.cancel(own);
        f.made += 'x';
    });
    f.queue.run(start + 1ms);
    CHECK(f.made == "x");
}

TEST_CASE("a queue without a listener works as well", "[deadline_queue]")
{
    deadline_queue queue({});
    bool made = false;
    queue.add(start + 1ms, [&] { made = true; });
    queue.run(start + 1ms);
    CHECK(made);
}
