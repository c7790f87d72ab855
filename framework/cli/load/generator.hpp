// SPDX-License-Identifier: MIT
#pragma once

#include "load/delivery_audit.hpp"
#include "load/endpoint.hpp"
#include "load/histogram.hpp"
#include "load/message_reader.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace coax::load {

/// A load test that cannot go on: which client, what happened.
class load_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Time now, in nanoseconds of the monotonic clock.
std::uint64_t now_ns() noexcept;

/// Raises the soft limit of open files to the hard one and returns it.
std::size_t raise_file_limit() noexcept;

/// What one or more publications gave; counters add up over calls.
struct delivery_report {
    std::uint64_t publications = 0;
    std::uint64_t deliveries = 0; ///< arrived, right or wrong
    std::uint64_t bytes = 0;      ///< payload bytes of the frames
    std::uint64_t wall_ns = 0;
    delivery_faults faults;
    histogram latency; ///< from just before the command was written to the read that got the message
};

/// Many Action Cable clients on one thread: raw epoll, non-blocking sockets, nothing shared with the servers it measures.
///
/// Every call runs its own loop and returns when the thing is done; between calls nothing is read. All clients subscribe to one identifier.
/// Thread rule: one thread. Errors: throws load_error when a client is refused, rejected, disconnected or a deadline passes;
/// only missing or wrong deliveries are reported instead.
class generator {
public:
    /// `limit` bounds every single wait: a connection's set-up, a publication, a closing.
    explicit generator(endpoint target, std::chrono::milliseconds limit = std::chrono::seconds(60));
    ~generator();
    generator(const generator&) = delete;
    generator& operator=(const generator&) = delete;

    /// Opens `count` more clients, `in_flight` at a time: connect, upgrade, welcome, subscribe, confirmation.
    /// Returns the times from connect to confirmation.
    histogram open(std::size_t count, const std::string& identifier, std::size_t in_flight);

    /// Closes the newest `count` clients with a close frame and waits until the server has closed the sockets.
    void close(std::size_t count);

    std::size_t clients() const noexcept { return clients_.size(); }

    /// Sends one command from client 0 and waits until each of the first `receivers` clients has got `count` messages.
    /// `payloads`: see delivery_audit. What the deadline cuts off is lost.
    void publish(const std::string& command, std::size_t receivers, std::size_t count, std::vector<std::string> payloads, delivery_report& report);

    /// Only listens for `time`. Returns the number of messages other than pings that came.
    std::uint64_t idle(std::chrono::milliseconds time);

    std::uint64_t pings() const noexcept { return pings_; }

private:
    enum class stage : std::uint8_t { connecting, upgrading, welcoming, confirming, open, closing, closed };

    struct client {
        int fd = -1;
        stage at = stage::connecting;
        bool wants_write = false;
        std::uint64_t started_ns = 0;
        message_reader reader;
        std::string out;  // what the socket did not take yet
        std::string head; // the HTTP response while it is incomplete
    };

    template <class Done>
    bool run(Done done, std::uint64_t deadline_ns);
    void start_client();
    void on_ready(std::size_t index, std::uint32_t events);
    void on_connected(std::size_t index);
    void on_readable(std::size_t index);
    void on_bytes(std::size_t index, std::string_view bytes);
    void on_head(std::size_t index, std::string_view bytes);
    void on_frame(std::size_t index, message_reader::kind kind, std::string_view text);
    void on_text(std::size_t index, std::string_view text);
    void on_end(std::size_t index, const std::string& why);
    void send_frame(std::size_t index, client_frame code, std::string_view payload);
    void flush(std::size_t index);
    void watch(std::size_t index, bool write);
    [[noreturn]] void fail(std::size_t index, const std::string& what) const;
    std::uint64_t deadline() const noexcept;
    std::uint32_t next_mask() noexcept;

    endpoint target_;
    std::chrono::milliseconds limit_;
    int epoll_ = -1;
    std::deque<client> clients_;
    std::vector<char> scratch_;
    std::string request_;
    std::string subscribe_;
    std::size_t confirmed_ = 0;
    std::size_t closed_ = 0;
    std::uint64_t opened_ = 0; // ever; picks the source address
    std::uint64_t pings_ = 0;
    std::uint64_t woken_ns_ = 0;
    std::uint32_t mask_state_ = 0x9e3779b9;
    histogram confirm_times_;
    delivery_audit audit_;
    delivery_report* report_ = nullptr;
    std::uint64_t published_ns_ = 0;
};

} // namespace coax::load
