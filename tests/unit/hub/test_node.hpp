// SPDX-License-Identifier: MIT
#pragma once

#include "hub/hub.hpp"
#include "hub/local_adapter.hpp"
#include "protocol/codec.hpp"

#include <coax/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax::test {

/// Keeps what the hub asks for; the test answers.
class manual_adapter final : public adapter_port {
public:
    struct call {
        std::string what; ///< such as `+news` for a subscribe and `-news` for an unsubscribe
        completion done;
    };

    void subscribe(std::string stream, completion done) override { calls.push_back({"+" + stream, std::move(done)}); }
    void unsubscribe(std::string stream, completion done) override { calls.push_back({"-" + stream, std::move(done)}); }
    void publish(std::vector<broadcast_message> messages, completion done) override
    {
        published.push_back(std::move(messages));
        done({});
    }

    /// Answers call `which`, which stays listed.
    void answer(std::size_t which, error_code error = {})
    {
        const auto done = calls.at(which).done; // the answer may add calls
        done(error);
    }
    std::vector<std::string> asked() const
    {
        std::vector<std::string> all;
        for (const auto& one : calls) all.push_back(one.what);
        return all;
    }

    std::vector<call> calls;
    std::vector<std::vector<broadcast_message>> published;
};

/// A session reduced to what it was given; its socket takes everything.
class recording_subscriber final : public subscriber {
public:
    struct block {
        std::size_t frames;
        bool is_contiguous;
    };

    void deliver(const frame_block& given) override
    {
        blocks.push_back({given.frames.size(), !given.contiguous.empty()});
        std::string joined;
        for (const auto& frame : given.frames) joined += frame.view();
        bytes_agree &= joined.size() == given.bytes && (given.contiguous.empty() || given.contiguous == joined);
        enqueue(given.frames);
        send();
    }
    void enqueue(std::span<const shared_frame> frames) override
    {
        for (const auto& frame : frames) push(text_of(frame));
    }
    void flush() override
    {
        ++flushes;
        send();
    }
    void overflowed() override { ++overflows; }

    /// Behind what waits.
    void push(std::string text) { waiting.push_back(std::move(text)); }

    /// The text of an unmasked frame.
    static std::string text_of(const shared_frame& frame)
    {
        const auto view = frame.view();
        const auto size = static_cast<unsigned char>(view[1]);
        return std::string(view.substr(size < 126 ? 2u : size == 126 ? 4u : 10u));
    }

    std::vector<std::string> waiting;
    std::vector<std::string> sent;
    std::vector<block> blocks;
    int flushes = 0;
    int overflows = 0;
    bool bytes_agree = true;

private:
    void send()
    {
        for (auto& text : waiting) sent.push_back(std::move(text));
        waiting.clear();
    }
};

/// The data frame's text for identifier `a` and so on, written out.
inline std::string data(std::string_view identifier, std::string_view payload)
{
    return R"({"identifier":")" + std::string(identifier) + R"(","message":)" + std::string(payload) + "}";
}

/// A hub with shards, all driven by the test's thread, and the local adapter until another is used.
struct test_node {
    explicit test_node(unsigned shard_count = 1, hub_shard::options settings = {}, logger log = {}) : node(metrics, std::move(log))
    {
        node.use_adapter(local);
        wakes.resize(shard_count);
        for (unsigned i = 0; i < shard_count; ++i) {
            settings.index = i;
            shards.push_back(std::make_unique<hub_shard>(node, settings, metrics, [this, i] { ++wakes[i]; }));
            node.add_shard(*shards.back());
        }
    }

    hub_shard& shard(std::size_t i = 0) { return *shards[i]; }

    void drain()
    {
        for (auto& one : shards) one->drain();
    }
    void turn()
    {
        drain();
        for (auto& one : shards) one->flush();
    }

    void publish(std::string stream, std::string payload)
    {
        std::vector<broadcast_message> one;
        one.push_back({std::move(stream), std::move(payload)});
        node.publish(std::move(one), [this](error_code error) { last_error = error; });
    }
    /// As an adapter with its own thread would.
    std::size_t deliver(std::string_view stream, std::string_view payload)
    {
        const delivered_message message{stream, payload, {}};
        return node.deliver({&message, 1});
    }

    /// Joins with the quoted identifier `"a"` and so on.
    stream_handle join(std::string_view stream, subscriber& who, std::string_view identifier = "a", std::size_t on = 0, bool held = false,
                       std::function<void(error_code)> ready = [](error_code) {})
    {
        std::string quoted(1, '"');
        quoted.append(identifier).push_back('"');
        const listener_key key{quoted, &json_codec(), false};
        return shards[on]->join(stream, who, key, held, std::move(ready));
    }

    metric_registry metrics;
    hub node;
    local_adapter local{node};
    std::vector<int> wakes;
    std::vector<std::unique_ptr<hub_shard>> shards;
    error_code last_error;
};

using texts = std::vector<std::string>;

} // namespace coax::test
