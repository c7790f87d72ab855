// SPDX-License-Identifier: MIT
#include "session/subscription.hpp"

#include "hub/hub_shard.hpp"
#include "protocol/codec.hpp"
#include "session/session.hpp"

#include <coax/error.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace coax {

namespace {

constexpr std::size_t max_stream_bytes = 255;

} // namespace

/// A coroutine that waits for an acknowledgement. Completed once: by the hub, by its cancellation, by a limit, or by `abandon`.
struct subscription::join_wait {
    using handler = asio::any_completion_handler<void(error_code)>;

    join_wait(executor e, std::string name) : where(std::move(e)), stream(std::move(name)) {}

    /// By a post: the coroutine must not go on inside the hub's walk, or inside its own start.
    static void complete(const std::shared_ptr<join_wait>& wait, error_code error)
    {
        if (wait->is_complete) return;
        wait->is_complete = true;
        wait->outcome = error;
        asio::post(wait->where, [wait] {
            auto resume = std::move(wait->waiting);
            std::move(resume)(wait->outcome);
        });
    }

    executor where;
    std::string stream;
    handler waiting;
    error_code outcome;
    bool is_complete = false;
};

subscription::subscription(session& owner, std::string identifier) : owner_(owner), identifier_(std::move(identifier)) {}

subscription::~subscription() = default;

session_port& subscription::owner() noexcept
{
    return owner_;
}

void subscription::transmit(std::string_view payload)
{
    if (state == phase::absent) return;
    owner_.push(owner_.protocol_->message_frame(quote_json(identifier_), payload, owner_.deflate_ ? owner_.context_.deflate : nullptr,
                                                owner_.context_.limits.deflate_threshold));
}

auto subscription::wait_joined(std::string stream)
{
    auto wait = std::make_shared<join_wait>(owner_.context_.where, std::move(stream));
    return asio::async_initiate<const asio::deferred_t, void(error_code)>(
        [this, wait](auto handler) {
            auto slot = asio::get_associated_cancellation_slot(handler);
            join_wait::handler(std::move(handler)).swap(wait->waiting); // Boost 1.81: move assignment never ends
            if (slot.is_connected()) {
                slot.assign([wait](asio::cancellation_type) { join_wait::complete(wait, asio::error::operation_aborted); });
            }
            start_join(wait);
        },
        asio::deferred);
}

void subscription::start_join(std::shared_ptr<join_wait> wait)
{
    waits_.push_back(wait);
    const auto quoted = quote_json(identifier_);
    const listener_key key{quoted, owner_.protocol_, owner_.deflate_};
    // Before the confirmation what comes is held, so that the client hears of the subscription first.
    const bool held = state != phase::confirmed;
    streams_.push_back(owner_.context_.streams.join(wait->stream, owner_, key, held, [wait](error_code error) { join_wait::complete(wait, error); }));
}

task<result<void>> subscription::stream_from(std::string stream)
{
    if (stream.empty() || stream.size() > max_stream_bytes) co_return make_error_code(errc::invalid_argument);
    if (state == phase::absent || state == phase::ending || is_abandoned_ || owner_.phase() != session_phase::open) co_return result<void>();
    for (const auto& held : streams_)
        if (held->stream_name() == stream) co_return result<void>();

    auto joined = wait_joined(stream);
    std::optional<deadline_queue::key> limit;
    if (const auto timeout = owner_.context_.limits.stream_timeout; timeout.count() > 0) {
        limit = owner_.context_.deadlines.add(owner_.context_.now() + timeout, [this, stream] {
            complete_waits(stream, make_error_code(errc::timed_out));
        });
    }
    auto [error] = co_await std::move(joined)(asio::as_tuple(asio::deferred));
    if (limit) owner_.context_.deadlines.cancel(*limit);
    std::erase_if(waits_, [](const auto& wait) { return wait->is_complete; });
    if (error) {
        drop_stream(stream);
        co_return error;
    }
    co_return result<void>();
}

void subscription::complete_waits(std::string_view stream, error_code error)
{
    for (auto& wait : waits_)
        if (wait->stream == stream) join_wait::complete(wait, error);
}

void subscription::drop_stream(std::string_view stream)
{
    complete_waits(stream, make_error_code(errc::cancelled));
    std::erase_if(streams_, [&](const stream_handle& held) { return held->stream_name() == stream; });
}

void subscription::stop_stream_from(std::string_view stream)
{
    drop_stream(stream);
}

void subscription::stop_all_streams()
{
    for (auto& wait : waits_) join_wait::complete(wait, make_error_code(errc::cancelled));
    streams_.clear();
}

bool subscription::will_be_subscribed() const noexcept
{
    if (queue) {
        for (auto waiting = queue->rbegin(); waiting != queue->rend(); ++waiting) {
            if (std::holds_alternative<subscribe_command>(*waiting)) return true;
            if (std::holds_alternative<unsubscribe_command>(*waiting)) return false;
        }
    }
    return (state == phase::subscribing && !is_abandoned_) || state == phase::confirmed;
}

bool subscription::is_subscribe_queued() const noexcept
{
    return queue && std::any_of(queue->begin(), queue->end(), [](const command& each) { return std::holds_alternative<subscribe_command>(each); });
}

void subscription::abandon()
{
    is_abandoned_ = true;
    for (auto& wait : waits_) join_wait::complete(wait, make_error_code(errc::cancelled));
}

void subscription::pull_streams()
{
    for (auto& held : streams_) owner_.context_.streams.pull(*held);
}

void subscription::release_streams()
{
    for (auto& held : streams_) owner_.context_.streams.release(*held);
}

void subscription::reset()
{
    streams_.clear();
    logic.reset();
    is_abandoned_ = false;
    state = phase::absent;
}

} // namespace coax
