// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace coax::bench {

/// The JSON text that both servers publish and the generator expects: `size` bytes, or as many as the two numbers need.
inline std::string make_payload(std::uint64_t sequence, std::uint64_t published_ns, std::size_t size)
{
    std::string text = R"({"seq":)" + std::to_string(sequence) + R"(,"at":)" + std::to_string(published_ns) + R"(,"pad":")";
    constexpr std::size_t closing = 2;
    // Letters that change with the sequence number, so that bytes of another message are noticed.
    const char letter = static_cast<char>('a' + sequence % 26);
    if (text.size() + closing < size) text.append(size - text.size() - closing, letter);
    return text + "\"}";
}

} // namespace coax::bench
