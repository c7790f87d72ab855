// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coax::model {

/// The hub did what the oracle does not allow. Thrown by the oracle only within `guard`.
struct model_failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What is published as message `number` of `stream`: JSON whose size depends on the number.
std::string payload_text(unsigned stream, std::uint64_t number);
std::string identifier_text(unsigned identifier);
/// The texts that a client must get, written out here without the code under test.
std::string data_text(unsigned identifier, unsigned stream, std::uint64_t number);
std::string confirmation_text(unsigned identifier);

/// Says what every session must receive, from the calls that the test makes and those that the hub makes.
///
/// It knows nothing of logs, cursors, groups or blocks: per shard one queue of what was handed over, per member two lists.
/// A message that must reach a session is noted with the number of unicasts that come before it, which fixes the order between
/// them; messages of different streams have no order.
class order_oracle {
public:
    using member_id = std::size_t;
    using session_id = std::size_t;

    order_oracle(std::size_t shards, std::size_t streams) : queues_(shards), logs_(shards, std::vector<log>(streams)), carried_(streams) {}

    /// Calls `use` unless something went wrong before, and keeps what goes wrong in it: the hub's walks must not be left by an
    /// exception. Everything below is called within.
    template <class Use>
    void guard(Use&& use)
    {
        if (!failure_.empty()) return;
        try {
            use();
        } catch (const model_failure& error) {
            failure_ = error.what();
        }
    }
    /// The first broken rule, or nothing.
    const std::string& failure() const noexcept { return failure_; }

    // What sessions do; each just before the hub is called.
    member_id join(unsigned shard, session_id who, unsigned identifier, unsigned stream, bool held);
    void join_returned(member_id which);
    void release(member_id which);
    void leave(member_id which);
    void unicast(session_id who, std::string text);
    void post(unsigned shard, std::uint64_t call);

    // What the run loop does.
    void drain_begins(unsigned shard);
    void drain_ended(unsigned shard);
    void flushed(unsigned shard);

    // What the hub does.
    void told(member_id which, bool ok);
    void called(unsigned shard, std::uint64_t call);
    void subscribe_called(unsigned stream);
    void unsubscribe_called(unsigned stream);

    // What the adapter does; completions just before, deliveries just after the hub hears of them.
    void subscribe_completed(unsigned stream, bool ok);
    void unsubscribe_completed(unsigned stream);
    void delivered(unsigned stream, std::uint64_t number);

    // What a socket gets.
    void received(session_id who, std::string_view text);
    /// Everything due has come.
    void check_all_received(session_id who) const;
    void open_session(session_id who, unsigned shard) { sessions_[who].shard = shard; }
    void end_session(session_id who) { sessions_.erase(who); }

    // What must be true when nothing is under way.
    void check_nobody_waits() const;
    std::size_t live_members(unsigned shard) const;
    std::size_t wanted_streams() const;
    bool has_queued(unsigned shard) const { return !queues_[shard].notes.empty(); }
    std::uint64_t received_messages() const noexcept { return received_messages_; }

private:
    struct due {
        std::uint64_t number;
        std::uint64_t after; // unicasts that come before
    };
    enum class phase { waiting, acknowledged, live, failed };
    struct member {
        unsigned shard;
        session_id who;
        unsigned identifier;
        unsigned stream;
        bool is_held;
        bool was_carried; // when it joined
        bool is_told = false;
        phase now = phase::waiting;
        std::vector<due> on_log;    // a leave drops these
        std::vector<due> collected; // while held; a leave drops these too
    };
    struct note {
        enum class kind { message, acknowledgement, call } what;
        unsigned stream = 0;
        std::uint64_t number = 0;       // of the message or call
        std::vector<member_id> members; // whom the acknowledgement is for
        bool ok = true;
    };
    struct queue {
        std::deque<note> notes;
        std::size_t in_this_drain = 0;
    };
    struct log {
        std::vector<member_id> members;
        std::size_t frames = 0;
        std::size_t bytes = 0;
    };
    struct carriage {
        bool is_active = false;
        bool is_call_outstanding = false;
    };
    struct session {
        unsigned shard = 0;
        std::uint64_t pushed = 0; // unicasts
        std::uint64_t received = 0;
        std::deque<std::string> unicasts;
        std::map<std::pair<unsigned, unsigned>, std::deque<due>> messages; // by identifier and stream
    };

    void take(unsigned shard);
    void commit(member& which);
    void commit(log& stream);
    bool is_anyone_waiting(unsigned stream) const;

    std::vector<queue> queues_;
    std::vector<std::vector<log>> logs_; // by shard and stream
    std::vector<carriage> carried_;      // by stream
    std::map<member_id, member> members_;
    std::map<session_id, session> sessions_;
    std::vector<member_id> untold_; // of the acknowledgement just taken
    member_id last_ = 0;
    std::string failure_;
    std::uint64_t received_messages_ = 0;
};

} // namespace coax::model
