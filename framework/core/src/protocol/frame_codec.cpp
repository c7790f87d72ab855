// SPDX-License-Identifier: MIT
#include "protocol/frame_codec.hpp"

#include "protocol/deflate.hpp"
#include "protocol/utf8.hpp"

#include <coax/error.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace coax {

namespace {

constexpr std::size_t max_header_size = 14;
constexpr std::size_t max_control_size = 125;

struct frame_header {
    opcode code = opcode::continuation;
    bool is_final = false;
    bool rsv1 = false;
    std::uint64_t size = 0; // of the payload
    std::array<char, 4> mask{};
    std::size_t header_size = 0; // zero: not all of it is here
    std::string_view error{};    // not empty: broken
};

constexpr bool is_control(opcode code) noexcept { return (static_cast<unsigned>(code) & 8) != 0; }

std::uint64_t read_big_endian(const char* bytes, std::size_t count) noexcept
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return value;
}

/// What is wrong with the first two bytes, in Beast's order; empty if nothing.
std::string_view check_header(const frame_header& header, unsigned first, unsigned second, bool in_message, bool may_compress) noexcept
{
    const bool rsv = (first & 0x30) != 0;
    switch (header.code) {
    case opcode::text:
    case opcode::binary:
        if (in_message) return "continuation expected";
        if (rsv || (header.rsv1 && !may_compress)) return "reserved bits set";
        break;
    case opcode::continuation:
        if (!in_message) return "continuation of nothing";
        if (rsv || header.rsv1) return "reserved bits set";
        break;
    case opcode::close:
    case opcode::ping:
    case opcode::pong:
        if (!header.is_final) return "fragmented control frame";
        if ((second & 0x7f) > max_control_size) return "control frame too long";
        if (rsv || header.rsv1) return "reserved bits set";
        break;
    default: return "unknown opcode";
    }
    if (!(second & 0x80)) return "frame not masked";
    return {};
}

frame_header parse_header(std::span<const char> bytes, bool in_message, bool may_compress) noexcept
{
    frame_header header;
    if (bytes.size() < 2) return header;
    const auto first = static_cast<unsigned char>(bytes[0]);
    const auto second = static_cast<unsigned char>(bytes[1]);
    const unsigned short_size = second & 0x7f;
    const std::size_t size_bytes = short_size == 126 ? 2 : short_size == 127 ? 8 : 0;
    const std::size_t mask_bytes = second & 0x80 ? 4 : 0;
    if (bytes.size() < 2 + size_bytes + mask_bytes) return header;

    header.code = static_cast<opcode>(first & 0x0f);
    header.is_final = (first & 0x80) != 0;
    header.rsv1 = (first & 0x40) != 0;
    header.header_size = 2 + size_bytes + mask_bytes;
    header.error = check_header(header, first, second, in_message, may_compress);
    if (!header.error.empty()) return header;

    header.size = size_bytes ? read_big_endian(bytes.data() + 2, size_bytes) : short_size;
    if ((size_bytes == 2 && header.size < 126) || (size_bytes == 8 && header.size < 65536)) header.error = "length not minimal";
    std::memcpy(header.mask.data(), bytes.data() + 2 + size_bytes, 4);
    return header;
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

struct frame_decoder::partial {
    // A header of which some bytes are missing.
    std::array<char, max_header_size> head;
    std::uint8_t head_size = 0;

    // The frame whose payload is coming; `code` tells whether it is a control frame.
    bool in_frame = false;
    frame_header frame;
    std::uint64_t taken = 0;
    std::array<char, max_control_size> control;

    // The message of which at least one frame has begun.
    bool in_message = false;
    bool is_text = false;
    bool is_compressed = false;
    bool was_delivered = false; // `message` is what the last event points to
    utf8_validator utf8;
    std::string message;

    void begin_message(const frame_header& header)
    {
        in_message = true;
        is_text = header.code == opcode::text;
        is_compressed = header.rsv1;
        utf8.reset();
        message.clear();
    }

    bool is_idle() const noexcept { return head_size == 0 && !in_frame && !in_message; }
};

static_assert(sizeof(frame_decoder) == 16);

frame_decoder::~frame_decoder() = default;

bool frame_decoder::is_idle() const noexcept { return !partial_ || partial_->is_idle(); }

frame_event frame_decoder::next(std::span<char>& input, const frame_limits& limits)
{
    const auto fail = [&](frame_event event) {
        failed_ = true;
        partial_.reset();
        input = {};
        return event;
    };
    const auto need_more = [&] {
        input = {};
        if (partial_ && partial_->is_idle()) partial_.reset();
        return frame_event{};
    };
    const auto hold = [&]() -> partial& {
        if (!partial_) partial_ = std::make_unique<partial>();
        return *partial_;
    };

    if (failed_) return fail(failure(close_code::protocol_error, "input after a failure"));
    if (partial_ && partial_->was_delivered) {
        partial_->was_delivered = false;
        if (partial_->is_idle()) partial_.reset();
    }

    for (;;) {
        frame_header header;
        if (partial_ && partial_->in_frame) {
            header = partial_->frame;
        } else {
            if (input.empty()) return need_more();
            const bool in_message = partial_ && partial_->in_message;
            const bool may_compress = limits.inflate != nullptr;
            if (partial_ && partial_->head_size) {
                auto& head = partial_->head;
                const std::size_t had = partial_->head_size;
                const auto added = std::min(head.size() - had, input.size());
                std::copy_n(input.data(), added, head.data() + had);
                header = parse_header({head.data(), had + added}, in_message, may_compress);
                if (!header.header_size) {
                    partial_->head_size = static_cast<std::uint8_t>(had + added);
                    return need_more();
                }
                partial_->head_size = 0;
                input = input.subspan(header.header_size - had);
            } else {
                header = parse_header(input, in_message, may_compress);
                if (!header.header_size) {
                    std::copy(input.begin(), input.end(), hold().head.begin());
                    partial_->head_size = static_cast<std::uint8_t>(input.size());
                    return need_more();
                }
                input = input.subspan(header.header_size);
            }
            if (!header.error.empty()) return fail(failure(close_code::protocol_error, header.error));

            if (!is_control(header.code)) {
                const bool is_compressed = in_message ? partial_->is_compressed : header.rsv1;
                const std::uint64_t so_far = in_message ? partial_->message.size() : 0;
                const std::uint64_t bound = is_compressed ? compressed_bound(limits.max_message_size) : limits.max_message_size;
                if (so_far > bound || header.size > bound - so_far) return fail(failure(close_code::message_too_big, "message too big"));
            }

            const bool is_whole = header.size <= input.size();
            if (is_whole && (is_control(header.code) || (header.is_final && !in_message))) {
                const auto payload = input.first(static_cast<std::size_t>(header.size));
                input = input.subspan(payload.size());
                unmask(payload, header.mask, 0);
                if (is_control(header.code)) {
                    const auto event = control_event(header.code, view(payload));
                    return event.what == frame_event::kind::failure ? fail(event) : event;
                }
                const bool is_text = header.code == opcode::text;
                if (is_text && !header.rsv1 && !is_valid_utf8(view(payload)))
                    return fail(failure(close_code::invalid_payload, "text is not UTF-8"));
                const auto event = data_event(is_text, header.rsv1, view(payload), limits);
                return event.what == frame_event::kind::failure ? fail(event) : event;
            }

            auto& kept = hold();
            kept.in_frame = true;
            kept.frame = header;
            kept.taken = 0;
            if (!is_control(header.code) && !in_message) kept.begin_message(header);
        }

        auto& kept = *partial_;
        const auto arrived = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(header.size - kept.taken, input.size())));
        input = input.subspan(arrived.size());
        unmask(arrived, header.mask, kept.taken);
        const auto before = static_cast<std::size_t>(kept.taken);
        kept.taken += arrived.size();
        const bool is_frame_done = kept.taken == header.size;

        if (is_control(header.code)) {
            std::copy(arrived.begin(), arrived.end(), kept.control.begin() + before);
            if (!is_frame_done) return need_more();
            kept.in_frame = false;
            const auto event = control_event(header.code, {kept.control.data(), static_cast<std::size_t>(header.size)});
            kept.was_delivered = true;
            return event.what == frame_event::kind::failure ? fail(event) : event;
        }

        const bool checks_text = kept.is_text && !kept.is_compressed;
        if (checks_text && !kept.utf8.feed(view(arrived))) return fail(failure(close_code::invalid_payload, "text is not UTF-8"));
        kept.message.append(arrived.data(), arrived.size());
        if (!is_frame_done) return need_more();
        kept.in_frame = false;
        if (!header.is_final) continue;

        kept.in_message = false;
        if (checks_text && !kept.utf8.is_complete()) return fail(failure(close_code::invalid_payload, "text is not UTF-8"));
        const auto event = data_event(kept.is_text, kept.is_compressed, kept.message, limits);
        kept.was_delivered = true;
        return event.what == frame_event::kind::failure ? fail(event) : event;
    }
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
