// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace coax {

/// Immutable, reference-counted bytes: one allocation holds count, length and bytes.
///
/// What crosses from one shard to another, and what waits in an outbox. Copying a handle is one atomic increment; the bytes are
/// never copied again. An empty handle has no allocation and an empty view.
/// Thread rule: any thread; one handle object is not itself synchronised.
class shared_payload {
public:
    shared_payload() noexcept = default;

    /// Copies `bytes`.
    explicit shared_payload(std::string_view bytes) : shared_payload(make(bytes.size(), [&](char* to) {
        if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    })) {}

    /// Allocates `size` bytes and lets `fill(char*)` write all of them before anyone can see them.
    template <class Fill>
    static shared_payload make(std::size_t size, Fill&& fill)
    {
        void* memory = ::operator new(sizeof(block) + size);
        auto* made = ::new (memory) block{size};
        shared_payload payload(made);
        std::forward<Fill>(fill)(made->bytes());
        return payload;
    }

    shared_payload(const shared_payload& other) noexcept : block_(other.block_)
    {
        if (block_) block_->references.fetch_add(1, std::memory_order_relaxed);
    }
    shared_payload(shared_payload&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    shared_payload& operator=(shared_payload other) noexcept
    {
        std::swap(block_, other.block_);
        return *this;
    }
    ~shared_payload()
    {
        if (block_ && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            block_->~block();
            ::operator delete(block_);
        }
    }

    std::string_view view() const noexcept { return block_ ? std::string_view(block_->bytes(), block_->size) : std::string_view(); }
    const char* data() const noexcept { return block_ ? block_->bytes() : nullptr; }
    std::size_t size() const noexcept { return block_ ? block_->size : 0; }
    bool empty() const noexcept { return size() == 0; }

private:
    struct block {
        explicit block(std::size_t n) noexcept : size(n) {}
        char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
        const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
        std::atomic<std::uint32_t> references{1};
        std::size_t size;
    };

    explicit shared_payload(block* made) noexcept : block_(made) {}

    block* block_ = nullptr;
};

/// A complete WebSocket frame, header included, ready for any socket: server frames are not masked.
using shared_frame = shared_payload;

} // namespace coax
