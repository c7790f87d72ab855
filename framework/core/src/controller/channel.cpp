// SPDX-License-Identifier: MIT
#include <coax/channel.hpp>

#include "controller/native_controller.hpp"

#include <coax/error.hpp>

#include <boost/json/serialize.hpp>
#include <boost/system/system_error.hpp>

#include <cctype>

namespace coax {

namespace {

bool is_upper(char c) noexcept { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool is_lower(char c) noexcept { return std::islower(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) noexcept { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

} // namespace

std::string derive_channel_name(std::string_view class_name)
{
    constexpr std::string_view suffix = "Channel";
    if (class_name.size() > suffix.size() && class_name.ends_with(suffix)) class_name.remove_suffix(suffix.size());
    std::string out;
    for (std::size_t i = 0; i < class_name.size(); ++i) {
        const char c = class_name[i];
        if (c == ':' && i + 1 < class_name.size() && class_name[i + 1] == ':') {
            out += ':';
            ++i;
            continue;
        }
        if (is_upper(c) && i > 0) {
            const char before = class_name[i - 1];
            const bool ends_run = is_upper(before) && i + 1 < class_name.size() && is_lower(class_name[i + 1]);
            if (is_lower(before) || is_digit(before) || ends_run) out += '_';
        }
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return out;
}

void channel_description::add_action(std::string action, action_function run)
{
    if (action.empty()) throw startup_error("channel " + name + " registers an action without a name");
    if (action == "subscribed" || action == "unsubscribed")
        throw startup_error("channel " + name + " registers the hook '" + action + "' as an action: clients could call it; give the action another name");
    if (!actions.emplace(action, std::move(run)).second)
        throw startup_error("channel " + name + " registers action '" + action + "' twice: remove one, or give it another name");
}

const boost::json::object& channel::params() const noexcept
{
    return host_->params();
}

const std::string& channel::identifier() const noexcept
{
    return host_->port().identifier();
}

const std::string& channel::channel_name() const noexcept
{
    return host_->description().channel_name;
}

connection& channel::base_connection() const noexcept
{
    return host_->owner().user();
}

const logger& channel::log() const
{
    return host_->owner().port().log();
}

void channel::transmit(const boost::json::value& message)
{
    host_->port().transmit(boost::json::serialize(message));
}

void channel::transmit_raw(std::string_view json_text)
{
    host_->port().transmit(json_text);
}

void channel::reject() noexcept
{
    host_->reject();
}

task<> channel::stream_from(std::string stream)
{
    if (host_->is_rejected()) co_return;
    auto joined = co_await host_->port().stream_from(std::move(stream));
    if (!joined) throw boost::system::system_error(joined.error(), "stream_from");
}

task<> channel::stream_for(broadcastable what)
{
    co_await stream_from(broadcasting_for(what));
}

void channel::stop_stream_from(std::string_view stream)
{
    host_->port().stop_stream_from(stream);
}

void channel::stop_stream_for(const broadcastable& what)
{
    stop_stream_from(broadcasting_for(what));
}

void channel::stop_all_streams()
{
    host_->port().stop_all_streams();
}

std::string channel::broadcasting_for(const broadcastable& what) const
{
    return channel_name() + ':' + what.key;
}

void channel::broadcast_to(const broadcastable& what, const boost::json::value& message)
{
    broadcast(broadcasting_for(what), message);
}

void channel::broadcast(std::string stream, const boost::json::value& message)
{
    host_->owner().port().cable().broadcast(std::move(stream), message);
}

} // namespace coax
