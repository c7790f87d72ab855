// SPDX-License-Identifier: MIT
// The write side of a session: straight to the socket while it takes everything, through the outbox when it does not.
#include "session/session.hpp"

#include "hub/hub_shard.hpp"

#include <array>
#include <utility>

namespace coax {

namespace {

// Frames of one gathering send.
constexpr std::size_t max_pieces = 64;

} // namespace

bool session::transmit_text(std::string_view json_text)
{
    if (phase_ >= session_phase::closing) return false;
    push_text(json_text);
    return true;
}

void session::push_text(std::string_view text)
{
    push(encode_frame(opcode::text, text));
}

void session::push(shared_frame frame)
{
    if (phase_ >= session_phase::closing) return;
    // What was broadcast before goes first.
    if (context_.streams.has_pending())
        for (auto& row : subscriptions_) row.which->pull_streams();
    keep_frame(std::move(frame));
    // One turn of user code may push more than the bound to a socket that would take it all.
    if (!is_waiting_writable_ && outbox_->bytes() > context_.limits.max_pending_bytes) send_waiting();
    check_bound();
}

void session::keep_frame(shared_frame frame)
{
    if (!outbox_) outbox_ = std::make_unique<outbox>();
    outbox_->push(std::move(frame));
    context_.streams.flush_later(*this);
}

void session::ping(const shared_frame& frame)
{
    if (phase_ == session_phase::open) keep_frame(frame);
}

void session::enqueue(std::span<const shared_frame> frames)
{
    if (phase_ != session_phase::open) return;
    keep(frames, 0);
}

void session::keep(std::span<const shared_frame> frames, std::size_t already_sent)
{
    if (!outbox_) outbox_ = std::make_unique<outbox>();
    for (const auto& frame : frames) {
        if (already_sent >= frame.size()) {
            already_sent -= frame.size();
            continue;
        }
        outbox_->push(frame, already_sent);
        already_sent = 0;
    }
}

void session::deliver(const frame_block& block)
{
    if (phase_ != session_phase::open) return;
    if (outbox_) {
        keep(block.frames, 0);
        if (is_waiting_writable_) {
            account();
            check_bound();
        }
        return;
    }
    std::array<std::string_view, max_pieces> pieces;
    std::size_t count = 1;
    if (!block.contiguous.empty()) {
        pieces[0] = block.contiguous;
    } else {
        count = std::min(block.frames.size(), pieces.size());
        for (std::size_t i = 0; i < count; ++i) pieces[i] = block.frames[i].view();
    }
    error_code error;
    const auto sent = socket_->send(std::span(pieces).first(count), error);
    if (error) {
        begin_closing();
        socket_->abort();
        return;
    }
    context_.metrics.sent.add(static_cast<std::int64_t>(sent));
    if (sent == block.bytes) return;
    keep(block.frames, sent);
    is_waiting_writable_ = true;
    socket_->wait_writable();
    account();
    check_bound();
}

void session::flush()
{
    if (is_overflowed_) too_slow();
    if (!outbox_) return;
    // What was kept this turn counts also where nobody looked: pongs, pings, and what a confirmation released.
    if (is_waiting_writable_) account();
    else send_waiting();
    check_bound();
}

void session::send_waiting()
{
    std::array<std::string_view, max_pieces> pieces;
    while (outbox_ && !outbox_->empty()) {
        const auto count = outbox_->gather(pieces);
        std::size_t offered = 0;
        for (std::size_t i = 0; i < count; ++i) offered += pieces[i].size();
        error_code error;
        const auto sent = socket_->send(std::span(pieces).first(count), error);
        if (error) {
            outbox_.reset();
            account();
            begin_closing();
            socket_->abort();
            return;
        }
        context_.metrics.sent.add(static_cast<std::int64_t>(sent));
        outbox_->consume(sent);
        if (sent < offered) {
            is_waiting_writable_ = true;
            socket_->wait_writable();
            account();
            return;
        }
    }
    outbox_.reset(); // an idle session holds no buffer
    account();
    // All has been said, the close frame last: what the peer still sends is read and dropped until it ends the connection.
    if (phase_ == session_phase::closing && is_discarding_) socket_->shut_down_sending();
}

void session::account()
{
    const auto now = is_waiting_writable_ && outbox_ ? outbox_->bytes() : 0;
    if (now == accounted_) return;
    const auto change = static_cast<std::int64_t>(now) - static_cast<std::int64_t>(accounted_);
    context_.load.pending_bytes.fetch_add(static_cast<std::size_t>(change), std::memory_order_relaxed);
    context_.metrics.pending.add(change);
    accounted_ = now;
}

void session::check_bound()
{
    if (pending_bytes() > context_.limits.max_pending_bytes) too_slow();
}

void session::overflowed()
{
    is_overflowed_ = true;
    context_.streams.flush_later(*this);
}

} // namespace coax
