// SPDX-License-Identifier: MIT
#include "model_session.hpp"

#include "protocol/codec.hpp"
#include "protocol/frame_codec.hpp"

#include <utility>

namespace coax::model {

model_session::model_session(order_oracle& oracle, hub_shard& shard, model_random& random, settings chosen)
    : oracle_(oracle), shard_(shard), random_(random), settings_(chosen),
      socket_(random, chosen.speed, chosen.deflate, chosen.wrong, [this](std::string_view text) { oracle_.guard([&] { oracle_.received(settings_.id, text); }); })
{
    oracle_.guard([&] { oracle_.open_session(settings_.id, settings_.shard); });
    for (unsigned i = 0; i < identifier_count; ++i) quoted_[i] = quote_json(identifier_text(i));
}

model_session::~model_session()
{
    shard_.forget(*this);
}

void model_session::subscribe(unsigned identifier, const std::vector<unsigned>& streams, bool held, bool late)
{
    auto& made = *(subscriptions_[identifier] = std::make_unique<subscription>());
    made.held = held;
    made.late = late;
    made.is_joining = true;
    for (const auto stream : streams) join(identifier, stream, held);
    made.is_joining = false;
    confirm_if_ready(identifier);
}

void model_session::stream_from(unsigned identifier, unsigned stream)
{
    for (const auto& known : subscriptions_[identifier]->streams)
        if (known->stream == stream) return;
    subscriptions_[identifier]->is_joining = true;
    join(identifier, stream, false);
    subscriptions_[identifier]->is_joining = false;
}

void model_session::join(unsigned identifier, unsigned stream, bool held)
{
    auto& added = *subscriptions_[identifier]->streams.emplace_back(std::make_unique<joined>());
    added.stream = stream;
    oracle_.guard([&] { added.member = oracle_.join(settings_.shard, settings_.id, identifier, stream, held); });
    const listener_key key{quoted_[identifier], &json_codec(), settings_.deflate};
    const auto member = added.member;
    added.handle = shard_.join("stream " + std::to_string(stream), *this, key, held,
                               [this, identifier, &added](error_code error) { on_ready(identifier, added, error); });
    oracle_.guard([&] { oracle_.join_returned(member); });
}

void model_session::on_ready(unsigned identifier, joined& which, error_code error)
{
    oracle_.guard([&] { oracle_.told(which.member, !error); });
    which.is_ready = !error;
    if (error) subscriptions_[identifier]->has_failed = true;
    else confirm_if_ready(identifier);
    // What an answer makes the application do: clean up now, within the hub's call, or later; leave something else; leave all.
    const auto doing = random_.below(100);
    if (subscriptions_[identifier]->is_joining) return;
    for (unsigned other = 0; other < identifier_count; ++other) {
        const bool is_this = other == identifier;
        if (subscriptions_[other] && (doing < 3 || (doing < 6 && !is_this) || (doing < 60 && is_this && error))) unsubscribe(other);
    }
}

void model_session::confirm_if_ready(unsigned identifier)
{
    const auto& one = *subscriptions_[identifier];
    if (!one.late && !one.is_joining) confirm(identifier);
}

void model_session::confirm(unsigned identifier)
{
    auto& one = *subscriptions_[identifier];
    if (one.is_confirmed || one.has_failed || must_close_) return;
    for (const auto& stream : one.streams)
        if (!stream->is_ready) return;
    one.is_confirmed = true;
    const auto release = [&] {
        for (const auto& stream : one.streams) {
            oracle_.guard([&] { oracle_.release(stream->member); });
            shard_.release(*stream->handle);
        }
    };
    if (one.held && settings_.wrong == fault::release_before_confirmation) {
        for (const auto& stream : one.streams) shard_.release(*stream->handle);
    }
    push(confirmation_text(identifier));
    if (one.held) release();
}

void model_session::stop_one_stream(unsigned identifier)
{
    auto& one = *subscriptions_[identifier];
    if (one.streams.size() < 2) return;
    const auto which = random_.below(one.streams.size());
    drop(*one.streams[which]);
    one.streams.erase(one.streams.begin() + static_cast<std::ptrdiff_t>(which));
    confirm_if_ready(identifier);
}

void model_session::unsubscribe(unsigned identifier)
{
    const auto gone = std::move(subscriptions_[identifier]);
    for (const auto& stream : gone->streams) drop(*stream);
}

void model_session::drop(joined& which)
{
    oracle_.guard([&] { oracle_.leave(which.member); });
    if (settings_.wrong == fault::leave_late && which.is_ready) {
        late_leavers_.push_back(std::move(which.handle));
        return;
    }
    which.handle.reset();
}

void model_session::unicast()
{
    push(R"({"u":)" + std::to_string(++unicasts_) + "}");
}

void model_session::push(std::string text)
{
    if (shard_.has_pending() && settings_.wrong != fault::unicast_without_pull) {
        for (const auto& one : subscriptions_) {
            if (!one) continue;
            for (const auto& stream : one->streams)
                if (stream->handle) shard_.pull(*stream->handle);
        }
    }
    outbox_.push(encode_frame(opcode::text, text));
    oracle_.guard([&] { oracle_.unicast(settings_.id, std::move(text)); });
    shard_.flush_later(*this);
}

void model_session::writable()
{
    socket_.open();
    write();
}

void model_session::close()
{
    for (unsigned i = 0; i < identifier_count; ++i)
        if (subscriptions_[i]) unsubscribe(i);
    end_of_turn();
    shard_.forget(*this);
    send_all();
    oracle_.guard([&] {
        oracle_.check_all_received(settings_.id);
        if (socket_.has_rest()) throw model_failure("the last frame came in part");
        oracle_.end_session(settings_.id);
    });
}

void model_session::send_all()
{
    for (int tries = 0; !outbox_.empty() && tries < 10'000; ++tries) writable();
    if (!outbox_.empty()) socket_.open_for_good();
    write();
}

void model_session::deliver(const frame_block& block)
{
    oracle_.guard([&] { send(block); });
}

void model_session::send(const frame_block& block)
{
    std::size_t bytes = 0;
    for (const auto& frame : block.frames) bytes += frame.size();
    if (block.frames.empty() || bytes != block.bytes) throw model_failure("a block's size is not that of its frames");
    if (!outbox_.empty() && settings_.wrong != fault::overtake_outbox) {
        enqueue(block.frames);
        return;
    }
    std::size_t sent = 0;
    if (!block.contiguous.empty()) {
        if (block.contiguous.size() != bytes) throw model_failure("a block's piece is not its frames");
        sent = socket_.send(block.contiguous);
    } else {
        for (const auto& frame : block.frames) {
            const auto taken = socket_.send(frame.view());
            sent += taken;
            if (taken < frame.size()) break;
        }
    }
    for (const auto& frame : block.frames) {
        if (sent >= frame.size()) {
            sent -= frame.size();
        } else {
            outbox_.push(frame, outbox_.empty() ? std::exchange(sent, 0) : 0);
        }
    }
}

void model_session::enqueue(std::span<const shared_frame> frames)
{
    for (const auto& frame : frames) outbox_.push(frame);
}

void model_session::write()
{
    oracle_.guard([&] { send_waiting(); });
}

void model_session::send_waiting()
{
    std::array<std::string_view, 4> pieces;
    while (!outbox_.empty()) {
        const auto count = outbox_.gather(pieces);
        for (std::size_t i = 0; i < count; ++i) {
            const auto taken = socket_.send(pieces[i]);
            const auto size = pieces[i].size(); // the piece may go with what is consumed
            outbox_.consume(taken);
            if (taken < size) return;
        }
    }
}

} // namespace coax::model
