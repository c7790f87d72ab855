// SPDX-License-Identifier: MIT
// What the script connection and channels do.
#include "session_world.hpp"

#include <boost/json.hpp>
#include <boost/system/system_error.hpp>

#include <sstream>
#include <stdexcept>

namespace coax::test {

namespace json = boost::json;

namespace {

std::pair<std::string, std::string> split(const std::string& text, char at)
{
    const auto found = text.find(at);
    if (found == std::string::npos) return {text, {}};
    return {text.substr(0, found), text.substr(found + 1)};
}

std::string text_of(const json::object& from, std::string_view key)
{
    const auto* value = from.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}
class script_connection final : public connection {
public:
    explicit script_connection(session_world& world) : world_(world) {}

    task<> connect() override
    {
        world_.trace.push_back("connect");
        co_await run(world_.on_connect);
    }
    task<> disconnect() override
    {
        world_.trace.push_back("disconnect");
        co_await run(world_.on_disconnect);
    }

private:
    task<> run(std::string steps)
    {
        std::istringstream input(steps);
        for (std::string step; input >> step;) {
            const auto [what, with] = split(step, ':');
            if (what == "wait") {
                auto waiting = world_.wait_gate(with);
                co_await std::move(waiting);
                world_.trace.push_back("passed " + with);
            } else if (what == "throw") {
                throw std::runtime_error("scripted " + with);
            } else if (what == "unauthorized") {
                reject_unauthorized();
            } else if (what == "close") {
                close(with, false);
            } else if (what == "identify") {
                const auto [name, value] = split(with, '=');
                identified_by(name, value);
            } else if (what == "send") {
                json::object message;
                message["sent"] = with;
                world_.trace.push_back(transmit(message) ? "sent" : "not sent");
            } else {
                throw std::logic_error("unknown step " + step);
            }
        }
    }

    session_world& world_;
};

class script_channel final : public channel_of<script_connection> {
public:
    explicit script_channel(session_world& world) : world_(world) {}

    task<> subscribed() override { return hook("subscribed", "in"); }
    task<> unsubscribed() override { return hook("unsubscribed", "out"); }

    task<> perform(json::object data)
    {
        auto steps = text_of(data, "steps");
        co_await run(std::move(steps));
    }
    task<> plain()
    {
        world_.trace.push_back("plain " + name());
        co_return;
    }
    task<> received(json::object data)
    {
        world_.trace.push_back("received " + json::serialize(data));
        co_return;
    }
    static void describe(channel_spec<script_channel>& spec)
    {
        spec.name("Script").action("run", &script_channel::perform).action("plain", &script_channel::plain);
    }

private:
    std::string name() const { return text_of(params(), "id"); }

    task<> hook(const char* called, const char* steps_key)
    {
        world_.trace.push_back(called + (" " + name()));
        auto steps = text_of(params(), steps_key);
        co_await run(std::move(steps));
    }

    task<> run(std::string steps)
    {
        std::istringstream input(steps);
        for (std::string step; input >> step;) {
            const auto [what, with] = split(step, ':');
            if (what == "wait") {
                auto waiting = world_.wait_gate(with);
                co_await std::move(waiting);
                world_.trace.push_back("passed " + with);
            } else if (what == "stream") {
                auto joining = stream_from(with);
                co_await std::move(joining);
            } else if (what == "try") {
                std::string outcome = "streams";
                try {
                    auto joining = stream_from(with);
                    co_await std::move(joining);
                } catch (const boost::system::system_error& failed) {
                    outcome = failed.code().message();
                }
                world_.trace.push_back(with + " " + outcome);
            } else {
                step_now(what, with);
            }
        }
    }

    void step_now(const std::string& what, const std::string& with)
    {
        const auto [left, right] = split(with, '=');
        if (what == "stop") stop_stream_from(with);
        else if (what == "stop_all") stop_all_streams();
        else if (what == "reject") reject();
        else if (what == "throw") throw std::runtime_error("scripted " + with);
        else if (what == "throw_int") throw 1;
        else if (what == "transmit") transmit(json::value(with));
        else if (what == "raw") transmit_raw(with);
        else if (what == "big") transmit(json::value(std::string(std::stoul(with), 'x')));
        else if (what == "broadcast") broadcast(left, json::value(right));
        else if (what == "close") connection().close(with, false);
        else if (what == "note") world_.trace.push_back(with);
        else throw std::logic_error("unknown step " + what);
    }

    session_world& world_;
};

/// Has `receive`, and nothing else.
class receiving_channel final : public channel {
public:
    explicit receiving_channel(session_world& world) : world_(world) {}
    task<> receive(json::object data)
    {
        world_.trace.push_back("received " + json::serialize(data));
        co_return;
    }
    static void describe(channel_spec<receiving_channel>& spec) { spec.name("Receiving").receive(&receiving_channel::receive); }

private:
    session_world& world_;
};
template <class Channel>
channel_description described(session_world& world)
{
    channel_description made;
    channel_spec<Channel> spec(made);
    Channel::describe(spec);
    made.make = [&world] { return std::make_unique<Channel>(world); };
    return made;
}
} // namespace

std::vector<channel_description> script_channels(session_world& world)
{
    std::vector<channel_description> made;
    made.push_back(described<script_channel>(world));
    made.push_back(described<receiving_channel>(world));
    return made;
}

std::unique_ptr<coax::connection> script_connection_in(session_world& world)
{
    return std::make_unique<script_connection>(world);
}

std::string script(const std::string& id, const std::string& in, const std::string& out)
{
    json::object made{{"channel", "Script"}, {"id", id}};
    if (!in.empty()) made["in"] = in;
    if (!out.empty()) made["out"] = out;
    return json::serialize(made);
}

} // namespace coax::test
