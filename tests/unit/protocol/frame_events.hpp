// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/frame_codec.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coax::test {

/// An event as text: `text:hello`, `close:1000:bye`, `failure:1002`. The reason of a failure is not part of it.
inline std::string describe(const frame_event& event)
{
    const std::string payload(event.payload);
    const auto code = std::to_string(static_cast<unsigned>(event.code));
    switch (event.what) {
    case frame_event::kind::none: return "none";
    case frame_event::kind::text: return "text:" + payload;
    case frame_event::kind::binary: return "binary:" + payload;
    case frame_event::kind::ping: return "ping:" + payload;
    case frame_event::kind::pong: return "pong:" + payload;
    case frame_event::kind::close: return "close:" + code + ":" + payload;
    case frame_event::kind::failure: return "failure:" + code;
    }
    return "?";
}

/// Feeds `bytes` and appends every event. False after a close or a failure: a session reads no more.
inline bool feed(frame_decoder& decoder, std::string_view bytes, const frame_limits& limits, std::vector<std::string>& events)
{
    // Exactly as large as the input, so that the sanitizer sees a read behind it.
    const auto buffer = std::make_unique<char[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), buffer.get());
    std::span<char> input(buffer.get(), bytes.size());
    for (;;) {
        const auto event = decoder.next(input, limits);
        if (event.what == frame_event::kind::none) return true;
        events.push_back(describe(event));
        if (event.what == frame_event::kind::failure || event.what == frame_event::kind::close) return false;
    }
}

/// All events of `pieces`, fed one after the other.
inline std::vector<std::string> events_of(const std::vector<std::string_view>& pieces, const frame_limits& limits = {})
{
    frame_decoder decoder;
    std::vector<std::string> events;
    for (const auto piece : pieces)
        if (!feed(decoder, piece, limits, events)) break;
    return events;
}

inline std::vector<std::string_view> one_by_one(std::string_view bytes)
{
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
    return pieces;
}

} // namespace coax::test
