// SPDX-License-Identifier: MIT
#pragma once

#include <coax/task.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <functional>
#include <thread>
#include <utility>

namespace coax::sdk {

/// The plugin's own executor and thread: where the author's coroutines run, away from the host's.
///
/// Thread rule: `start` and the destructor on the host's thread; `get_executor` and `stop` from any.
class runtime {
public:
    /// Told of an exception that a handler let out; the loop goes on.
    using error_handler = std::function<void(std::exception_ptr)>;

    runtime() : work_(context_.get_executor()) {}
    runtime(const runtime&) = delete;
    runtime& operator=(const runtime&) = delete;
    /// Ends the thread. Must not run on it. What is left in the context is destroyed without being run.
    ~runtime() { join(); }

    executor get_executor() noexcept { return context_.get_executor(); }

    void start(error_handler on_error)
    {
        thread_ = std::thread([this, on_error = std::move(on_error)] {
            for (;;) {
                try {
                    context_.run();
                    return;
                } catch (...) {
                    on_error(std::current_exception());
                }
            }
        });
    }

    /// Nothing runs any more once the current handler has returned.
    void stop() noexcept { context_.stop(); }

    void join() noexcept
    {
        stop();
        if (thread_.joinable()) thread_.join();
    }

private:
    asio::io_context context_{1};
    asio::executor_work_guard<executor> work_;
    std::thread thread_;
};

} // namespace coax::sdk
