// SPDX-License-Identifier: MIT
#include "protocol/frame_codec.hpp"

#include "unit/protocol/client_frame.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>
#include <span>
#include <string>

namespace {

std::size_t allocations = 0;
std::size_t live_bytes = 0;
std::size_t peak_bytes = 0;

// In front of each block, so that the sized and the plain delete both find the size.
constexpr std::size_t prefix = alignof(std::max_align_t);

void* counted_new(std::size_t size, const std::nothrow_t&) noexcept
{
    auto* memory = static_cast<std::byte*>(std::malloc(size + prefix));
    if (!memory) return nullptr;
    ::new (memory) std::size_t(size);
    ++allocations;
    live_bytes += size;
    if (live_bytes > peak_bytes) peak_bytes = live_bytes;
    return memory + prefix;
}

void* counted_new(std::size_t size)
{
    if (auto* memory = counted_new(size, std::nothrow)) return memory;
    throw std::bad_alloc();
}

void counted_delete(void* memory) noexcept
{
    if (!memory) return;
    auto* block = static_cast<std::byte*>(memory) - prefix;
    live_bytes -= *std::launder(reinterpret_cast<std::size_t*>(block));
    std::free(block);
}

/// What happened to the heap since it was made.
struct heap_watch {
    std::size_t allocations_before = allocations;
    std::size_t live_before = live_bytes;
    heap_watch() { peak_bytes = live_bytes; }
    std::size_t made() const { return allocations - allocations_before; }
    std::size_t kept() const { return live_bytes - live_before; }
    std::size_t peak() const { return peak_bytes - live_before; }
};

} // namespace

void* operator new(std::size_t size) { return counted_new(size); }
void* operator new[](std::size_t size) { return counted_new(size); }
void* operator new(std::size_t size, const std::nothrow_t& tag) noexcept { return counted_new(size, tag); }
void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept { return counted_new(size, tag); }
void operator delete(void* memory) noexcept { counted_delete(memory); }
void operator delete[](void* memory) noexcept { counted_delete(memory); }
void operator delete(void* memory, std::size_t) noexcept { counted_delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { counted_delete(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { counted_delete(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { counted_delete(memory); }

using namespace coax;
using namespace coax::test;

TEST_CASE("whole frames are read without touching the heap", "[frame][memory]")
{
    std::string packet;
    for (int i = 0; i < 1000; ++i) packet += text_frame("a message of some length, caf\xc3\xa9") + control_frame(opcode::ping, "p");
    frame_decoder decoder;
    std::span<char> input(packet);
    const heap_watch heap;
    std::size_t events = 0;
    while (decoder.next(input, {}).what != frame_event::kind::none) ++events;
    const auto made = heap.made();
    CHECK(events == 2000);
    CHECK(made == 0);
}

TEST_CASE("an incomplete message is held, and given back with its end", "[frame][memory]")
{
    auto bytes = open_frame(opcode::text, std::string(5000, 'x')) + last_frame("y");
    frame_decoder decoder;
    const heap_watch heap;
    auto input = std::span<char>(bytes).first(3000);
    decoder.next(input, {});
    const auto held = heap.kept();
    input = std::span<char>(bytes).subspan(3000);
    const auto event = decoder.next(input, {});
    const auto size = event.payload.size();
    decoder.next(input, {});
    const auto kept = heap.kept();
    CHECK(held >= 2990);
    CHECK(size == 5001);
    CHECK(kept == 0);
}

TEST_CASE("a long announced message costs only what has arrived of it", "[frame][memory]")
{
    frame_limits limits;
    limits.max_message_size = std::size_t{1} << 40;
    auto bytes = client_frame{.payload = std::string(10, 'x'), .announced = std::uint64_t{1} << 39}.bytes();
    frame_decoder decoder;
    const heap_watch heap;
    std::span<char> input(bytes);
    const auto event = decoder.next(input, limits);
    const auto peak = heap.peak();
    CHECK(event.what == frame_event::kind::none);
    CHECK(peak < 1024);
}

TEST_CASE("a frame to send is one allocation", "[frame][memory]")
{
    const std::string payload(3000, 'x');
    const heap_watch heap;
    const auto frame = encode_frame(opcode::text, payload);
    const auto made = heap.made();
    CHECK(made == 1);
    CHECK(frame.size() == 3004);
}

TEST_CASE("a decoder without work is two words", "[frame][memory]")
{
    const heap_watch heap;
    frame_decoder decoder;
    const auto made = heap.made();
    CHECK(made == 0);
    CHECK(sizeof decoder == 16);
}
