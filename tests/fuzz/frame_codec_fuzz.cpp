// SPDX-License-Identifier: MIT
// However a client's bytes are cut into packets, the decoder must report the same events, and what it reports must keep its promises.
#include "protocol/frame_codec.hpp"

#include "protocol/deflate.hpp"
#include "protocol/utf8.hpp"
#include "unit/protocol/frame_events.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace coax;

namespace {

void require(bool holds)
{
    if (!holds) std::abort();
}

void check_promises(std::string_view bytes, const frame_limits& limits)
{
    frame_decoder decoder;
    std::string copy(bytes);
    std::span<char> input(copy);
    for (;;) {
        const auto before = input.size();
        const auto event = decoder.next(input, limits);
        if (event.what == frame_event::kind::none) break;
        require(input.size() < before);
        if (event.what == frame_event::kind::text || event.what == frame_event::kind::close) require(is_valid_utf8(event.payload));
        if (event.what == frame_event::kind::text || event.what == frame_event::kind::binary) require(event.payload.size() <= limits.max_message_size);
        if (event.what == frame_event::kind::ping || event.what == frame_event::kind::pong) require(event.payload.size() <= 125);
        if (event.what == frame_event::kind::failure) {
            require(input.empty() && decoder.is_idle() && !event.payload.empty());
            return;
        }
    }
    require(input.empty());
}

} // namespace

/// The first byte chooses limits and the number of cuts, the next ones where they are; the rest is what the client sends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 1) return 0;
    const unsigned choice = data[0];
    const std::size_t cuts = choice >> 4;
    if (size < 1 + cuts) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1 + cuts, size - 1 - cuts);

    static inflater inflate;
    frame_limits limits;
    limits.inflate = choice & 1 ? &inflate : nullptr;
    limits.max_message_size = choice & 2 ? 64 : choice & 4 ? 1000 : 70000;

    std::vector<std::string_view> pieces;
    std::string_view rest = bytes;
    for (std::size_t i = 0; i < cuts; ++i) {
        const auto part = rest.substr(0, data[1 + i]);
        pieces.push_back(part);
        rest.remove_prefix(part.size());
    }
    pieces.push_back(rest);

    const auto whole = test::events_of({bytes}, limits);
    require(test::events_of(pieces, limits) == whole);
    require(test::events_of(test::one_by_one(bytes), limits) == whole);
    check_promises(bytes, limits);
    return 0;
}
