// SPDX-License-Identifier: MIT
#pragma once

#include <coax/broadcaster.hpp>
#include <coax/connection.hpp>
#include <coax/log.hpp>
#include <coax/task.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <concepts>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace coax {

class channel_access;

/// What a stream is for: a string, a number, or several of them joined with ':'.
struct broadcastable {
    std::string key;

    broadcastable(std::string text) : key(std::move(text)) {}
    broadcastable(std::string_view text) : key(text) {}
    broadcastable(const char* text) : key(text) {}
    template <std::integral Number>
    broadcastable(Number number) : key(std::to_string(number)) {}
    broadcastable(std::initializer_list<broadcastable> parts)
    {
        for (const auto& part : parts) {
            if (!key.empty()) key += ':';
            key += part.key;
        }
    }
};

/// `ChatChannel` to `chat`, `Chats::AppearancesChannel` to `chats:appearances`.
/// Source: Action Cable `Channel::Naming`.
std::string derive_channel_name(std::string_view class_name);

/// Logic of one kind of subscription; one object per identifier and session, alive until unsubscribe or close.
///
/// Clients can call registered actions only (see channel_spec); hooks and other members are out of their reach.
/// Commands of one identifier run one after the other, those of different identifiers interleave at suspension points.
/// Thread rule: shard-affine. Exceptions: caught at the channel's edge and logged; from `subscribed` they reject.
/// Source: Action Cable `Channel::Base`; action-cable-framework.md 9.
class channel {
public:
    virtual ~channel() = default;
    channel(const channel&) = delete;
    channel& operator=(const channel&) = delete;

    /// Starts streams, or rejects. The client is told after it has ended and every stream is acknowledged.
    virtual task<> subscribed() { co_return; }
    /// The subscription has ended, was rejected, or the session is gone. Streams are still there until it returns.
    virtual task<> unsubscribed() { co_return; }

protected:
    channel() = default;

    /// The identifier's object, `channel` included.
    const boost::json::object& params() const noexcept;
    /// The exact text by which the client names this subscription.
    const std::string& identifier() const noexcept;
    /// The channel's short name, the first part of `stream_for` names.
    const std::string& channel_name() const noexcept;
    /// The connection, as its base class; `channel_of` knows its type.
    connection& base_connection() const noexcept;
    const logger& log() const;

    /// Sends a value to this subscription's client. Never suspends; dropped when the session is closed.
    void transmit(const boost::json::value& message);
    /// Sends JSON text as it is.
    void transmit_raw(std::string_view json_text);
    /// Refuses the subscription; takes effect when `subscribed` has ended.
    void reject() noexcept;

    /// Receives a stream. Completes when the adapter has acknowledged it. A name already streamed: nothing changes.
    /// After unsubscribe or reject: returns without starting. Cancellation: terminal (unsubscribe and close do it).
    /// Errors: throws boost::system::system_error (adapter_unavailable, timed_out).
    [[nodiscard]] task<> stream_from(std::string stream);
    /// `stream_from(broadcasting_for(what))`.
    [[nodiscard]] task<> stream_for(broadcastable what);
    void stop_stream_from(std::string_view stream);
    void stop_stream_for(const broadcastable& what);
    void stop_all_streams();

    /// The stream name for `what` in this channel: `chat:42`.
    std::string broadcasting_for(const broadcastable& what) const;
    /// Publishes to `broadcasting_for(what)`.
    void broadcast_to(const broadcastable& what, const boost::json::value& message);
    /// Publishes to any stream.
    void broadcast(std::string stream, const boost::json::value& message);

private:
    friend class channel_access;
    class native_subscription* host_ = nullptr;
};

/// A channel that knows the application's connection class.
template <class Connection>
class channel_of : public channel {
protected:
    Connection& connection() const noexcept { return static_cast<Connection&>(base_connection()); }
};

/// What a channel class offers, without its type. Made by channel_spec; read by the server.
struct channel_description {
    using action_function = std::function<task<>(channel&, boost::json::object)>;

    std::string name;         ///< as clients write it
    std::string channel_name; ///< first part of stream names
    std::map<std::string, action_function, std::less<>> actions;
    action_function receive;  ///< default action; empty: none
    std::function<std::unique_ptr<channel>()> make;

    /// Errors: throws startup_error for a missing name, a duplicate action, or an action named like a hook.
    void add_action(std::string action, action_function run);
};

/// Describes channel class `C` to the server: `static void describe(channel_spec<C>&)`.
///
/// A base class's `describe` may be called from a derived one's: that is inheritance of actions.
template <class C>
class channel_spec {
public:
    explicit channel_spec(channel_description& target) : target_(target) {}

    /// The name clients write in the identifier, such as `ChatChannel`. The short name is derived from it.
    channel_spec& name(std::string text)
    {
        target_.channel_name = derive_channel_name(text);
        target_.name = std::move(text);
        return *this;
    }

    /// An action that gets the data object.
    template <class D>
        requires std::derived_from<C, D>
    channel_spec& action(std::string text, task<> (D::*run)(boost::json::object))
    {
        target_.add_action(std::move(text), [run](channel& self, boost::json::object data) {
            return (static_cast<C&>(self).*run)(std::move(data));
        });
        return *this;
    }

    /// An action that needs no data.
    template <class D>
        requires std::derived_from<C, D>
    channel_spec& action(std::string text, task<> (D::*run)())
    {
        target_.add_action(std::move(text), [run](channel& self, boost::json::object) { return (static_cast<C&>(self).*run)(); });
        return *this;
    }

    /// What runs when the data names no action.
    template <class D>
        requires std::derived_from<C, D>
    channel_spec& receive(task<> (D::*run)(boost::json::object))
    {
        target_.receive = [run](channel& self, boost::json::object data) { return (static_cast<C&>(self).*run)(std::move(data)); };
        return *this;
    }

private:
    channel_description& target_;
};

/// The stream that `stream_for(what)` of channel class `C` listens to, for code outside of any channel. Thread rule: any thread.
template <std::derived_from<channel> C>
std::string broadcasting_for(const broadcastable& what)
{
    channel_description description;
    channel_spec<C> spec(description);
    C::describe(spec);
    return description.channel_name + ':' + what.key;
}

/// Publishes to the listeners of `what` in channel class `C`, from any thread: `coax::broadcast_to<chat_channel>(server.cable(), 42, message)`.
template <std::derived_from<channel> C>
void broadcast_to(const broadcaster& cable, const broadcastable& what, const boost::json::value& message)
{
    cable.broadcast(broadcasting_for<C>(what), message);
}

} // namespace coax
