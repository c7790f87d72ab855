// SPDX-License-Identifier: MIT
#pragma once

#include <coax/result.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace coax {

/// What a session needs of its socket. `net/websocket` implements it. Thread rule: shard-affine; never calls back from within.
class transport {
public:
    virtual ~transport() = default;

    /// Sends without waiting; answers how many bytes were taken, 0 if none can be now. An error is final.
    virtual std::size_t send(std::span<const std::string_view> pieces, error_code& error) noexcept = 0;

    /// Has `session::on_writable` called once when the socket takes bytes again. At most one wait is outstanding.
    virtual void wait_writable() = 0;

    /// Reading goes on after `session::wants_reading` was false.
    virtual void resume_reading() = 0;

    /// We have said all: the peer's end of stream is awaited.
    virtual void shut_down_sending() noexcept = 0;

    /// Ends the connection at once; the reader sees it and calls `session::on_lost`.
    virtual void abort() noexcept = 0;
};

} // namespace coax
