// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coax::load {

/// A client's view of what a WebSocket server may send (RFC 6455, no extension): frames in, whole messages out.
///
/// Complete unfragmented messages are handed out as views into the fed bytes; only an incomplete tail is copied, so that ten thousand idle
/// clients cost little. Stricter than a browser nowhere, laxer in one point: text is not checked to be UTF-8, the caller compares bytes.
class message_reader {
public:
    enum class kind : std::uint8_t { message, ping, close };

    /// Takes the next bytes of the socket and calls `sink(kind, text)` for each thing completed. The view is valid during the call.
    /// False: the server broke the protocol (`problem` says how); nothing may be fed after that.
    template <class Sink>
    bool feed(std::string_view bytes, Sink&& sink)
    {
        const bool had_tail = !tail_.empty();
        if (had_tail) {
            tail_.append(bytes);
            bytes = tail_;
        }
        std::size_t used = 0;
        for (;;) {
            const frame next = read_frame(bytes.substr(used));
            if (next.size == 0) break;
            used += next.size;
            if (!accept(next, sink)) break;
        }
        if (problem_ != nullptr) return false;
        if (had_tail)
            tail_.erase(0, used); // `bytes` is a view into it
        else
            tail_.assign(bytes.substr(used));
        if (tail_.empty() && tail_.capacity() > 1024) tail_ = std::string();
        return true;
    }

    /// What the server did wrong, or null.
    const char* problem() const noexcept { return problem_; }

private:
    enum opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close_frame = 8, ping_frame = 9, pong_frame = 10 };

    struct frame {
        std::size_t size = 0; // header included; 0: incomplete, or broken and problem_ is set
        std::uint8_t code = 0;
        bool is_final = false;
        std::string_view payload;
    };

    frame read_frame(std::string_view bytes) noexcept;

    template <class Sink>
    bool accept(const frame& next, Sink& sink)
    {
        switch (next.code) {
        case ping_frame: sink(kind::ping, next.payload); return true;
        case pong_frame: return true;
        case close_frame: sink(kind::close, next.payload); return true;
        case continuation:
            if (!in_fragments_) return fail("a continuation frame without a message");
            fragments_.append(next.payload);
            if (next.is_final) {
                in_fragments_ = false;
                sink(kind::message, std::string_view(fragments_));
                fragments_ = std::string();
            }
            return true;
        default:
            if (in_fragments_) return fail("a new message inside a fragmented one");
            if (next.is_final) {
                sink(kind::message, next.payload);
            } else {
                in_fragments_ = true;
                fragments_.assign(next.payload);
            }
            return true;
        }
    }

    bool fail(const char* what) noexcept
    {
        problem_ = what;
        return false;
    }

    std::string tail_;
    std::string fragments_;
    const char* problem_ = nullptr;
    bool in_fragments_ = false;
};

/// Opcodes a client sends.
enum class client_frame : std::uint8_t { text = 1, close = 8, pong = 10 };

/// Appends one masked frame to `out`. `mask` is the masking key, any value.
void append_masked_frame(std::string& out, client_frame code, std::string_view payload, std::uint32_t mask);

} // namespace coax::load
