// SPDX-License-Identifier: MIT
#include "integration/stage.hpp"

#include <boost/json.hpp>

#include <poll.h>

#include <stdexcept>
#include <utility>

namespace coax::testing {

namespace json = boost::json;

namespace {

class test_connection final : public connection {
public:
    explicit test_connection(hook_counts& hooks) : hooks_(hooks) {}

private:
    task<> connect() override
    {
        ++hooks_.connects;
        if (query("user") == "nobody") reject_unauthorized();
        co_return;
    }
    task<> disconnect() override
    {
        ++hooks_.disconnects;
        co_return;
    }

    hook_counts& hooks_;
};

class test_channel final : public channel {
public:
    explicit test_channel(hook_counts& hooks) : hooks_(hooks) {}

    static void describe(channel_spec<test_channel>& spec)
    {
        spec.name("Test").action("echo", &test_channel::echo).action("publish", &test_channel::publish);
    }

    task<> subscribed() override
    {
        ++hooks_.subscribes;
        if (params().contains("reject")) {
            reject();
            co_return;
        }
        if (!params().contains("stream")) co_return;
        co_await stream_from(stream());
        if (!params().contains("announce")) co_return;
        const json::object message{{"own", stream()}};
        broadcast(stream(), message);
    }
    task<> unsubscribed() override
    {
        ++hooks_.unsubscribes;
        co_return;
    }

private:
    std::string stream() const { return json::value_to<std::string>(params().at("stream")); }

    task<> echo(json::object data)
    {
        const json::object answer{{"echo", data.at("text")}};
        transmit(answer);
        co_return;
    }
    task<> publish(json::object data)
    {
        broadcast(stream(), data.at("text"));
        co_return;
    }

    hook_counts& hooks_;
};

} // namespace

bool eventually(const std::function<bool()>& is_so, std::chrono::milliseconds limit)
{
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!is_so()) {
        if (std::chrono::steady_clock::now() >= deadline) return is_so();
        ::poll(nullptr, 0, 2); // lets the server have the processor; what is waited for decides, not the time
    }
    return true;
}

config quiet_config()
{
    config out;
    out.server.listen = {"127.0.0.1:0"};
    out.server.threads = 2;
    out.session.ping_interval = std::chrono::milliseconds(0);
    out.adapter.name = "local";
    out.log.level = "off";
    out.shutdown.grace = std::chrono::seconds(20);
    return out;
}

stage::stage(config settings, const std::function<void(server&)>& prepare) : host(std::move(settings))
{
    host.use_connection([this] { return std::make_unique<test_connection>(hooks); });
    host.add_channel<test_channel>([this] { return std::make_unique<test_channel>(hooks); });
    if (prepare) prepare(host);
    host.start();
}

ws_client stage::join(const ws_request& request, int receive_buffer) const
{
    ws_client out(address(), receive_buffer);
    out.open(request);
    if (const auto text = out.next_text(); text.find(R"("type":"welcome")") == std::string::npos)
        throw std::runtime_error("instead of a welcome: " + text);
    return out;
}

std::int64_t stage::health(std::string_view key) const
{
    const auto report = json::parse(http_get(address(), "/health").body);
    return report.at(key).to_number<std::int64_t>();
}

bool stage::is_empty()
{
    return host.session_count() == 0 && host.metrics().value("pending_bytes") == 0 && host.metrics().value("sessions") == 0 &&
           health("sessions") == 0 && health("subscriptions") == 0 && health("streams") == 0;
}

std::string test_identifier(std::string_view stream)
{
    const json::object out{{"channel", "Test"}, {"stream", stream}};
    return json::serialize(out);
}

std::string command(std::string_view name, std::string_view identifier, std::string_view data)
{
    json::object out{{"command", name}, {"identifier", identifier}};
    if (!data.empty()) out.emplace("data", data);
    return json::serialize(out);
}

void subscribe(ws_client& client, std::string_view identifier)
{
    client.send_text(command("subscribe", identifier));
    const auto text = client.next_text();
    const json::object wanted{{"identifier", identifier}, {"type", "confirm_subscription"}};
    if (json::parse(text) != json::value(wanted)) throw std::runtime_error("instead of a confirmation: " + text);
}

std::string next_message(ws_client& client)
{
    const auto text = client.next_text();
    const auto value = json::parse(text);
    if (!value.as_object().contains("message") || value.as_object().contains("type"))
        throw std::runtime_error("instead of a broadcast: " + text);
    return json::serialize(value.at("message"));
}

} // namespace coax::testing
