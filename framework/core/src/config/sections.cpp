// SPDX-License-Identifier: MIT
#include "config/sections.hpp"

#include "config/units.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <charconv>

namespace coax {
namespace {

constexpr std::int64_t kib = 1024;
constexpr std::int64_t mib = 1024 * kib;
constexpr std::int64_t gib = 1024 * mib;
constexpr std::int64_t second = 1000;
constexpr std::int64_t day = 24 * 3600 * second;

bool is_ip_address(std::string_view text)
{
    boost::system::error_code failed;
    boost::asio::ip::make_address(std::string(text), failed);
    return !failed;
}

bool has_space_or_control(std::string_view text)
{
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; });
}

std::string_view check_listen(std::string_view text)
{
    constexpr std::string_view expected = R"(an address such as "127.0.0.1:8080", "[::]:8080" or "unix:/run/coax.sock")";
    constexpr std::string_view unix_prefix = "unix:";
    constexpr std::size_t longest_socket_path = 107; // sockaddr_un
    if (text.starts_with(unix_prefix)) {
        text.remove_prefix(unix_prefix.size());
        return !text.empty() && text.size() <= longest_socket_path ? "" : R"(a path of 1 to 107 bytes after "unix:")";
    }
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return expected;
    const auto port = parse_count(text.substr(colon + 1));
    if (!port) return expected;
    if (*port < 0 || *port > 65535) return "a port from 0 to 65535";
    std::string_view host = text.substr(0, colon);
    const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_bracketed) host = host.substr(1, host.size() - 2);
    if (!is_ip_address(host) || is_bracketed != (host.find(':') != std::string_view::npos)) return expected;
    return "";
}

std::string_view check_path(std::string_view text)
{
    const bool is_path = text.starts_with('/') && !has_space_or_control(text) && text.find_first_of("?#") == std::string_view::npos;
    return is_path ? "" : R"(a path that begins with "/", without spaces, "?" or "#")";
}

std::string_view check_optional_path(std::string_view text) { return text.empty() ? "" : check_path(text); }

std::string_view check_origin(std::string_view text)
{
    if (text == "*") return ""; // not "null": it names every page without an origin, so it would let in as much as "*" does
    const std::size_t scheme_end = text.find("://");
    const bool has_host = scheme_end != std::string_view::npos && scheme_end > 0 && text.size() > scheme_end + 3;
    const bool is_origin = has_host && !has_space_or_control(text) && text.find_first_of("/?#", scheme_end + 3) == std::string_view::npos;
    return is_origin ? "" : R"(scheme and host without a path, such as "https://example.com", "https://*.example.com" or "*")";
}

// What net/forwarded takes; said here with file and line.
std::string_view check_proxy(std::string_view text)
{
    constexpr std::string_view expected = R"(an IP address such as "10.0.0.1", a network such as "10.0.0.0/8", or "unix")";
    if (text == "unix") return "";
    const std::size_t slash = text.find('/');
    boost::system::error_code failed;
    const auto address = boost::asio::ip::make_address(std::string(text.substr(0, slash)), failed);
    if (failed) return expected;
    if (slash == std::string_view::npos) return "";
    const std::string_view digits = text.substr(slash + 1);
    unsigned prefix = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
    if (error != std::errc() || end != digits.data() + digits.size()) return expected;
    if (address.is_v4() || address.to_v6().is_v4_mapped()) return prefix <= 32 ? "" : "a prefix from 0 to 32 for an IPv4 network";
    return prefix <= 128 ? "" : "a prefix from 0 to 128 for an IPv6 network";
}

std::string_view check_header_name(std::string_view text)
{
    const bool is_token = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
    return is_token ? "" : R"(the name of a header, such as "cookie")";
}

// The name becomes a part of a file name: no slashes, no dots.
std::string_view check_adapter_name(std::string_view text)
{
    const bool is_name = !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    return is_name ? "" : R"(the name of an adapter (small letters, digits and "_"), such as "memory")";
}

std::string_view check_not_empty(std::string_view text) { return text.empty() ? "a text that is not empty" : ""; }

config_rule text(std::string_view (*check)(std::string_view)) { return {.kind = config_kind::text, .check = check}; }
config_rule list(std::string_view (*check)(std::string_view)) { return {.kind = config_kind::text_list, .check = check}; }
config_rule flag() { return {.kind = config_kind::flag}; }
config_rule one_of(std::vector<std::string_view> choices) { return {.kind = config_kind::choice, .choices = std::move(choices)}; }
config_rule count(std::int64_t min, std::int64_t max) { return {.kind = config_kind::count, .min = min, .max = max}; }
config_rule size(std::int64_t min, std::int64_t max) { return {.kind = config_kind::size, .min = min, .max = max}; }
config_rule duration(std::int64_t min = 1) { return {.kind = config_kind::duration, .min = min, .max = day}; }
config_rule duration_or_off(std::int64_t min = 1) { return {.kind = config_kind::duration, .min = min, .max = day, .has_off = true}; }

/// Adds the keys of one section: `section(fields, "log", &config::log)("level", &log_config::level, ...)`.
template <class Section>
class section {
public:
    section(std::vector<config_field>& fields, std::string_view name, Section config::*where) : fields_(fields), name_(name), where_(where) {}

    template <class Value>
    const section& operator()(std::string_view key, Value Section::*member, config_rule rule, std::string_view doc) const
    {
        const auto slot = [where = where_, member](config& settings) -> config_slot { return &(settings.*where.*member); };
        fields_.push_back({name_ + '.' + std::string(key), std::move(rule), doc, slot});
        return *this;
    }

private:
    std::vector<config_field>& fields_;
    std::string name_;
    Section config::*where_;
};

std::vector<config_field> make_fields()
{
    std::vector<config_field> all;
    using sv = server_config;
    section(all, "server", &config::server)
        ("listen", &sv::listen, list(check_listen),
         "Addresses to listen on: `127.0.0.1:8080`, `[::]:8080`, `unix:/run/coax.sock`. Port 0 takes a free one.")
        ("threads", &sv::threads, count(0, 64), "Threads that carry sessions, each a shard of its own. 0: one per core; at most 64.")
        ("path", &sv::path, text(check_path), "Path of the WebSocket endpoint; matched exactly.")
        ("health_path", &sv::health_path, text(check_optional_path), "Path of the health check; empty: none.")
        ("max_connections", &sv::max_connections, count(0, 100'000'000),
         "Open sessions and handshakes of the whole server; a connection above it is closed at once. 0: as many as descriptors allow.")
        ("raise_file_limit", &sv::raise_file_limit, flag(), "Raise the soft limit of open files to the hard one at start.");

    using hs = handshake_config;
    section(all, "handshake", &config::handshake)
        ("timeout", &hs::timeout, duration(), "The whole HTTP request must have come within this time.")
        ("max_request_size", &hs::max_request_size, size(kib, mib), "Bytes of the request line and headers.")
        ("allowed_origins", &hs::allowed_origins, list(check_origin),
         "Allowed `Origin` values, such as `https://example.com`, `https://*.example.com` or `*`. The server's own host passes always.")
        ("allow_same_origin", &hs::allow_same_origin, flag(), "Let a page of the same scheme, host and port connect.")
        ("require_origin", &hs::require_origin, flag(), "Refuse a request without an `Origin` header (browsers always send one).")
        ("disable_origin_check", &hs::disable_origin_check, flag(), "Skip the origin check.")
        ("trusted_proxies", &hs::trusted_proxies, list(check_proxy),
         "Peers (IP addresses, networks such as `10.0.0.0/8`, or `unix`) whose `X-Forwarded-*` headers are believed.")
        ("keep_headers", &hs::keep_headers, list(check_header_name), "Request headers kept after `connect`; all of them are there during it.");

    using ss = session_config;
    section(all, "session", &config::session)
        ("ping_interval", &ss::ping_interval, duration_or_off(second), "Interval of the Action Cable ping. Off: no pings.")
        ("connect_timeout", &ss::connect_timeout, duration(), "The application's `connect` must end within this time.")
        ("max_message_size", &ss::max_message_size, size(1, gib), "Bytes of one message from a client, summed over its fragments; above: close 1009.")
        ("max_pending_commands", &ss::max_pending_commands, count(1, 1'000'000),
         "Commands that may wait or run; above: reading pauses, `too_many_commands` after `command_wait`.")
        ("command_wait", &ss::command_wait, duration(), "How long a full command queue may stay full.")
        ("max_subscriptions", &ss::max_subscriptions, count(1, 1'000'000), "Subscriptions of one session; one more is rejected.")
        ("max_identifier_size", &ss::max_identifier_size, size(1, mib), "Bytes of one identifier; a longer one is malformed.")
        ("max_pending_bytes", &ss::max_pending_bytes, size(kib, gib), "Bytes waiting for one socket; above: `too_slow`.")
        ("max_pending_total", &ss::max_pending_total, size(kib, 1024 * gib),
         "Bytes waiting for all sockets of the node; above: the heaviest session goes first.")
        ("write_timeout", &ss::write_timeout, duration(),
         "How long a peer may leave what was sent to it unacknowledged, or take nothing at all, before it counts as gone. "
         "Without pings nothing is sent to an idle peer: TCP keep-alive asks it after 60 s of silence, then every 10 s.")
        ("close_timeout", &ss::close_timeout, duration(), "How long a peer may take to answer our close frame.")
        ("command_grace", &ss::command_grace, duration(),
         "How long running commands may go on after their session has closed, before they are cancelled.")
        ("stream_timeout", &ss::stream_timeout, duration_or_off(),
         "How long a subscription waits for the adapter's acknowledgement before it is rejected. Off: for ever.")
        ("deflate", &ss::deflate, flag(), "permessage-deflate without context takeover, a frame compressed once for all its receivers.")
        ("deflate_threshold", &ss::deflate_threshold, size(0, gib), "Messages below this size are sent uncompressed.");

    using ad = adapter_config;
    section(all, "adapter", &config::adapter)
        ("name", &ad::name, text(check_adapter_name),
         "Name of the adapter plugin: `memory` loads libcoax_adapter_memory.so. `local`: none, publishing is delivering.")
        ("plugin_path", &ad::plugin_path, list(check_not_empty),
         "Folders searched for plugins, before the installed one; COAX_PLUGIN_PATH comes before them.")
        ("start_timeout", &ad::start_timeout, duration(), "Limit of the adapter's start and of its stop.");

    using lg = log_config;
    section(all, "log", &config::log)
        ("level", &lg::level, one_of({"debug", "info", "warn", "error", "off"}), "`debug`, `info`, `warn`, `error` or `off`.")
        ("format", &lg::format, one_of({"text", "json"}), "`text` or `json`.")
        ("client_errors_per_second", &lg::client_errors_per_second, count(0, 1'000'000),
         "Lines per second of one event that a client can cause; the rest is counted and summed up.");

    using sh = shutdown_config;
    section(all, "shutdown", &config::shutdown)
        ("delay", &sh::delay, duration_or_off(), "Time between the health check turning 503 and the first disconnect.")
        ("spread", &sh::spread, duration_or_off(), "Disconnect messages are spread over this time.")
        ("grace", &sh::grace, duration(), "Limit of everything together; what is left then is cut.");
    return all;
}

std::string type_name(const config_rule& rule)
{
    switch (rule.kind) {
    case config_kind::text: return "string";
    case config_kind::choice: return "one of " + [&] {
        std::string all;
        for (const auto choice : rule.choices) all += (all.empty() ? "" : ", ") + quote_toml(choice);
        return all;
    }();
    case config_kind::text_list: return "list of strings";
    case config_kind::flag: return "true or false";
    case config_kind::count: return "whole number";
    case config_kind::size: return "size";
    case config_kind::duration: return rule.has_off ? "duration or \"off\"" : "duration";
    }
    return "";
}

} // namespace

const std::vector<config_field>& config_fields()
{
    static const std::vector<config_field> fields = make_fields();
    return fields;
}

std::string find_contradiction(const config& settings)
{
    const session_config& session = settings.session;
    if (settings.server.listen.empty()) return "server.listen: expected at least one address, got an empty list";
    if (settings.server.path == settings.server.health_path)
        return "server.health_path: expected another path than server.path, got " + quote_toml(settings.server.path) + " for both";
    if (session.max_pending_bytes > session.max_pending_total)
        return "session.max_pending_bytes: expected at most session.max_pending_total (" +
               format_size(static_cast<std::int64_t>(session.max_pending_total)) + "), got " +
               format_size(static_cast<std::int64_t>(session.max_pending_bytes));
    if (session.max_identifier_size > session.max_message_size)
        return "session.max_identifier_size: expected at most session.max_message_size (" +
               format_size(static_cast<std::int64_t>(session.max_message_size)) + "), got " +
               format_size(static_cast<std::int64_t>(session.max_identifier_size));
    const auto stages = settings.shutdown.delay + settings.shutdown.spread;
    if (stages > settings.shutdown.grace)
        return "shutdown.grace: expected at least shutdown.delay and shutdown.spread together (" + quote_toml(format_duration(stages)) +
               "), got " + quote_toml(format_duration(settings.shutdown.grace));
    return "";
}

std::string format_value(const config_field& field, const config& settings)
{
    config copy(settings);
    const config_slot slot = field.slot(copy);
    if (const auto* value = std::get_if<std::string*>(&slot)) return quote_toml(**value);
    if (const auto* value = std::get_if<bool*>(&slot)) return **value ? "true" : "false";
    if (const auto* value = std::get_if<unsigned*>(&slot)) return std::to_string(**value);
    if (const auto* value = std::get_if<std::size_t*>(&slot)) {
        const std::string text = format_size(static_cast<std::int64_t>(**value));
        if (field.rule.kind != config_kind::size) return std::to_string(**value);
        return text.ends_with('B') ? quote_toml(text) : text;
    }
    if (const auto* value = std::get_if<std::chrono::milliseconds*>(&slot))
        return field.rule.has_off && (*value)->count() == 0 ? "\"off\"" : quote_toml(format_duration(**value));
    std::string list = "[";
    for (const std::string& item : **std::get_if<std::vector<std::string>*>(&slot)) list += (list.size() > 1 ? ", " : "") + quote_toml(item);
    return list + ']';
}

std::vector<config_key> describe_config()
{
    const config defaults;
    std::vector<config_key> keys;
    for (const config_field& field : config_fields())
        keys.push_back({field.path, type_name(field.rule), format_value(field, defaults), std::string(field.doc)});
    return keys;
}

} // namespace coax
