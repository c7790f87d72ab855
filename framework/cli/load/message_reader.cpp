// SPDX-License-Identifier: MIT
#include "load/message_reader.hpp"

#include <array>

namespace coax::load {

message_reader::frame message_reader::read_frame(std::string_view bytes) noexcept
{
    if (bytes.size() < 2) return {};
    const auto at = [bytes](std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); };
    const std::uint8_t code = at(0) & 0x0f;
    const bool is_final = (at(0) & 0x80) != 0;
    const bool is_control = code >= close_frame;
    if ((at(0) & 0x70) != 0) return fail("a reserved bit is set"), frame{};
    if (code > pong_frame || (code > binary && code < close_frame)) return fail("an unknown opcode"), frame{};
    if ((at(1) & 0x80) != 0) return fail("a masked frame from a server"), frame{};

    std::uint64_t length = at(1);
    std::size_t header = 2;
    if (length >= 126) {
        if (is_control) return fail("a control frame longer than 125 bytes"), frame{};
        header = length == 126 ? 4 : 10;
        if (bytes.size() < header) return {};
        length = 0;
        for (std::size_t index = 2; index < header; ++index) length = length << 8 | at(index);
        if (length > (std::uint64_t{1} << 30)) return fail("a frame above 1 GiB"), frame{};
    }
    if (is_control && !is_final) return fail("a fragmented control frame"), frame{};
    if (bytes.size() - header < length) return {};
    return frame{header + static_cast<std::size_t>(length), code, is_final, bytes.substr(header, static_cast<std::size_t>(length))};
}

void append_masked_frame(std::string& out, client_frame code, std::string_view payload, std::uint32_t mask)
{
    const std::array<char, 4> key{static_cast<char>(mask >> 24), static_cast<char>(mask >> 16), static_cast<char>(mask >> 8),
                                  static_cast<char>(mask)};
    out.push_back(static_cast<char>(0x80 | static_cast<unsigned>(code)));
    const std::uint64_t size = payload.size();
    unsigned length_bytes = 0;
    if (size < 126) {
        out.push_back(static_cast<char>(0x80 | size));
    } else {
        length_bytes = size < 65536 ? 2 : 8;
        out.push_back(static_cast<char>(0x80 | (length_bytes == 2 ? 126 : 127)));
    }
    while (length_bytes-- > 0) out.push_back(static_cast<char>(size >> (8 * length_bytes)));
    out.append(key.data(), key.size());
    for (std::size_t index = 0; index < payload.size(); ++index) out.push_back(static_cast<char>(payload[index] ^ key[index % 4]));
}

} // namespace coax::load
