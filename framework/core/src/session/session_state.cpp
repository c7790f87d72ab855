// SPDX-License-Identifier: MIT
#include "session/session_state.hpp"

#include <coax/error.hpp>

#include <boost/json.hpp>

namespace coax {

namespace json = boost::json;

namespace {

json::object write_map(const state_map& state)
{
    json::object out;
    for (const auto& [key, value] : state) out.emplace(key, value);
    return out;
}

state_map read_map(const json::value& value)
{
    state_map out;
    for (const auto& entry : value.as_object()) out.emplace(std::string(entry.key()), json::value_to<std::string>(entry.value()));
    return out;
}

json::object write_env(const session_env& env)
{
    json::array headers;
    for (const auto& [name, value] : env.headers) headers.push_back(json::array{name, value});
    json::object channels;
    for (const auto& [identifier, state] : env.channel_states) channels.emplace(identifier, write_map(state));
    return json::object{{"url", env.url},
                        {"headers", std::move(headers)},
                        {"remote_address", env.remote_address},
                        {"connection_state", write_map(env.connection_state)},
                        {"channel_states", std::move(channels)}};
}

session_env read_env(const json::value& value)
{
    session_env env;
    env.url = json::value_to<std::string>(value.at("url"));
    for (const auto& header : value.at("headers").as_array())
        env.headers.emplace_back(json::value_to<std::string>(header.at(0)), json::value_to<std::string>(header.at(1)));
    env.remote_address = json::value_to<std::string>(value.at("remote_address"));
    env.connection_state = read_map(value.at("connection_state"));
    for (const auto& entry : value.at("channel_states").as_object()) env.channel_states.emplace(std::string(entry.key()), read_map(entry.value()));
    return env;
}

} // namespace

std::string to_json(const session_snapshot& snapshot)
{
    json::array subscriptions;
    for (const auto& subscription : snapshot.subscriptions) {
        json::array streams;
        for (const auto& stream : subscription.streams) streams.push_back(json::object{{"name", stream.name}, {"position", stream.position}});
        subscriptions.push_back(json::object{{"identifier", subscription.identifier}, {"streams", std::move(streams)}});
    }
    const json::object out{{"version", snapshot.version},         {"session_id", snapshot.session_id},
                           {"identifiers", snapshot.identifiers}, {"subprotocol", snapshot.subprotocol},
                           {"env", write_env(snapshot.env)},      {"subscriptions", std::move(subscriptions)}};
    return json::serialize(out);
}

result<session_snapshot> snapshot_from_json(std::string_view text)
{
    try {
        const auto value = json::parse(text);
        session_snapshot out;
        out.version = json::value_to<std::uint32_t>(value.at("version"));
        if (out.version != session_snapshot::current_version) return make_error_code(errc::invalid_argument);
        out.session_id = json::value_to<std::string>(value.at("session_id"));
        out.identifiers = json::value_to<std::string>(value.at("identifiers"));
        out.subprotocol = json::value_to<std::string>(value.at("subprotocol"));
        out.env = read_env(value.at("env"));
        for (const auto& from : value.at("subscriptions").as_array()) {
            auto& subscription = out.subscriptions.emplace_back();
            subscription.identifier = json::value_to<std::string>(from.at("identifier"));
            for (const auto& stream : from.at("streams").as_array()) {
                auto& to = subscription.streams.emplace_back();
                to.name = json::value_to<std::string>(stream.at("name"));
                to.position = json::value_to<std::uint64_t>(stream.at("position"));
            }
        }
        return out;
    } catch (const std::exception&) {
        return make_error_code(errc::invalid_argument);
    }
}

} // namespace coax
