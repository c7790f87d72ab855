// SPDX-License-Identifier: MIT
#pragma once

#include "controller/native_controller.hpp"
#include "hub/hub.hpp"
#include "protocol/deflate.hpp"
#include "session/heartbeat.hpp"
#include "session/session_table.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax::test {

using strings = std::vector<std::string>;

/// What a session does with its socket, and what the socket does to it. Outlives the session.
struct wire {
    static constexpr std::size_t never = 0, unlimited = static_cast<std::size_t>(-1);

    std::string bytes;               ///< taken so far
    std::size_t sends = 0;
    std::size_t room = unlimited;    ///< bytes it takes before it blocks
    std::size_t fail_at = never;     ///< the send with this number fails
    std::size_t narrow_at = never;   ///< the send with this number takes `narrow_size` bytes at most
    std::size_t narrow_size = 0;
    bool awaits_writable = false;
    bool is_double_wait = false;     ///< a second wait while one was outstanding
    int resumed = 0;
    bool is_shut = false;
    bool is_aborted = false;
};

/// Adapter that acknowledges at once, or when told; a message published comes back at once.
class told_adapter final : public adapter_port {
public:
    explicit told_adapter(adapter_events& events) : events_(events) {}

    void subscribe(std::string stream, completion done) override;
    void unsubscribe(std::string stream, completion done) override;
    void publish(std::vector<broadcast_message> messages, completion done) override;

    /// Answers what is asked for `stream`; false if nothing is.
    bool acknowledge(const std::string& stream, error_code error = {});

    bool is_holding = false;
    strings asked;                   ///< `+news` for subscribe, `-news` for unsubscribe

private:
    adapter_events& events_;
    std::map<std::string, completion> held_;
};

class captured_log final : public log_sink {
public:
    void write(const log_event& event) noexcept override;
    /// How many lines contain all of `parts`; a line is `level event key=value …`.
    std::size_t count(std::initializer_list<std::string_view> parts) const;
    bool has(std::initializer_list<std::string_view> parts) const { return count(parts) > 0; }
    strings lines;
};

class session_world;

/// A client at the other end of a fake socket.
class client {
public:
    client(session_world& world, session_context& context, session_start start);

    void text(std::string_view message);
    void subscribe(const std::string& identifier);
    void unsubscribe(const std::string& identifier);
    /// A message whose data asks the script channel to `run` these steps.
    void perform(const std::string& identifier, const std::string& steps);
    void message(const std::string& identifier, const std::string& data);

    /// What came since the last call, in short: `welcome`, `confirm a`, `reject a`, `a: "payload"`, `disconnect reason reconnect`,
    /// `close 1000 text`, `pong payload`, `deflated a: …`, anything else as it is.
    strings said();
    /// The bytes of the last frame that `said` returned.
    const std::string& last_frame() const noexcept { return last_frame_; }
    /// Bytes of a frame that has not come whole.
    std::size_t unfinished() const noexcept { return socket.bytes.size() - parsed_; }

    /// The socket takes bytes again.
    void writable(std::size_t room = wire::unlimited);
    /// Starts `finish` and lets everything run; true when it has ended.
    bool finish();
    bool is_finished() const noexcept { return is_finished_; }
    /// Destroys a finished session.
    void destroy();

    wire socket;
    session* who = nullptr;
    bool is_destroyed_at_end = false; ///< by the handler in which `finish` ends, as the server does it

private:
    session_world& world_;
    std::size_t parsed_ = 0;
    std::string last_frame_;
    bool is_finishing_ = false;
    bool is_finished_ = false;
};

/// A hub, one shard, an adapter, native channels and time, all driven by the test's thread; no sockets.
///
/// Channel `Script` does what its identifier says: `in` lists the steps of `subscribed`, `out` those of `unsubscribed`, and an
/// action's data those of `run`. Steps are separated by spaces:
/// `stream:a try:a stop:a stop_all reject throw:x throw_int wait:g transmit:x raw:x big:n broadcast:a=x close:reason note:x`, and for
/// the connection `wait:g throw:x unauthorized close:reason identify:n=v send:x`. `wait:g` waits until the test calls
/// `open_gate("g")`; `try:a` is `stream:a` that goes on after an error.
class session_world {
public:
    session_world();
    ~session_world();

    /// A session with the given start, opened.
    client& connect(session_start start = {});
    /// The same, without `open`; `with` a context other than the world's.
    client& accept(session_start start = {}, session_context* with = nullptr);
    void publish(const std::string& stream, const std::string& payload);
    void open_gate(const std::string& name);
    task<> wait_gate(std::string name);
    /// Runs the loop until nothing is left to do.
    void turn();
    void advance(std::chrono::milliseconds by);
    std::int64_t metric(std::string_view name) const { return metrics.value(name); }
    /// No session holds anything in the hub.
    bool is_hub_empty() const { return shard.member_count() == 0 && shard.stream_count() == 0 && node.stream_count() == 0; }

    std::unique_ptr<coax::connection> make_connection();

    asio::io_context io{1};
    std::chrono::steady_clock::time_point now{std::chrono::hours(1000)};
    metric_registry metrics;
    std::shared_ptr<captured_log> log = std::make_shared<captured_log>();
    hub node;
    told_adapter adapter;
    bool is_woken = false;
    hub_shard shard;
    deadline_queue deadlines{[] {}};
    node_load load;
    deflater compressor;
    channel_registry channels;
    native_controller controller;
    session_context context;
    session_table sessions;

    std::string on_connect;    ///< steps of the connection's `connect`
    std::string on_disconnect; ///< steps of its `disconnect`
    strings trace;             ///< hooks and actions as they begin: `subscribed a`; and notes
    coax::connection* last_connection = nullptr;

private:
    struct gate;
    std::map<std::string, std::unique_ptr<gate>> gates_;
    std::vector<std::unique_ptr<client>> clients_;
    friend class client;
};

/// The classes that do what the scripts say.
std::vector<channel_description> script_channels(session_world& world);
std::unique_ptr<coax::connection> script_connection_in(session_world& world);

/// Identifier of the script channel, `id` making it distinct.
std::string script(const std::string& id, const std::string& in = {}, const std::string& out = {});

/// A start with what every session needs.
session_start plain_start();

} // namespace coax::test
