// SPDX-License-Identifier: MIT
#include <coax/sdk/plugin.hpp>

#include "plugin/call_awaiter.hpp"
#include "support/catch.hpp"
#include "support/plugin_stage.hpp"

#include <coax/with_timeout.hpp>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

using namespace coax;
using namespace std::chrono_literals;
using coax::testing::answer;
using coax::testing::plugin_stage;

namespace {

/// What an author might write: every way to end an operation, chosen by the stream's name.
class sample_adapter final : public sdk::subscription_adapter {
public:
    sample_adapter(sdk::host host, const boost::json::object& config) : host_(host), never_(host.get_executor())
    {
        sdk::options read(config, "adapter.sample");
        if (read.flag("throw_int", false)) throw 42;
        stop_ = read.text("stop", "");
        start_ = read.text("start", "");
        read.finish();
        never_.expires_at(std::chrono::steady_clock::time_point::max());
        ++alive;
    }
    ~sample_adapter() override { --alive; }

    task<result<void>> start() override
    {
        if (start_ == "fails") throw sdk::failure(errc::adapter_unavailable, "no route to 10.0.0.1", 113);
        if (start_ == "hangs") co_await wait_for_ever();
        host_.connected();
        co_return result<void>();
    }

    task<result<void>> stop(std::chrono::milliseconds) override
    {
        if (stop_ == "throws") throw std::runtime_error("cannot say goodbye");
        if (stop_ == "hangs") co_await wait_for_ever();
        co_return result<void>();
    }

    task<result<void>> subscribe(std::string stream) override
    {
        if (stream == "throws early") throw std::runtime_error("before the coroutine"); // still inside it: lazy
        if (stream == "throws failure") throw sdk::failure(errc::payload_too_large, "8000 bytes are the limit");
        if (stream == "throws system_error") throw boost::system::system_error(make_error_code(errc::overloaded), "busy");
        if (stream == "throws int") throw 7;
        if (stream == "answers code") co_return make_error_code(errc::adapter_unavailable);
        if (stream == "answers system code") co_return make_error_code(boost::system::errc::no_space_on_device);
        if (stream == "hangs") co_await wait_for_ever();
        if (stream == "ignores cancellation") {
            co_await asio::this_coro::throw_if_cancelled(false);
            for (;;) co_await wait_for_ever_quietly();
        }
        if (stream == "thread") is_own_thread = host_.get_executor().running_in_this_thread();
        co_return result<void>();
    }

    /// No coroutine at all: throws before there is one.
    task<result<void>> unsubscribe(std::string) override { throw std::logic_error("not a coroutine"); }

    task<result<void>> publish(std::vector<sdk::message> messages) override
    {
        std::vector<sdk::message_view> views;
        for (const auto& one : messages) views.push_back({one.stream, one.payload});
        host_.deliver(views);
        co_return result<void>();
    }

    static inline std::atomic<int> alive{0};
    static inline std::atomic<bool> is_own_thread{false};

private:
    task<> wait_for_ever()
    {
        auto wait = never_.async_wait(asio::deferred);
        co_await std::move(wait);
    }
    task<> wait_for_ever_quietly()
    {
        auto wait = never_.async_wait(asio::as_tuple(asio::deferred));
        co_await std::move(wait);
    }

    sdk::host host_;
    steady_timer never_;
    std::string stop_;
    std::string start_;
};

constexpr coax_plugin sample = sdk::detail::describe_adapter<sample_adapter>("sample", "1.0.0");

struct running : plugin_stage {
    explicit running(std::string options = "{}") : plugin_stage(sample, std::move(options)) { REQUIRE(start().has_value()); }
};

task<> start_and_give_up(plugin_adapter* adapter)
{
    auto limited = with_timeout(adapter->start(coax::testing::patience), 20ms);
    const auto outcome = co_await std::move(limited);
    CHECK(outcome.error() == errc::timed_out);
    // The cancellation is spent: this task waits like any other.
    steady_timer pause(co_await asio::this_coro::executor, 1ms);
    auto wait = pause.async_wait(asio::deferred);
    co_await std::move(wait);
}

std::string creation_error(std::string options)
{
    try {
        plugin_stage stage(sample, std::move(options));
        return {};
    } catch (const startup_error& error) {
        CHECK(error.exit_code() == 78);
        return error.what();
    }
}

} // namespace

TEST_CASE("an author's coroutine runs on the plugin's own executor and its end reaches the port", "[sdk]")
{
    running it;
    CHECK_FALSE(it.subscribe("thread"));
    CHECK(sample_adapter::is_own_thread);
    REQUIRE(it.events.states().size() == 1);
    CHECK(it.events.states()[0].state == adapter_state::connected);
    CHECK(it.stop().has_value());
}

TEST_CASE("a constructor that throws becomes the plugin's reason for not starting", "[sdk]")
{
    CHECK(creation_error(R"({"typo":1})").find("adapter 'sample' refuses its options: adapter.sample.typo: unknown key") == 0);
    CHECK(creation_error(R"({"throw_int":true})").find("an exception that is no std::exception") != std::string::npos);
    CHECK(creation_error("[]").find("must be a JSON object") != std::string::npos);
    CHECK(creation_error("{").find("refuses its options") != std::string::npos);
    CHECK(sample_adapter::alive == 0);
}

TEST_CASE("a start that fails reports the code and the words", "[sdk]")
{
    plugin_stage it(sample, R"({"start":"fails"})");
    const auto outcome = it.start();
    REQUIRE(outcome.has_error());
    CHECK(outcome.error() == errc::adapter_unavailable);
    CHECK(it.adapter->failure() == "no route to 10.0.0.1");
    CHECK(it.stop().has_value());
}

TEST_CASE("a start that hangs is cancelled at its limit", "[sdk]")
{
    plugin_stage it(sample, R"({"start":"hangs"})");
    const auto outcome = it.start(20ms);
    REQUIRE(outcome.has_error());
    CHECK(outcome.error() == errc::timed_out);
    CHECK(it.metrics.value("plugin_calls_abandoned_total") == 0);
    CHECK(it.stop().has_value());
}

TEST_CASE("a start whose task is cancelled asks the plugin to cancel and ends soon", "[sdk]")
{
    plugin_stage it(sample, R"({"start":"hangs"})");
    const auto began = std::chrono::steady_clock::now();
    coax::testing::run_test(start_and_give_up(it.adapter.get()));
    CHECK(std::chrono::steady_clock::now() - began < abandon_after);
    CHECK(it.metrics.value("plugin_calls_abandoned_total") == 0);
    CHECK(it.stop().has_value());
}

TEST_CASE("whatever leaves an author's coroutine becomes an error of that operation only", "[sdk]")
{
    running it;
    CHECK(it.subscribe("throws early") == errc::plugin_failed);
    CHECK(it.adapter->failure() == "before the coroutine");
    CHECK(it.subscribe("throws failure") == errc::payload_too_large);
    CHECK(it.adapter->failure() == "8000 bytes are the limit");
    CHECK(it.subscribe("throws system_error") == errc::overloaded);
    CHECK(it.subscribe("throws int") == errc::plugin_failed);
    CHECK(it.subscribe("answers code") == errc::adapter_unavailable);
    CHECK(it.subscribe("answers system code") == errc::plugin_failed);
    CHECK(it.adapter->failure().find("No space left") != std::string::npos);
    CHECK(it.unsubscribe("x") == errc::plugin_failed);
    CHECK(it.adapter->failure() == "not a coroutine");
    CHECK_FALSE(it.subscribe("fine"));
    CHECK(it.metrics.value("plugin_calls_failed_total") == 7);
    CHECK(it.metrics.value("plugin_violations_total") == 0);
    CHECK(it.stop().has_value());
}

TEST_CASE("at stop pending operations are cancelled and answered before it completes", "[sdk]")
{
    running it;
    const answer first;
    const answer second;
    it.adapter->subscribe("hangs", first.callback());
    it.adapter->subscribe("hangs", second.callback());
    CHECK(it.stop().has_value());
    CHECK(first.get() == errc::cancelled);
    CHECK(second.get() == errc::cancelled);
    CHECK(first.count() == 1);
    CHECK(it.adapter->refused_count() == 0);
    it.adapter.reset();
    CHECK(sample_adapter::alive == 0);
}

TEST_CASE("a coroutine that ignores its cancellation is answered at the limit of stop, and its instance is kept", "[sdk]")
{
    const int before = sample_adapter::alive;
    {
        running it;
        const answer got;
        it.adapter->subscribe("ignores cancellation", got.callback());
        CHECK(it.stop(50ms).has_value());
        CHECK(got.get() == errc::cancelled);
        CHECK(got.count() == 1);
        CHECK(it.sink->count("plugin.coroutine_left") == 1);
    }
    CHECK(sample_adapter::alive == before + 1);
    sample_adapter::alive = before;
}

TEST_CASE("a stop that throws is an error with words, and the instance is still destroyed", "[sdk]")
{
    running it(R"({"stop":"throws"})");
    const auto outcome = it.stop();
    REQUIRE(outcome.has_error());
    CHECK(outcome.error() == errc::plugin_failed);
    CHECK(it.adapter->failure() == "cannot say goodbye");
    it.adapter.reset();
    CHECK(sample_adapter::alive == 0);
}

TEST_CASE("a stop that hangs is cancelled a little after its limit", "[sdk]")
{
    running it(R"({"stop":"hangs"})");
    const auto outcome = it.stop(20ms);
    REQUIRE(outcome.has_error());
    CHECK(outcome.error() == errc::timed_out);
    it.adapter.reset();
    CHECK(sample_adapter::alive == 0);
}

TEST_CASE("invariant 7: after stop the port refuses at once, and stop before start is not needed to destroy", "[sdk]")
{
    running it;
    CHECK(it.stop().has_value());
    CHECK(it.subscribe("fine") == errc::shutting_down);
    CHECK(it.publish({{"a", "1"}}) == errc::shutting_down);
    plugin_stage never_started(sample);
    never_started.adapter.reset();
    CHECK(sample_adapter::alive == 1);
}

TEST_CASE("the port checks stream names and empty batches itself", "[sdk]")
{
    running it;
    CHECK(it.subscribe("") == errc::invalid_argument);
    CHECK(it.subscribe(std::string(256, 's')) == errc::invalid_argument);
    CHECK_FALSE(it.subscribe(std::string(255, 's')));
    CHECK(it.publish({{"a", "1"}, {"", "2"}}) == errc::invalid_argument);
    CHECK_FALSE(it.publish({}));
    CHECK(it.events.batches().empty());
    CHECK(it.stop().has_value());
}

TEST_CASE("a batch of any size reaches the plugin whole and comes back in one delivery", "[sdk]")
{
    running it;
    for (const std::size_t size : {1u, 16u, 17u, 1000u}) {
        std::vector<broadcast_message> messages;
        for (std::size_t i = 0; i < size; ++i) messages.push_back({"s" + std::to_string(i % 3), std::to_string(i)});
        CHECK_FALSE(it.publish(messages));
        const auto batch = it.events.batches().back();
        REQUIRE(batch.size() == size);
        CHECK(batch.back().payload == std::to_string(size - 1));
    }
    CHECK(it.events.batches().size() == 4);
    CHECK(it.stop().has_value());
}

TEST_CASE("publications of one thread reach the plugin in order", "[sdk]")
{
    running it;
    constexpr int count = 500;
    for (int i = 0; i < count; ++i) it.adapter->publish({{"a", std::to_string(i)}}, {});
    const auto batches = it.events.wait_batches(count);
    for (int i = 0; i < count; ++i) REQUIRE(batches[static_cast<std::size_t>(i)].at(0).payload == std::to_string(i));
    CHECK(it.stop().has_value());
}

TEST_CASE("eight threads may use the port while it stops, and every completion comes once", "[sdk]")
{
    running it;
    constexpr int threads = 8;
    constexpr int calls = 200;
    std::vector<std::vector<answer>> answers(threads);
    std::vector<std::thread> running_threads;
    for (auto& mine : answers) {
        mine.resize(calls);
        for (auto& one : mine) one = answer();
        running_threads.emplace_back([&it, &mine] {
            for (std::size_t i = 0; i < mine.size(); ++i) {
                if (i % 2 == 0)
                    it.adapter->publish({{"a", "1"}}, mine[i].callback());
                else
                    it.adapter->subscribe("a", mine[i].callback());
            }
        });
    }
    it.events.wait_batches(1);
    CHECK(it.stop().has_value());
    for (auto& thread : running_threads) thread.join();
    for (const auto& mine : answers)
        for (const auto& one : mine) {
            const auto error = one.get();
            CHECK((!error || error == errc::shutting_down || error == errc::cancelled));
            CHECK(one.count() == 1);
        }
    CHECK(it.metrics.value("plugin_violations_total") == 0);
}

TEST_CASE("a hundred rounds of create and destroy leave no adapter behind", "[sdk]")
{
    for (int i = 0; i < 100; ++i) {
        plugin_stage stage(sample);
        if (i % 2 == 0) continue;
        REQUIRE(stage.start().has_value());
        REQUIRE(stage.stop().has_value());
    }
    CHECK(sample_adapter::alive == 0);
}
