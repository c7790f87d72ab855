// SPDX-License-Identifier: MIT
#pragma once

#include "model_random.hpp"
#include "order_oracle.hpp"
#include "protocol/deflate.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace coax::model {

/// A mistake made on purpose, to see that the oracle finds it.
enum class fault {
    none,
    drop_frame,
    double_frame,
    swap_frames,
    flip_byte,
    lose_byte,
    unicast_without_pull,
    release_before_confirmation,
    overtake_outbox,
    leave_late,
};

/// A client's end: takes as many bytes as it likes, puts them together to frames and shows each message to `message`.
class model_socket {
public:
    enum class pace { fast, choppy, slow };

    model_socket(model_random& random, pace speed, bool deflate, fault wrong, std::function<void(std::string_view)> message)
        : random_(random), speed_(speed), deflate_(deflate), wrong_(wrong), message_(std::move(message))
    {
    }

    /// How many bytes it took; fewer than all: it is full until `open`.
    std::size_t send(std::string_view bytes)
    {
        auto taken = is_full_ ? 0 : bytes.size();
        if (taken > 0 && speed_ != pace::fast && random_.chance(speed_ == pace::slow ? 60 : 20))
            taken = random_.chance(30) ? 0 : random_.below(bytes.size());
        if (taken < bytes.size()) is_full_ = true;
        bytes_.append(bytes.substr(0, taken));
        if (taken > 0 && is_fault_due(fault::lose_byte)) bytes_.pop_back();
        if (taken > 0 && is_fault_due(fault::flip_byte)) bytes_.back() ^= 1;
        parse();
        return taken;
    }
    bool is_full() const noexcept { return is_full_; }
    void open() noexcept { is_full_ = false; }
    /// From now on it takes everything.
    void open_for_good() noexcept
    {
        speed_ = pace::fast;
        is_full_ = false;
    }
    /// Bytes of a frame that has not come whole.
    bool has_rest() const noexcept { return !bytes_.empty(); }

private:
    bool is_fault_due(fault which) { return wrong_ == which && random_.chance(2); }

    // RFC 6455 5.2 as far as a server may use it here: final, unmasked text frames, perhaps compressed.
    void parse()
    {
        std::size_t at = 0;
        for (;;) {
            const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes_[at + i]); };
            const auto left = bytes_.size() - at;
            if (left < 2) break;
            if ((byte(0) & 0xbf) != 0x81 || (byte(1) & 0x80)) throw model_failure("these bytes are no text frame");
            std::size_t header = 2;
            std::uint64_t size = byte(1);
            if (size >= 126) {
                const std::size_t extra = size == 126 ? 2 : 8;
                header += extra;
                if (left < header) break;
                size = 0;
                for (std::size_t i = 2; i < header; ++i) size = size << 8 | byte(i);
                if (size < (extra == 2 ? 126u : 65'536u)) throw model_failure("a frame's length is not written the shortest way");
            }
            if (size > 1'000'000) throw model_failure("a frame is longer than any message");
            if (left < header + size) break;
            take(std::string_view(bytes_).substr(at + header, size), byte(0) & 0x40);
            at += header + size;
        }
        bytes_.erase(0, at);
    }

    void take(std::string_view payload, bool is_compressed)
    {
        if (is_compressed) {
            if (!deflate_) throw model_failure("a compressed frame came to a client that did not ask for it");
            const auto text = inflater_.inflate(payload, 1'000'000);
            if (!text) throw model_failure("a frame does not inflate");
            payload = *text;
        }
        if (is_fault_due(fault::drop_frame)) return;
        if (is_fault_due(fault::swap_frames) && kept_.empty()) {
            kept_ = payload;
            return;
        }
        message_(payload);
        if (is_fault_due(fault::double_frame)) message_(payload);
        if (!kept_.empty()) message_(std::exchange(kept_, {}));
    }

    model_random& random_;
    pace speed_;
    bool deflate_; // was negotiated
    fault wrong_;
    std::function<void(std::string_view)> message_;
    std::string bytes_;
    std::string kept_;
    inflater inflater_;
    bool is_full_ = false;
};

} // namespace coax::model
