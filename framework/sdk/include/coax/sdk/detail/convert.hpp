// SPDX-License-Identifier: MIT
#pragma once

#include <coax/sdk/adapter.hpp>

#include <coax/abi/base.h>
#include <coax/error.hpp>
#include <coax/result.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

/// Values to and from C structures.
namespace coax::sdk::detail {

inline coax_str to_abi(std::string_view text) noexcept { return {text.data(), text.size()}; }

inline std::string_view from_abi(coax_str text) noexcept { return text.data ? std::string_view(text.data, text.size) : std::string_view(); }

inline std::vector<message> from_abi(const coax_message* messages, std::size_t count, std::size_t stride)
{
    std::vector<message> copied;
    copied.reserve(count);
    const auto* bytes = reinterpret_cast<const char*>(messages);
    for (std::size_t i = 0; i < count; ++i, bytes += stride) {
        const auto& one = *reinterpret_cast<const coax_message*>(bytes);
        copied.push_back({std::string(from_abi(one.stream)), std::string(from_abi(one.payload)), std::string(from_abi(one.meta))});
    }
    return copied;
}

/// The status of a code: ours cross as numbers, a few of the system's have one of ours, the rest are plugin_failed.
inline std::uint32_t status_of(const error_code& error) noexcept
{
    if (error.category() == make_error_code(errc::plugin_failed).category()) return static_cast<std::uint32_t>(error.value());
    if (error == boost::asio::error::operation_aborted) return COAX_STATUS_CANCELLED;
    if (error == boost::asio::error::timed_out) return COAX_STATUS_TIMED_OUT;
    return COAX_STATUS_PLUGIN_FAILED;
}

/// `words` must outlive the structure.
inline coax_error to_abi(const error_code& error, std::string_view words) noexcept
{
    const bool is_ours = error.category() == make_error_code(errc::plugin_failed).category();
    return {sizeof(coax_error), status_of(error), is_ours ? 0 : error.value(), 0, to_abi(words)};
}

/// An error that owns its words.
struct owned_error {
    std::uint32_t status = COAX_STATUS_PLUGIN_FAILED;
    std::int32_t vendor_code = 0;
    std::string words;

    coax_error view() const noexcept { return {sizeof(coax_error), status, vendor_code, 0, to_abi(words)}; }
};

inline owned_error describe(const error_code& error)
{
    const auto code = to_abi(error, {});
    return {code.status, code.vendor_code, error.message()};
}

/// Whatever left the author's code.
inline owned_error describe(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const failure& error) {
        return {static_cast<std::uint32_t>(error.code()), error.vendor_code(), error.what()};
    } catch (const boost::system::system_error& error) {
        const auto code = to_abi(error.code(), {});
        return {code.status, code.vendor_code, error.what()};
    } catch (const std::exception& error) {
        return {COAX_STATUS_PLUGIN_FAILED, 0, error.what()};
    } catch (...) {
        return {COAX_STATUS_PLUGIN_FAILED, 0, "an exception that is no std::exception"};
    }
}

/// Completes with an error without allocating: for when memory has run out.
inline void complete_out_of_memory(const coax_done& done) noexcept
{
    const coax_error error{sizeof(coax_error), COAX_STATUS_PLUGIN_FAILED, 0, 0, to_abi("out of memory")};
    done.fn(done.ctx, &error, nullptr);
}

/// Completes once: without error if both are empty. Falls back to out-of-memory if the words cannot be made.
inline void complete(const coax_done& done, const std::exception_ptr& thrown, const result<void>& outcome) noexcept
{
    if (!thrown && outcome.has_value()) return done.fn(done.ctx, nullptr, nullptr);
    owned_error error;
    try {
        error = thrown ? describe(thrown) : describe(outcome.error());
    } catch (...) {
        return complete_out_of_memory(done);
    }
    const auto view = error.view();
    done.fn(done.ctx, &view, nullptr);
}

} // namespace coax::sdk::detail
