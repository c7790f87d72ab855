// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coax::load {

/// What went wrong with deliveries; all zero in a sound run.
struct delivery_faults {
    std::uint64_t lost = 0;       ///< never came
    std::uint64_t extra = 0;      ///< came once too often
    std::uint64_t misordered = 0; ///< right bytes, wrong place
    std::uint64_t damaged = 0;    ///< other bytes than those of the first client that got it, or than those published

    std::uint64_t sum() const noexcept { return lost + extra + misordered + damaged; }
    delivery_faults& operator+=(const delivery_faults& other) noexcept;
};

/// Checks one publication of `count` messages at every one of `clients` subscribers: each gets each message once, in order and with the same bytes.
///
/// The first good copy of message k becomes the text that all other copies must equal byte for byte, so that any server's envelope will do.
class delivery_audit {
public:
    /// Begins a publication. `payloads`, if not empty, holds for each message the text that must be part of it.
    void begin(std::size_t clients, std::size_t count, std::vector<std::string> payloads);

    /// Takes a message that client `client` has received.
    void deliver(std::size_t client, std::string_view text);

    bool is_complete() const noexcept { return arrived_ == expected_; }

    /// Ends the publication: what has not come is lost. Returns everything found since `begin`.
    delivery_faults end();

private:
    void inspect(std::size_t position, std::string_view text);
    bool is_good_copy(std::size_t position, std::string_view text) const;

    std::vector<std::uint32_t> received_; // by client
    std::vector<std::string> payloads_;
    std::vector<std::string> texts_;      // the first good copy of each message
    std::size_t count_ = 0;
    std::uint64_t arrived_ = 0;           // extras not counted
    std::uint64_t expected_ = 0;
    delivery_faults faults_;
};

} // namespace coax::load
