// SPDX-License-Identifier: MIT
#include "order_model.hpp"

#include <utility>

namespace coax::model {

namespace {

constexpr unsigned shard_count = 2;
constexpr unsigned stream_count = 5;
constexpr unsigned session_count = 12;

} // namespace

order_model::order_model(with adapter, std::uint64_t seed, fault wrong)
    : random_(seed), wrong_(wrong), oracle_(shard_count, stream_count), hub_(metrics_, logger()), watched_(oracle_, hub_), local_(watched_),
      erratic_(random_, watched_), is_woken_(shard_count), published_(stream_count)
{
    if (adapter == with::local) watched_.use(local_);
    else watched_.use(erratic_);
    hub_.use_adapter(watched_);
    for (unsigned i = 0; i < shard_count; ++i) {
        hub_shard::options settings;
        settings.index = i;
        settings.mailbox_mark = 100;
        settings.max_held_bytes = 8 * 1024;
        shards_.push_back(std::make_unique<hub_shard>(hub_, settings, metrics_, [this, i] { is_woken_[i] = true; }));
        hub_.add_shard(*shards_.back());
    }
    sessions_.resize(session_count);
    for (std::size_t slot = 0; slot < session_count; ++slot) open(slot);
}

order_model::~order_model() = default;

void order_model::open(std::size_t slot)
{
    // The old one leaves before the new one can come.
    sessions_[slot].reset();
    model_session::settings chosen{};
    chosen.id = ++last_session_;
    chosen.shard = static_cast<unsigned>(slot % shard_count);
    chosen.deflate = slot % 4 == 3;
    chosen.speed = static_cast<model_socket::pace>(random_.below(3));
    chosen.wrong = wrong_;
    sessions_[slot] = std::make_unique<model_session>(oracle_, *shards_[chosen.shard], random_, chosen);
}

std::optional<std::string> order_model::run(std::uint64_t steps)
{
    for (std::uint64_t done = 1; done <= steps; ++done) {
        step();
        close_overflowed();
        check_woken();
        if (done % 2'000 == 0 || done == steps) settle();
        if (!oracle_.failure().empty()) return oracle_.failure() + " (step " + std::to_string(done) + ")";
    }
    return std::nullopt;
}

void order_model::step()
{
    const auto slot = random_.below(session_count);
    auto& session = *sessions_[slot];
    const auto identifier = static_cast<unsigned>(random_.below(identifier_count));
    const auto shard = static_cast<unsigned>(random_.below(shard_count));
    const auto what = random_.below(1000);
    if (what < 110) {
        if (!session.is_subscribed(identifier)) subscribe(session);
    } else if (what < 150) {
        if (session.is_subscribed(identifier)) session.unsubscribe(identifier);
    } else if (what < 180) {
        if (session.is_subscribed(identifier)) session.stop_one_stream(identifier);
    } else if (what < 220) {
        if (session.is_confirmed(identifier)) session.stream_from(identifier, static_cast<unsigned>(random_.below(stream_count)));
    } else if (what < 300) {
        if (session.is_subscribed(identifier)) session.confirm(identifier);
    } else if (what < 400) {
        session.unicast();
    } else if (what < 430) {
        post_unicast();
    } else if (what < 630) {
        publish();
    } else if (what < 720) {
        if (erratic_.has_messages()) erratic_.deliver_some();
    } else if (what < 790) {
        if (erratic_.has_calls()) erratic_.complete_one();
    } else if (what < 850) {
        drain(shard);
    } else if (what < 880) {
        flush(shard);
    } else if (what < 930) {
        drain(shard);
        flush(shard);
    } else if (what < 997) {
        session.writable();
    } else {
        session.close();
        open(slot);
    }
}

void order_model::subscribe(model_session& session)
{
    for (unsigned identifier = 0; identifier < identifier_count; ++identifier) {
        if (session.is_subscribed(identifier)) continue;
        // The same streams come up under several identifiers.
        std::vector<unsigned> streams;
        const auto first = static_cast<unsigned>(random_.below(stream_count));
        for (unsigned i = 0; i < 1 + random_.below(2); ++i) streams.push_back((first + i) % stream_count);
        session.subscribe(identifier, streams, random_.chance(70), random_.chance(50));
        return;
    }
}

void order_model::publish()
{
    std::vector<broadcast_message> batch;
    const auto size = random_.chance(1) ? 70 + random_.below(60) : 1 + random_.below(4);
    const auto same = random_.below(stream_count);
    const bool is_mixed = random_.chance(70);
    for (std::size_t i = 0; i < size; ++i) {
        const auto stream = static_cast<unsigned>(is_mixed ? random_.below(stream_count) : same);
        batch.push_back({"stream " + std::to_string(stream), payload_text(stream, ++published_[stream])});
    }
    ++open_publishes_;
    hub_.publish(std::move(batch), [this](error_code) { --open_publishes_; });
}

void order_model::post_unicast()
{
    const auto slot = random_.below(session_count);
    const auto id = sessions_[slot]->id();
    const auto shard = static_cast<unsigned>(slot % shard_count);
    const auto call = ++calls_;
    oracle_.guard([&] { oracle_.post(shard, call); });
    shards_[shard]->post([this, slot, id, shard, call] {
        oracle_.guard([&] { oracle_.called(shard, call); });
        if (sessions_[slot]->id() == id) sessions_[slot]->unicast();
    });
}

void order_model::drain(unsigned shard)
{
    // As the run loop does: nobody looks into a mailbox without having been woken.
    if (!std::exchange(is_woken_[shard], false)) return;
    oracle_.guard([&] { oracle_.drain_begins(shard); });
    shards_[shard]->drain();
    oracle_.guard([&] { oracle_.drain_ended(shard); });
}

void order_model::flush(unsigned shard)
{
    oracle_.guard([&] { oracle_.flushed(shard); });
    shards_[shard]->flush();
    for (auto& session : sessions_) session->end_of_turn();
}

void order_model::check_woken()
{
    oracle_.guard([&] {
        for (unsigned shard = 0; shard < shard_count; ++shard)
            if (oracle_.has_queued(shard) && !is_woken_[shard]) throw model_failure("a shard with a full mailbox was not woken");
    });
}

void order_model::close_overflowed()
{
    for (std::size_t slot = 0; slot < session_count; ++slot) {
        if (!sessions_[slot]->must_close()) continue;
        sessions_[slot]->close();
        open(slot);
    }
}

void order_model::settle()
{
    bool is_busy = true;
    while (is_busy && oracle_.failure().empty()) {
        is_busy = erratic_.has_calls() || erratic_.has_messages();
        if (erratic_.has_calls()) erratic_.complete_one();
        if (erratic_.has_messages()) erratic_.deliver_some();
        for (unsigned shard = 0; shard < shard_count; ++shard) {
            is_busy |= is_woken_[shard] != 0;
            drain(shard);
            flush(shard);
        }
        close_overflowed();
    }
    for (auto& session : sessions_) session->send_all();
    oracle_.guard([&] {
        for (auto& session : sessions_) oracle_.check_all_received(session->id());
        oracle_.check_nobody_waits();
        for (unsigned shard = 0; shard < shard_count; ++shard)
            if (shards_[shard]->member_count() != oracle_.live_members(shard)) throw model_failure("a shard's members are not those that joined");
        if (hub_.stream_count() != oracle_.wanted_streams()) throw model_failure("the node's streams are not those that are wanted");
        if (open_publishes_ != 0) throw model_failure("a publication was not answered");
    });
}

} // namespace coax::model
