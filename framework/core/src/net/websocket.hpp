// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/frame_codec.hpp"
#include "session/transport.hpp"

#include <coax/task.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace coax {

class session;

/// A TCP or unix socket.
using stream_socket = asio::basic_stream_socket<asio::generic::stream_protocol, executor>;

/// An established WebSocket: the bare socket, the frame decoder, and nothing else while it is idle.
///
/// The shard's `serve` coroutine is the reader: it waits for readability, then calls `receive`, which reads into the shard's buffer
/// and hands whole messages to the session. Thread rule: shard-affine.
/// Source: performance.md, variant G.
class websocket final : public transport {
public:
    /// `unread`: bytes that came behind the request.
    websocket(stream_socket socket, std::string unread, frame_limits limits);
    ~websocket() override;

    /// Completes when there is something to read, or the socket is broken.
    auto wait_readable() { return socket_.async_wait(stream_socket::wait_read, asio::as_tuple(asio::deferred)); }
    /// Completes when `resume_reading` or `abort` is called.
    auto wait_resumed()
    {
        return asio::async_initiate<const asio::deferred_t, void()>(
            [this](auto handler) {
                asio::any_completion_handler<void()>(std::move(handler)).swap(resumed_); // Boost 1.81: move assignment never ends
                if (is_resumed_) resume_reading();
            },
            asio::deferred);
    }

    /// Reads once into `scratch` and hands everything whole to `who`. False: the connection has ended.
    bool receive(session& who, std::span<char> scratch, std::size_t& received);
    /// Hands over what was left when `who` did not want more, and what came with the request.
    void hand_over_unread(session& who);
    bool has_unread() const noexcept { return !unread_.empty(); }
    /// Before `hand_over_unread` and a wait: forgets an earlier resume.
    void pause() noexcept { is_resumed_ = false; }

    // transport
    std::size_t send(std::span<const std::string_view> pieces, error_code& error) noexcept override;
    void wait_writable() override;
    void resume_reading() override;
    void shut_down_sending() noexcept override;
    void abort() noexcept override;

    /// Who is called when the socket becomes writable.
    void attach(session& who) noexcept { who_ = &who; }

private:
    struct write_wait;
    void hand_over(session& who, std::span<char> bytes);

    stream_socket socket_;
    frame_decoder decoder_;
    frame_limits limits_;
    std::string unread_;
    session* who_ = nullptr;
    std::shared_ptr<write_wait> write_wait_; // the pending handler's way back, cut when this goes
    asio::any_completion_handler<void()> resumed_;
    bool is_resumed_ = false;
};

/// Sends without waiting; bytes taken, 0 if none can be now. Shared with the handshake's answers.
std::size_t send_some(int socket, std::span<const std::string_view> pieces, error_code& error) noexcept;

} // namespace coax
