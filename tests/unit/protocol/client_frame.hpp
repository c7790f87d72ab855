// SPDX-License-Identifier: MIT
#pragma once

#include "protocol/frame_codec.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coax::test {

/// A client's frame with everything that can be wrong about it.
struct client_frame {
    opcode code = opcode::text;
    std::string payload{};
    bool is_final = true;
    bool is_masked = true;
    unsigned rsv = 0;             ///< bits 4, 2, 1: RSV1, RSV2, RSV3
    unsigned size_bytes = 0;      ///< 2 or 8: a longer length form than needed
    std::uint64_t announced = 0;  ///< not zero: the length written, instead of the payload's own
    std::array<unsigned char, 4> mask{0x37, 0xfa, 0x21, 0x3d};

    std::string bytes() const
    {
        const std::uint64_t size = announced ? announced : payload.size();
        const unsigned form = size_bytes ? size_bytes : size < 126 ? 0 : size < 65536 ? 2 : 8;
        std::string out;
        out += static_cast<char>((is_final ? 0x80u : 0u) | rsv << 4 | static_cast<unsigned>(code));
        out += static_cast<char>((is_masked ? 0x80u : 0u) | (form == 0 ? static_cast<unsigned>(size) : form == 2 ? 126u : 127u));
        for (unsigned i = form; i-- > 0;) out += static_cast<char>(size >> (8 * i) & 0xff);
        if (is_masked)
            for (const auto byte : mask) out += static_cast<char>(byte);
        for (std::size_t i = 0; i < payload.size(); ++i)
            out += is_masked ? static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]) : payload[i];
        return out;
    }
};

inline std::string text_frame(std::string payload) { return client_frame{.payload = std::move(payload)}.bytes(); }

/// The first frame of a message, or one between the first and the last.
inline std::string open_frame(opcode code, std::string payload)
{
    return client_frame{.code = code, .payload = std::move(payload), .is_final = false}.bytes();
}

inline std::string last_frame(std::string payload)
{
    return client_frame{.code = opcode::continuation, .payload = std::move(payload)}.bytes();
}

inline std::string control_frame(opcode code, std::string payload = {})
{
    return client_frame{.code = code, .payload = std::move(payload)}.bytes();
}

inline std::string close_body(unsigned code, std::string_view reason = {})
{
    std::string body;
    body += static_cast<char>(code >> 8);
    body += static_cast<char>(code & 0xff);
    body += reason;
    return body;
}

} // namespace coax::test
