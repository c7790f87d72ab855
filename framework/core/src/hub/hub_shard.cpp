// SPDX-License-Identifier: MIT
#include "hub/hub_shard.hpp"

#include "hub/hub.hpp"
#include "observe/metric_names.hpp"
#include "protocol/codec.hpp"
#include "protocol/deflate.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>

namespace coax {

namespace {

// Up to this size several frames are joined and go out by a plain send, which is cheaper than a gathering one.
constexpr std::size_t join_limit = 16 * 1024;

} // namespace

void stream_leaver::operator()(stream_member* member) const noexcept
{
    member->stream->shard->leave(*member);
    delete member;
}

hub_shard::hub_shard(hub& node, options settings, metric_registry& metrics, std::function<void()> wake)
    : node_(node), settings_(settings), wake_(std::move(wake)), deliveries_(metric_names::deliveries_total.in(metrics)),
      encoded_(metric_names::frames_encoded_total.in(metrics))
{
}

hub_shard::~hub_shard()
{
    BOOST_ASSERT(registry_.member_count() == 0);
}

stream_handle hub_shard::join(std::string_view stream, subscriber& who, const listener_key& key, bool held,
                              std::function<void(error_code)> ready)
{
    BOOST_ASSERT(!is_flushing_);
    auto& log = registry_.find_or_add(stream, *this);
    stream_handle handle(new stream_member);
    handle->stream = &log;
    handle->who = &who;
    handle->is_held = held;
    // The table is asked every time: what this shard knew of the stream may be out of date.
    const auto awaited = node_.want(*this, stream);
    if (!awaited) {
        registry_.insert(*handle, key);
        ready({});
        return handle;
    }
    handle->pending = std::make_unique<stream_member::pending_join>();
    handle->pending->quoted_identifier = key.quoted_identifier;
    handle->pending->protocol = key.protocol;
    handle->pending->deflate = key.deflate;
    handle->pending->ready = std::move(ready);
    handle->pending->awaited = *awaited;
    registry_.insert_waiting(*handle);
    return handle;
}

void hub_shard::leave(stream_member& member) noexcept
{
    BOOST_ASSERT(!is_flushing_);
    auto& stream = *member.stream;
    std::replace(to_tell_.begin(), to_tell_.end(), &member, static_cast<stream_member*>(nullptr));
    registry_.remove(member);
    drop_if_unused(stream);
}

void hub_shard::drop_if_unused(stream_log& stream)
{
    if (!stream.is_unused()) return;
    if (stream.is_dirty) std::erase(dirty_, &stream);
    node_.unwant(*this, stream.name.view());
    registry_.erase(stream);
}

void hub_shard::acknowledged(stream_log& stream, std::uint32_t number, error_code error)
{
    to_tell_.clear();
    for (auto* member : std::exchange(stream.waiting, {})) {
        auto& pending = *member->pending;
        // One who came after this answer was put into the mailbox waits for another call's: this one may have been undone since.
        const bool is_meant = pending.awaited == number;
        if (is_meant) to_tell_.push_back(member);
        if (is_meant && !error) {
            const listener_key key{pending.quoted_identifier, pending.protocol, pending.deflate};
            registry_.insert(*member, key);
        } else {
            // A failed one stays in the waiting list, without a promise, until its owner drops it.
            registry_.insert_waiting(*member);
        }
    }
    // A call may drop any of the others (`leave` takes them out here), and the stream with them.
    for (std::size_t i = 0; i < to_tell_.size(); ++i) {
        auto* member = to_tell_[i];
        if (!member) continue;
        to_tell_[i] = nullptr;
        const auto ready = std::move(member->pending->ready);
        if (!error) member->pending.reset();
        ready(error);
    }
}

void hub_shard::append(stream_log& stream, shared_payload payload)
{
    if (stream.member_count == 0) return;
    stream.pending_bytes += payload.size();
    stream.pending.push_back(std::move(payload));
    if (!stream.is_dirty) {
        stream.is_dirty = true;
        dirty_.push_back(&stream);
    }
    if (stream.pending.size() >= settings_.max_pending_frames || stream.pending_bytes >= settings_.max_pending_bytes) flush_stream(stream);
}

void hub_shard::drain()
{
    // What comes while draining waits for the next turn: it has woken the loop again.
    mailbox_.take(taken_);
    std::exception_ptr failed;
    for (auto& entry : taken_) {
        try {
            handle(entry);
        } catch (...) { // one bad entry must not cost the others their turn
            failed = std::current_exception();
        }
    }
    taken_.clear();
    if (taken_.capacity() > 4096) taken_.shrink_to_fit();
    if (failed) std::rethrow_exception(failed);
}

void hub_shard::handle(mailbox_entry& entry)
{
    if (entry.what == mailbox_entry::kind::call) {
        entry.call();
        return;
    }
    auto* stream = registry_.find(entry.stream.view());
    if (!stream) return;
    if (entry.what == mailbox_entry::kind::message) {
        append(*stream, std::move(entry.payload));
    } else {
        acknowledged(*stream, entry.number, entry.error);
    }
}

void hub_shard::encode(const stream_log& stream, listener_group& group)
{
    if (group.deflate && !deflater_) deflater_ = std::make_unique<deflater>();
    while (group.frames.size() < stream.pending.size()) {
        group.frames.push_back(group.protocol->message_frame(group.quoted_identifier, stream.pending[group.frames.size()].view(),
                                                             group.deflate ? deflater_.get() : nullptr, settings_.deflate_threshold));
        encoded_.add();
    }
}

void hub_shard::flush_stream(stream_log& stream)
{
    // Whatever happens, this turn's messages are over: a second try would send them twice to those that had them.
    struct turn_end {
        hub_shard& shard;
        stream_log& stream;
        ~turn_end()
        {
            shard.is_flushing_ = false;
            stream.base = stream.end();
            stream.pending.clear();
            stream.pending_bytes = 0;
            if (stream.pending.capacity() > shard.settings_.max_pending_frames) std::vector<shared_payload>().swap(stream.pending);
            for (auto& group : stream.groups) group->frames.clear();
        }
    };
    const turn_end end{*this, stream};
    is_flushing_ = true;
    for (auto& group : stream.groups) flush_group(stream, *group);
}

void hub_shard::flush_group(stream_log& stream, listener_group& group)
{
    encode(stream, group);
    const std::span<const shared_frame> frames(group.frames);
    frame_block whole;
    whole.frames = frames;
    for (const auto& frame : frames) whole.bytes += frame.size();
    if (frames.size() == 1) {
        whole.contiguous = frames.front().view();
    } else if (whole.bytes <= join_limit) {
        joined_.resize(whole.bytes);
        std::size_t at = 0;
        for (const auto& frame : frames) {
            std::memcpy(joined_.data() + at, frame.data(), frame.size());
            at += frame.size();
        }
        whole.contiguous = std::string_view(joined_.data(), joined_.size());
    }
    std::size_t delivered = 0;
    for (auto* member : group.members) {
        const auto skip = member->cursor > stream.base ? static_cast<std::size_t>(member->cursor - stream.base) : 0;
        if (skip >= frames.size()) continue;
        const auto rest = frames.subspan(skip);
        delivered += rest.size();
        if (member->is_held) {
            hold(*member, rest);
        } else if (skip == 0) {
            member->who->deliver(whole);
        } else {
            frame_block part;
            part.frames = rest;
            for (const auto& frame : rest) part.bytes += frame.size();
            member->who->deliver(part);
        }
    }
    deliveries_.add(static_cast<std::int64_t>(delivered));
    if (group.frames.capacity() > settings_.max_pending_frames) std::vector<shared_frame>().swap(group.frames);
}

void hub_shard::flush()
{
    // Each is taken off its list before it is called: what throws must leave no entry that its owner believes gone.
    std::exception_ptr failed;
    while (!dirty_.empty()) {
        auto* stream = dirty_.back();
        dirty_.pop_back();
        stream->is_dirty = false;
        try {
            if (!stream->pending.empty()) flush_stream(*stream);
        } catch (...) {
            failed = std::current_exception();
        }
    }
    for (std::size_t i = 0; i < to_flush_.size(); ++i) {
        auto* who = std::exchange(to_flush_[i], nullptr);
        if (!who) continue;
        who->is_listed_for_flush_ = false;
        try {
            who->flush();
        } catch (...) {
            failed = std::current_exception();
        }
    }
    to_flush_.clear();
    if (failed) std::rethrow_exception(failed);
}

void hub_shard::pull(stream_member& member)
{
    if (!member.group) return;
    auto& stream = *member.stream;
    const auto skip = member.cursor > stream.base ? static_cast<std::size_t>(member.cursor - stream.base) : 0;
    if (skip >= stream.pending.size()) return;
    encode(stream, *member.group);
    const auto rest = std::span<const shared_frame>(member.group->frames).subspan(skip);
    member.cursor = stream.end();
    deliveries_.add(static_cast<std::int64_t>(rest.size()));
    if (member.is_held) {
        hold(member, rest);
        return;
    }
    member.who->enqueue(rest);
    flush_later(*member.who);
}

void hub_shard::hold(stream_member& member, std::span<const shared_frame> frames)
{
    if (!member.held) member.held = std::make_unique<stream_member::collected>();
    auto& held = *member.held;
    if (held.bytes > settings_.max_held_bytes) return; // told already
    held.frames.insert(held.frames.end(), frames.begin(), frames.end());
    for (const auto& frame : frames) held.bytes += frame.size();
    if (held.bytes > settings_.max_held_bytes) member.who->overflowed();
}

void hub_shard::release(stream_member& member)
{
    member.is_held = false;
    const auto held = std::move(member.held);
    if (!held) return;
    member.who->enqueue(held->frames);
    flush_later(*member.who);
}

void hub_shard::flush_later(subscriber& who)
{
    if (who.is_listed_for_flush_) return;
    who.is_listed_for_flush_ = true;
    to_flush_.push_back(&who);
}

void hub_shard::forget(subscriber& who) noexcept
{
    if (!who.is_listed_for_flush_) return;
    who.is_listed_for_flush_ = false;
    std::replace(to_flush_.begin(), to_flush_.end(), &who, static_cast<subscriber*>(nullptr));
}

void hub_shard::post(std::function<void()> call)
{
    mailbox_entry entry;
    entry.what = mailbox_entry::kind::call;
    entry.call = std::move(call);
    if (mailbox_.push(std::move(entry))) wake_();
}

} // namespace coax
