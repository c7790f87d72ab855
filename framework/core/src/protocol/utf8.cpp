// SPDX-License-Identifier: MIT
#include "protocol/utf8.hpp"

#include <cstring>

namespace coax {

namespace {

// What the next byte may be. `boundary` is zero: is_complete() relies on it.
enum state : std::uint8_t {
    boundary,
    need_1,
    need_2,
    need_3,
    after_e0, // then A0..BF: anything lower would be overlong
    after_ed, // then 80..9F: anything higher would be a surrogate
    after_f0, // then 90..BF: overlong
    after_f4, // then 80..8F: above U+10FFFF
    invalid,
};

state after_lead(unsigned char byte) noexcept
{
    if (byte < 0x80) return boundary;
    if (byte < 0xc2) return invalid;
    if (byte < 0xe0) return need_1;
    if (byte == 0xe0) return after_e0;
    if (byte == 0xed) return after_ed;
    if (byte < 0xf0) return need_2;
    if (byte == 0xf0) return after_f0;
    if (byte < 0xf4) return need_3;
    return byte == 0xf4 ? after_f4 : invalid;
}

state after_continuation(state now, unsigned char byte) noexcept
{
    if ((byte & 0xc0) != 0x80) return invalid;
    switch (now) {
    case need_1: return boundary;
    case need_2: return need_1;
    case need_3: return need_2;
    case after_e0: return byte >= 0xa0 ? need_1 : invalid;
    case after_ed: return byte <= 0x9f ? need_1 : invalid;
    case after_f0: return byte >= 0x90 ? need_2 : invalid;
    case after_f4: return byte <= 0x8f ? need_2 : invalid;
    default: return invalid;
    }
}

} // namespace

bool utf8_validator::feed(std::string_view bytes) noexcept
{
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    auto now = static_cast<state>(state_);
    while (at != end) {
        if (now == boundary) {
            while (end - at >= 8) {
                std::uint64_t eight;
                std::memcpy(&eight, at, sizeof eight);
                if (eight & 0x8080808080808080u) break;
                at += 8;
            }
            while (at != end && static_cast<unsigned char>(*at) < 0x80) ++at;
            if (at == end) break;
            now = after_lead(static_cast<unsigned char>(*at++));
        } else {
            now = after_continuation(now, static_cast<unsigned char>(*at++));
        }
        if (now == invalid) break;
    }
    state_ = now;
    return now != invalid;
}

bool is_valid_utf8(std::string_view text) noexcept
{
    utf8_validator validator;
    return validator.feed(text) && validator.is_complete();
}

} // namespace coax
