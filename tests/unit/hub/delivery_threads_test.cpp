// SPDX-License-Identifier: MIT
#include "test_node.hpp"

#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace {

using namespace coax;
using test::recording_subscriber;
using test::texts;

constexpr unsigned shard_count = 4;
constexpr unsigned stream_count = 3;
constexpr unsigned publishers = 8;
constexpr unsigned each = 400;

std::string name(unsigned stream) { return "stream " + std::to_string(stream); }

std::string payload(unsigned publisher, unsigned number)
{
    return R"({"t":)" + std::to_string(publisher) + R"(,"i":)" + std::to_string(number) + "}";
}

/// Lets the test wait until something has happened so many times.
class countdown {
public:
    explicit countdown(unsigned count) : left_(count) {}
    void arrive()
    {
        const std::lock_guard guard(mutex_);
        if (--left_ == 0) changed_.notify_one();
    }
    bool wait()
    {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(30), [this] { return left_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned left_;
};

/// One shard with its own thread and a run loop that sleeps until it is woken.
class running_shard {
public:
    running_shard(hub& node, metric_registry& metrics, unsigned index) : shard_(node, settings(index), metrics, [this] { wake(); })
    {
        node.add_shard(shard_);
    }

    void start() { thread_ = std::thread([this] { run(); }); }
    /// Ends after everything that came before this call has been sent: the inner call runs a turn later than the outer one.
    void stop()
    {
        shard_.post([this] {
            shard_.post([this] {
                handles_.clear();
                is_stopping_ = true;
            });
        });
        thread_.join();
    }
    const texts& sent(unsigned stream) const { return listeners_[stream].sent; }
    hub_shard& shard() { return shard_; }

    /// On the shard's thread.
    void join_all(countdown& ready)
    {
        const listener_key key{"\"a\"", &json_codec(), false};
        for (unsigned i = 0; i < stream_count; ++i)
            handles_.push_back(shard_.join(name(i), listeners_[i], key, false, [&ready](error_code) { ready.arrive(); }));
    }

private:
    static hub_shard::options settings(unsigned index)
    {
        hub_shard::options chosen;
        chosen.index = index;
        return chosen;
    }
    void wake()
    {
        const std::lock_guard guard(mutex_);
        is_woken_ = true;
        changed_.notify_one();
    }
    void run()
    {
        while (!is_stopping_) {
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [this] { return is_woken_; });
                is_woken_ = false;
            }
            shard_.drain();
            shard_.flush();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_woken_ = false;
    bool is_stopping_ = false; // the shard's thread only
    hub_shard shard_;
    std::array<recording_subscriber, stream_count> listeners_;
    std::vector<stream_handle> handles_;
    std::thread thread_;
};

} // namespace

TEST_CASE("N3: what eight threads deliver at once comes to all shards in one order per stream, whole", "[hub][threads]")
{
    metric_registry metrics;
    hub node(metrics, logger());
    local_adapter local(node);
    node.use_adapter(local);
    std::vector<std::unique_ptr<running_shard>> shards;
    for (unsigned i = 0; i < shard_count; ++i) shards.push_back(std::make_unique<running_shard>(node, metrics, i));
    countdown ready(shard_count * stream_count);
    for (auto& one : shards) {
        one->start();
        one->shard().post([&ready, shard = one.get()] { shard->join_all(ready); });
    }
    const bool all_joined = ready.wait();

    std::vector<std::thread> threads;
    for (unsigned t = 0; t < publishers; ++t) {
        threads.emplace_back([&node, t] {
            for (unsigned i = 0; i < each; ++i) {
                std::vector<broadcast_message> batch;
                for (unsigned stream = 0; stream < stream_count; ++stream)
                    batch.push_back({name(stream), payload(t, i)});
                node.publish(std::move(batch), {});
            }
        });
    }
    for (auto& thread : threads) thread.join();
    for (auto& one : shards) one->stop();

    REQUIRE(all_joined);
    for (unsigned stream = 0; stream < stream_count; ++stream) {
        const auto& first = shards[0]->sent(stream);
        CHECK(first.size() == publishers * each);
        for (unsigned i = 1; i < shard_count; ++i) CHECK(shards[i]->sent(stream) == first);
        for (unsigned t = 0; t < publishers; ++t) {
            texts expected, got;
            for (unsigned i = 0; i < each; ++i) expected.push_back(test::data("a", payload(t, i)));
            for (const auto& text : first)
                if (text.find(R"("t":)" + std::to_string(t) + ",") != text.npos) got.push_back(text);
            CHECK(got == expected);
        }
    }
}
