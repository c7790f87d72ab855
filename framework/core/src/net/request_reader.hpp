// SPDX-License-Identifier: MIT
#pragma once

#include "net/http_request.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace coax {

/// Reads one HTTP/1 request from bytes as they come (sans-I/O). One per accepted socket, thrown away after the request.
///
/// Refused, with the status to answer: 400 malformed (also: no or several `Host`, a target that is neither a path nor
/// an http URL), 413 any body, 431 more than `max_size` bytes, 505 neither HTTP/1.0 nor 1.1.
/// What follows the request belongs to the next protocol and is handed out by `leftover`: a client may send its first
/// frames in the same packet (A9).
class request_reader {
public:
    enum class state { need_more, complete, failed };

    /// `max_size`: bytes of the request line and headers together.
    explicit request_reader(std::size_t max_size);
    ~request_reader();
    request_reader(request_reader&&) noexcept;
    request_reader& operator=(request_reader&&) noexcept;

    /// Takes the next bytes; they are copied. After `complete` and `failed` further bytes are only kept as leftover, or dropped.
    state feed(std::string_view bytes);

    /// The request; valid after `complete`, and may be moved from.
    http_request& request() noexcept;
    /// Bytes behind the request; valid after `complete` and until the next call.
    std::string_view leftover() const noexcept;

    /// What to answer after `failed`.
    unsigned status() const noexcept;
    /// Why, in a few words of our own: fit for the body and the log.
    std::string_view reason() const noexcept;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace coax
