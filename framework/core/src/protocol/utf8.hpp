// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coax {

/// Incremental UTF-8 validation: no surrogates, no overlong forms, nothing above U+10FFFF.
class utf8_validator {
public:
    /// False as soon as the text cannot become valid any more.
    bool feed(std::string_view bytes) noexcept;
    /// True at a character boundary.
    bool is_complete() const noexcept { return state_ == 0; }
    void reset() noexcept { state_ = 0; }

private:
    std::uint8_t state_ = 0;
};

bool is_valid_utf8(std::string_view text) noexcept;

} // namespace coax
