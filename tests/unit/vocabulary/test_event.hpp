// SPDX-License-Identifier: MIT
#pragma once

#include <coax/task.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

namespace coax {

/// Something that a test makes happen, and that its coroutines wait for. One executor. A wait can be cancelled like any operation.
class test_event {
public:
    explicit test_event(executor where) : timer_(where, steady_timer::time_point::max()) {}

    void set()
    {
        happened_ = true;
        timer_.cancel();
    }

    /// True: it happened. False: the wait was cancelled.
    task<bool> wait()
    {
        if (!happened_) (void)co_await timer_.async_wait(asio::as_tuple(asio::deferred));
        co_return happened_;
    }

private:
    steady_timer timer_;
    bool happened_ = false;
};

} // namespace coax
