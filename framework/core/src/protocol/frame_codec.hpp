// SPDX-License-Identifier: MIT
#pragma once

#include <coax/shared_payload.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace coax {

/// RFC 6455 opcodes.
enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// RFC 6455 7.4.1 codes that we send or record; `none` and `abnormal` never go on the wire.
enum class close_code : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    none = 1005,
    abnormal = 1006,
    invalid_payload = 1007,
    policy_violation = 1008,
    message_too_big = 1009,
    internal_error = 1011,
    service_restart = 1012,
};

class inflater;

/// Limits and options of one connection's incoming side.
struct frame_limits {
    std::size_t max_message_size = 64 * 1024; ///< summed over fragments, after inflation
    inflater* inflate = nullptr;              ///< the shard's inflater where permessage-deflate was negotiated, else null
};

/// One thing that the peer said.
struct frame_event {
    enum class kind : std::uint8_t {
        none,    ///< the input is used up
        text,    ///< a whole message; `payload` is valid UTF-8
        binary,  ///< a whole message
        ping,    ///< answer with a pong of the same payload
        pong,
        close,   ///< the peer's close frame: `code` (none if it had no body) and `payload` as reason
        failure, ///< the peer broke the protocol: close with `code`; `payload` is a short reason. Feed nothing more.
    };
    kind what = kind::none;
    std::string_view payload{}; ///< valid until the next call
    close_code code = close_code::none;
};

/// Reads a client's frames, sans-I/O: bytes in, events out.
///
/// Idle, it owns no heap memory: an incomplete frame or message is kept in memory made for what has arrived of it, and freed with it.
/// Works in place: `feed` may unmask inside the given buffer. Text is checked as UTF-8 as it comes, so that a wrong byte is found
/// early (the RFC 6455 way); a compressed message stays compressed until its last fragment, then inflates into at most
/// `max_message_size` bytes (while compressed it may be about an eighth longer: not everything shrinks).
/// Rules checked: masked; RSV; opcodes; control frames whole and at most 125 bytes, allowed between fragments; minimal length
/// encodings; close codes; size. Order of the checks is Beast's, against which it is tested. Stricter than Beast: close codes above
/// 4999 and text whose empty last fragment leaves a character unfinished are refused; broken compressed data closes with 1007.
/// Thread rule: shard-affine.
class frame_decoder {
public:
    frame_decoder() noexcept;
    frame_decoder(frame_decoder&&) noexcept;
    frame_decoder& operator=(frame_decoder&&) noexcept;
    ~frame_decoder();

    /// The next event from `input`, which shrinks by what was consumed. Call again with the rest until `none` or `failure`.
    /// On `none`, `input` is empty: what was incomplete is kept inside.
    frame_event next(std::span<char>& input, const frame_limits& limits);

    /// No incomplete frame or message is held.
    bool is_idle() const noexcept;

private:
    struct header;
    struct partial;

    bool read_header(std::span<char>& input, bool may_compress, header& to);
    void begin_frame(const header& begun);
    frame_event read_payload(std::span<char>& input, const frame_limits& limits);
    frame_event concluded(frame_event event, std::span<char>& input) noexcept;

    std::unique_ptr<partial> partial_; // only while something is incomplete
    bool failed_ = false;
};

/// A whole unmasked frame in one allocation. `compressed`: sets RSV1 (payload is deflated already).
shared_frame encode_frame(opcode code, std::string_view payload, bool compressed = false);

/// The same, with the payload in pieces: `{"identifier":` + id + `,"message":` … without a copy in between.
shared_frame encode_frame(opcode code, std::span<const std::string_view> pieces, bool compressed = false);

/// A close frame; `none` makes an empty body. The reason is cut to 123 bytes at a UTF-8 boundary.
shared_frame encode_close(close_code code, std::string_view reason = {});

} // namespace coax
