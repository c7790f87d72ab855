// SPDX-License-Identifier: MIT
#pragma once

#include <coax/abi/base.h>
#include <coax/error.hpp>
#include <coax/result.hpp>

#include <cstddef>
#include <string_view>

namespace coax {

inline coax_str to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }

/// A plugin's string; one whose pointer is missing reads as empty.
inline std::string_view from_abi(coax_str text) noexcept { return text.data ? std::string_view(text.data, text.size) : std::string_view(); }

/// Longest plugin text that is kept: a message is for a log line.
inline constexpr std::size_t max_plugin_text = 4096;

/// The error that a plugin reported; NULL is success. Numbers that a plugin has no business to send are `plugin_failed`.
inline error_code error_from_abi(const coax_error* error) noexcept
{
    if (!error) return {};
    if (error->struct_size < offsetof(coax_error, vendor_code)) return errc::plugin_failed;
    switch (error->status) {
    case COAX_STATUS_ADAPTER_UNAVAILABLE:
    case COAX_STATUS_TIMED_OUT:
    case COAX_STATUS_CANCELLED:
    case COAX_STATUS_SHUTTING_DOWN:
    case COAX_STATUS_PAYLOAD_TOO_LARGE:
    case COAX_STATUS_PAYLOAD_NOT_JSON:
    case COAX_STATUS_OVERLOADED:
    case COAX_STATUS_INVALID_ARGUMENT: return static_cast<errc>(error->status);
    default: return errc::plugin_failed;
    }
}

/// The words that came with it, if any.
inline std::string_view message_from_abi(const coax_error* error) noexcept
{
    if (!error || error->struct_size < sizeof(coax_error)) return {};
    return from_abi(error->message).substr(0, max_plugin_text);
}

static_assert(COAX_STATUS_ADAPTER_UNAVAILABLE == static_cast<int>(errc::adapter_unavailable));
static_assert(COAX_STATUS_TIMED_OUT == static_cast<int>(errc::timed_out));
static_assert(COAX_STATUS_CANCELLED == static_cast<int>(errc::cancelled));
static_assert(COAX_STATUS_SHUTTING_DOWN == static_cast<int>(errc::shutting_down));
static_assert(COAX_STATUS_PAYLOAD_TOO_LARGE == static_cast<int>(errc::payload_too_large));
static_assert(COAX_STATUS_PAYLOAD_NOT_JSON == static_cast<int>(errc::payload_not_json));
static_assert(COAX_STATUS_OVERLOADED == static_cast<int>(errc::overloaded));
static_assert(COAX_STATUS_PLUGIN_FAILED == static_cast<int>(errc::plugin_failed));
static_assert(COAX_STATUS_INVALID_ARGUMENT == static_cast<int>(errc::invalid_argument));

} // namespace coax
