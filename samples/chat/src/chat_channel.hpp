// SPDX-License-Identifier: MIT
#pragma once

#include "chat_connection.hpp"
#include "chat_store.hpp"

#include <coax/channel.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <string>

namespace chat {

/// One tab in one room. Subscribe with `{"channel":"ChatChannel","room":"lobby"}`; a bad room name is rejected.
///
/// A client receives objects told apart by `type`:
/// - `snapshot`: `room`, `you`, `names`, `count`, `version`, `lines`; the first message of every subscription
/// - `line`: `id`, `name`, `text`, `at`; may repeat one of the snapshot's lines, never leaves one out
/// - `presence`: `name`, `here` (came or went), `count`, `version`
/// - `typing`: `name`
/// - `refused`: `reason`, `limit`; to the speaker only
///
/// Actions: `speak` with `text`; `typing`.
class chat_channel : public coax::channel_of<chat_connection> {
public:
    explicit chat_channel(chat_store& store) : store_(store) {}

    coax::task<> subscribed() override;
    coax::task<> unsubscribed() override;

    coax::task<> speak(boost::json::object data);
    coax::task<> typing();

    static void describe(coax::channel_spec<chat_channel>& spec);

private:
    chat_store& store_;
    std::string room_;
    bool joined_ = false;
    std::chrono::steady_clock::time_point typing_again_;
};

} // namespace chat
