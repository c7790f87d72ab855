// SPDX-License-Identifier: MIT
#include "protocol/frame_codec.hpp"

#include "protocol/deflate.hpp"
#include "protocol/utf8.hpp"

#include <coax/error.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace coax {

struct frame_decoder::header {
    opcode code = opcode::continuation;
    bool is_final = false;
    bool rsv1 = false;
    std::uint64_t size = 0; // of the payload
    std::array<char, 4> mask{};
    std::size_t header_size = 0; // zero: not all of it is here
    std::string_view error{};    // not empty: broken

    void parse(std::span<const char> bytes, bool in_message, bool may_compress) noexcept;
    std::string_view check(unsigned first, unsigned second, bool in_message, bool may_compress) const noexcept;
};

namespace {

constexpr std::size_t max_header_size = 14;
constexpr std::size_t max_control_size = 125;

constexpr bool is_control(opcode code) noexcept { return (static_cast<unsigned>(code) & 8) != 0; }

std::uint64_t read_big_endian(const char* bytes, std::size_t count) noexcept
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

/// `at`: how much of the frame's payload came before `bytes`.
void unmask(std::span<char> bytes, const std::array<char, 4>& mask, std::uint64_t at) noexcept
{
    std::array<char, 8> key;
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = mask[(at + i) & 3];
    std::uint64_t wide;
    std::memcpy(&wide, key.data(), sizeof wide);

    char* p = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; p += 8, left -= 8) {
        std::uint64_t eight;
        std::memcpy(&eight, p, sizeof eight);
        eight ^= wide;
        std::memcpy(p, &eight, sizeof eight);
    }
    for (std::size_t i = 0; i < left; ++i) p[i] = static_cast<char>(p[i] ^ key[i]);
}

/// The longest that a message of `limit` bytes can be while compressed: an encoder that finds nothing to shorten adds block headers.
std::uint64_t compressed_bound(std::size_t limit) noexcept { return std::uint64_t{limit} + limit / 8 + limit / 64 + 64; }

/// Codes that may be in a close frame: RFC 6455 7.4 and IANA's registrations 1012 and 1013.
constexpr bool is_close_code_allowed(unsigned code) noexcept
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1013) || (code >= 3000 && code <= 4999);
}

frame_event failure(close_code code, std::string_view reason) noexcept { return {frame_event::kind::failure, reason, code}; }

frame_event control_event(opcode code, std::string_view payload) noexcept
{
    if (code == opcode::ping) return {frame_event::kind::ping, payload};
    if (code == opcode::pong) return {frame_event::kind::pong, payload};
    if (payload.empty()) return {frame_event::kind::close};
    if (payload.size() == 1) return failure(close_code::protocol_error, "close code cut short");
    const auto number = static_cast<unsigned>(read_big_endian(payload.data(), 2));
    if (!is_close_code_allowed(number)) return failure(close_code::protocol_error, "close code not allowed");
    payload.remove_prefix(2);
    if (!is_valid_utf8(payload)) return failure(close_code::protocol_error, "close reason is not UTF-8");
    return {frame_event::kind::close, payload, static_cast<close_code>(number)};
}

frame_event data_event(bool is_text, bool is_compressed, std::string_view payload, const frame_limits& limits)
{
    if (is_compressed) {
        const auto inflated = limits.inflate->inflate(payload, limits.max_message_size);
        if (!inflated)
            return inflated.error() == errc::payload_too_large ? failure(close_code::message_too_big, "message too big")
                                                               : failure(close_code::invalid_payload, "compressed data is broken");
        payload = *inflated;
        if (is_text && !is_valid_utf8(payload)) return failure(close_code::invalid_payload, "text is not UTF-8");
    }
    return {is_text ? frame_event::kind::text : frame_event::kind::binary, payload};
}

std::string_view view(std::span<const char> bytes) noexcept { return {bytes.data(), bytes.size()}; }

} // namespace

/// What is wrong with the first two bytes, in Beast's order; empty if nothing.
std::string_view frame_decoder::header::check(unsigned first, unsigned second, bool in_message, bool may_compress) const noexcept
{
    const bool rsv = (first & 0x30) != 0;
    switch (code) {
    case opcode::text:
    case opcode::binary:
        if (in_message) return "continuation expected";
        if (rsv || (rsv1 && !may_compress)) return "reserved bits set";
        break;
    case opcode::continuation:
        if (!in_message) return "continuation of nothing";
        if (rsv || rsv1) return "reserved bits set";
        break;
    case opcode::close:
    case opcode::ping:
    case opcode::pong:
        if (!is_final) return "fragmented control frame";
        if ((second & 0x7f) > max_control_size) return "control frame too long";
        if (rsv || rsv1) return "reserved bits set";
        break;
    default: return "unknown opcode";
    }
    if (!(second & 0x80)) return "frame not masked";
    return {};
}

void frame_decoder::header::parse(std::span<const char> bytes, bool in_message, bool may_compress) noexcept
{
    if (bytes.size() < 2) return;
    const auto first = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    const unsigned short_size = second & 0x7f;
    const std::size_t size_bytes = short_size == 126 ? 2 : short_size == 127 ? 8 : 0;
    const std::size_t mask_bytes = second & 0x80 ? 4 : 0;
    if (bytes.size() < 2 + size_bytes + mask_bytes) return;

    code = static_cast<opcode>(first & 0x0f);
    is_final = (first & 0x80) != 0;
    rsv1 = (first & 0x40) != 0;
    header_size = 2 + size_bytes + mask_bytes;
    error = check(first, second, in_message, may_compress);
    if (!error.empty()) return;

    size = size_bytes ? read_big_endian(bytes.data() + 2, size_bytes) : short_size;
    if ((size_bytes == 2 && size < 126) || (size_bytes == 8 && size < 65536)) error = "length not minimal";
    std::memcpy(mask.data(), bytes.data() + 2 + size_bytes, mask.size());
}

struct frame_decoder::partial {
    // A header of which some bytes are missing.
    std::array<char, max_header_size> head;
    std::uint8_t head_size = 0;

    // The frame whose payload is coming.
    bool in_frame = false;
    header frame;
    std::uint64_t taken = 0;
    std::array<char, max_control_size> control; // its payload, if it is a control frame

    // The message of which at least one frame has begun.
    bool in_message = false;
    bool is_text = false;
    bool is_compressed = false;
    utf8_validator utf8;
    std::string message;

    bool is_idle() const noexcept { return head_size == 0 && !in_frame && !in_message; }

    bool is_too_big(const header& next, std::size_t limit) const noexcept
    {
        const auto bound = is_compressed ? compressed_bound(limit) : limit;
        return message.size() > bound || next.size > bound - message.size();
    }
};

static_assert(sizeof(frame_decoder) == 16);

frame_decoder::frame_decoder() noexcept = default;
frame_decoder::frame_decoder(frame_decoder&&) noexcept = default;
frame_decoder& frame_decoder::operator=(frame_decoder&&) noexcept = default;
frame_decoder::~frame_decoder() = default;

bool frame_decoder::is_idle() const noexcept { return !partial_ || partial_->is_idle(); }

frame_event frame_decoder::next(std::span<char>& input, const frame_limits& limits)
{
    if (failed_) return concluded(failure(close_code::protocol_error, "input after a failure"), input);
    // What the last event pointed to is not needed any more.
    if (partial_ && partial_->is_idle()) partial_.reset();

    for (;;) {
        if (!partial_ || !partial_->in_frame) {
            header begun;
            if (!read_header(input, limits.inflate != nullptr, begun)) return {};
            if (!begun.error.empty()) return concluded(failure(close_code::protocol_error, begun.error), input);

            const bool in_message = partial_ && partial_->in_message;
            if (!is_control(begun.code)) {
                const bool is_too_big = in_message ? partial_->is_too_big(begun, limits.max_message_size)
                                                   : begun.size > (begun.rsv1 ? compressed_bound(limits.max_message_size) : limits.max_message_size);
                if (is_too_big) return concluded(failure(close_code::message_too_big, "message too big"), input);
            }

            const bool is_alone = is_control(begun.code) || (begun.is_final && !in_message);
            if (is_alone && begun.size <= input.size()) {
                const auto payload = input.first(static_cast<std::size_t>(begun.size));
                input = input.subspan(payload.size());
                unmask(payload, begun.mask, 0);
                if (is_control(begun.code)) return concluded(control_event(begun.code, view(payload)), input);
                const bool is_text = begun.code == opcode::text;
                if (is_text && !begun.rsv1 && !is_valid_utf8(view(payload)))
                    return concluded(failure(close_code::invalid_payload, "text is not UTF-8"), input);
                return concluded(data_event(is_text, begun.rsv1, view(payload), limits), input);
            }
            begin_frame(begun);
        }
        const auto event = read_payload(input, limits);
        if (event.what != frame_event::kind::none) return concluded(event, input);
        if (partial_->in_frame) return {};
    }
}

/// False: not all of it is here; what is here has been taken and kept.
bool frame_decoder::read_header(std::span<char>& input, bool may_compress, header& to)
{
    if (input.empty()) return false;
    const bool in_message = partial_ && partial_->in_message;
    const std::size_t had = partial_ ? partial_->head_size : 0;
    if (had == 0) {
        to.parse(input, in_message, may_compress);
    } else {
        const auto added = std::min(max_header_size - had, input.size());
        std::copy_n(input.data(), added, partial_->head.data() + had);
        to.parse({partial_->head.data(), had + added}, in_message, may_compress);
    }
    if (to.header_size == 0) {
        if (!partial_) partial_ = std::make_unique<partial>();
        if (had == 0) std::copy(input.begin(), input.end(), partial_->head.begin());
        partial_->head_size = static_cast<std::uint8_t>(had + input.size());
        input = {};
        return false;
    }
    if (partial_) partial_->head_size = 0;
    input = input.subspan(to.header_size - had);
    return true;
}

void frame_decoder::begin_frame(const header& begun)
{
    if (!partial_) partial_ = std::make_unique<partial>();
    partial_->in_frame = true;
    partial_->frame = begun;
    partial_->taken = 0;
    if (is_control(begun.code) || partial_->in_message) return;
    partial_->in_message = true;
    partial_->is_text = begun.code == opcode::text;
    partial_->is_compressed = begun.rsv1;
    partial_->utf8.reset();
    partial_->message.clear();
}

/// Takes what is there of the current frame. Nothing to report: `in_frame` tells whether more of it is to come.
frame_event frame_decoder::read_payload(std::span<char>& input, const frame_limits& limits)
{
    auto& kept = *partial_;
    const auto& frame = kept.frame;
    const auto before = kept.taken;
    const auto arrived = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(frame.size - before, input.size())));
    input = input.subspan(arrived.size());
    unmask(arrived, frame.mask, before);
    kept.taken += arrived.size();
    kept.in_frame = kept.taken != frame.size;

    if (is_control(frame.code)) {
        std::copy(arrived.begin(), arrived.end(), kept.control.begin() + static_cast<std::ptrdiff_t>(before));
        if (kept.in_frame) return {};
        return control_event(frame.code, {kept.control.data(), static_cast<std::size_t>(frame.size)});
    }

    const bool checks_text = kept.is_text && !kept.is_compressed;
    if (checks_text && !kept.utf8.feed(view(arrived))) return failure(close_code::invalid_payload, "text is not UTF-8");
    kept.message.append(arrived.data(), arrived.size());
    if (kept.in_frame || !frame.is_final) return {};
    kept.in_message = false;
    if (checks_text && !kept.utf8.is_complete()) return failure(close_code::invalid_payload, "text is not UTF-8");
    return data_event(kept.is_text, kept.is_compressed, kept.message, limits);
}

frame_event frame_decoder::concluded(frame_event event, std::span<char>& input) noexcept
{
    if (event.what != frame_event::kind::failure) return event;
    failed_ = true;
    partial_.reset(); // reasons of failures are literals: none lies in there
    input = {};
    return event;
}

namespace {

template <class Fill>
shared_frame make_frame(opcode code, std::size_t size, bool compressed, Fill fill)
{
    const std::size_t size_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
    return shared_frame::make(2 + size_bytes + size, [&](char* to) {
        *to++ = static_cast<char>(0x80 | (compressed ? 0x40 : 0) | static_cast<unsigned>(code));
        *to++ = static_cast<char>(size_bytes == 0 ? size : size_bytes == 2 ? 126 : 127);
        for (std::size_t i = size_bytes; i-- > 0;) *to++ = static_cast<char>(size >> (8 * i));
        fill(to);
    });
}

char* append(char* to, std::string_view bytes) noexcept { return std::copy(bytes.begin(), bytes.end(), to); }

} // namespace

shared_frame encode_frame(opcode code, std::string_view payload, bool compressed)
{
    return make_frame(code, payload.size(), compressed, [&](char* to) { append(to, payload); });
}

shared_frame encode_frame(opcode code, std::span<const std::string_view> pieces, bool compressed)
{
    std::size_t size = 0;
    for (const auto piece : pieces) size += piece.size();
    return make_frame(code, size, compressed, [&](char* to) {
        for (const auto piece : pieces) to = append(to, piece);
    });
}

shared_frame encode_close(close_code code, std::string_view reason)
{
    if (code == close_code::none) return encode_frame(opcode::close, std::string_view());
    if (reason.size() > max_control_size - 2) {
        std::size_t size = max_control_size - 2;
        while (size > 0 && (static_cast<unsigned char>(reason[size]) & 0xc0) == 0x80) --size;
        reason = reason.substr(0, size);
    }
    const auto number = static_cast<unsigned>(code);
    const std::array<char, 2> bytes{static_cast<char>(number >> 8), static_cast<char>(number)};
    const std::array<std::string_view, 2> pieces{std::string_view(bytes.data(), bytes.size()), reason};
    return encode_frame(opcode::close, pieces);
}

} // namespace coax
