// SPDX-License-Identifier: MIT
#pragma once

#include "hub/mailbox.hpp"
#include "hub/stream_registry.hpp"
#include "hub/subscriber.hpp"

#include <coax/metrics.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace coax {

class deflater;
class hub;

/// One shard's part of the hub: who listens here, what waits to be sent, in which order.
///
/// The shard's run loop calls `drain` and then `flush` at the end of each turn. A payload is put on its stream's log, and at flush
/// each listener gets all that is new to it in one block, encoded once per (identifier, codec). Order: for one stream, the hub's; a
/// unicast comes after everything that was on the log when it was pushed. Between streams of one turn there is none.
/// Thread rule: shard-affine, but for `post` and `wake`.
/// Source: performance.md 10, *Order*.
class hub_shard {
public:
    struct options {
        unsigned index = 0;
        std::size_t deflate_threshold = 256;
        /// Payload entries that may wait in the mailbox before a delivery counts as overloaded.
        std::size_t mailbox_mark = 64 * 1024;
        /// A stream is flushed within the turn at these marks, so that a flood cannot hold it up.
        std::size_t max_pending_frames = 64;
        std::size_t max_pending_bytes = 64 * 1024;
        /// Bytes that a held member may collect before its subscriber is told that it overflowed.
        std::size_t max_held_bytes = 1024 * 1024;
    };

    /// `wake` makes the run loop take another turn; any thread.
    hub_shard(hub& node, options settings, metric_registry& metrics, std::function<void()> wake);
    ~hub_shard();
    hub_shard(const hub_shard&) = delete;
    hub_shard& operator=(const hub_shard&) = delete;

    /// Listens to `stream` for `who`. `ready` is called once when the adapter has acknowledged (or failed): before this returns if it
    /// has already, else from `drain`; not at all once the handle is dropped. Messages from the acknowledgement on are delivered.
    /// `held`: they are collected until `release`.
    stream_handle join(std::string_view stream, subscriber& who, const listener_key& key, bool held, std::function<void(error_code)> ready);

    /// Ends the hold: what was collected is enqueued. Push the confirmation before.
    void release(stream_member& member);

    /// Enqueues to the member's subscriber what is on the log for it, so that a unicast pushed next comes behind.
    void pull(stream_member& member);
    /// True if any log holds something: without it `pull` has nothing to do.
    bool has_pending() const noexcept { return !dirty_.empty(); }

    /// Has `who.flush()` called at the end of this turn.
    void flush_later(subscriber& who);
    /// `who` is about to go: it has left all streams, and is not called any more.
    void forget(subscriber& who) noexcept;

    /// Handles what came by the mailbox, all of it; an exception of a posted call is rethrown at the end.
    void drain();
    /// Sends: streams first, then the sessions of `flush_later`.
    void flush();

    /// Any thread: runs `call` on this shard, in order with everything else that came before it.
    void post(std::function<void()> call);

    unsigned index() const noexcept { return settings_.index; }
    std::size_t stream_count() const noexcept { return registry_.stream_count(); }
    std::size_t member_count() const noexcept { return registry_.member_count(); }

private:
    friend class hub;
    friend struct stream_leaver;

    void leave(stream_member& member) noexcept;
    void handle(mailbox_entry& entry);
    void append(stream_log& stream, shared_payload payload);
    void acknowledged(stream_log& stream, std::uint32_t number, error_code error);
    void flush_stream(stream_log& stream);
    void flush_group(stream_log& stream, listener_group& group);
    void encode(const stream_log& stream, listener_group& group);
    void hold(stream_member& member, std::span<const shared_frame> frames);
    void drop_if_unused(stream_log& stream);

    hub& node_;
    const options settings_;
    mailbox mailbox_;
    std::function<void()> wake_;
    stream_registry registry_;
    std::vector<stream_log*> dirty_;
    std::vector<subscriber*> to_flush_;
    std::vector<stream_member*> to_tell_; ///< of the acknowledgement in hand
    std::vector<mailbox_entry> taken_;
    std::vector<char> joined_;
    std::unique_ptr<deflater> deflater_;
    metric& deliveries_;
    metric& encoded_;
    bool is_flushing_ = false;
};

} // namespace coax
