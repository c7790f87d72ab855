// SPDX-License-Identifier: MIT
#pragma once

#include <coax/task.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <utility>

namespace coax::testing {

/// Why `run_test` failed, when the test body itself threw nothing.
class test_failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Runs a coroutine test to its end on the calling thread; any test framework reports what it throws.
///
/// Three things fail a test: an exception that escapes `body` (rethrown here as it is), a body that has not ended after `limit`,
/// and work that is still in the context when the body has ended, such as a forgotten timer or an unjoined child.
/// Inside, `co_await asio::this_coro::executor` is the executor of the test.
///
/// Thread rule: one thread; work of other threads must have been waited for by `body`.
/// Errors: test_failure, or what `body` threw. Since 0.1.
inline void run_test(task<> body, std::chrono::steady_clock::duration limit = std::chrono::seconds(10))
{
    asio::io_context context(1);
    bool ended = false;
    std::exception_ptr escaped;
    asio::co_spawn(context.get_executor(), std::move(body), [&](std::exception_ptr error) {
        ended = true;
        escaped = std::move(error);
    });

    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!ended && context.run_one_until(deadline) > 0) {}
    if (escaped) std::rethrow_exception(escaped);
    if (!ended) {
        throw test_failure(context.stopped() ? "the test body waits for something that nobody will ever complete"
                                             : "the test body has not ended within its limit");
    }

    // What is ready may still finish, for instance the handlers that a join has just posted; anything else was forgotten.
    context.poll();
    if (!context.stopped()) throw test_failure("work was left in the context when the test body ended");
}

} // namespace coax::testing
