// SPDX-License-Identifier: MIT
// One accepted socket from its first byte to its last: request, handshake, session.
#include "net/shard.hpp"

#include "net/http_response.hpp"
#include "net/request_reader.hpp"
#include "net/upgrade.hpp"
#include "observe/metric_names.hpp"
#include "protocol/disconnect_reason.hpp"

#include <coax/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#if defined(__GNUC__) && !defined(__clang__)
// GCC 12 inlines one half of Asio's frame allocation in a sanitizer build and takes the pair for mismatched.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace coax {

namespace {

// What a peer may still send after our answer before we stop listening to it.
constexpr std::size_t linger_limit = 256 * 1024;

// With pings off nothing is ever sent to an idle peer, so the kernel asks it now and then.
void watch_silent_peer(int socket)
{
    const int on = 1, idle_seconds = 60, interval_seconds = 10, probes = 4;
    ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
    ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

// 21 characters of 6 random bits: 126, so that an id is as good as a secret.
std::string new_session_id()
{
    static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    std::array<unsigned char, 21> random{};
    for (std::size_t have = 0; have < random.size();) {
        const auto got = ::getrandom(random.data() + have, random.size() - have, 0);
        if (got > 0) have += static_cast<std::size_t>(got);
    }
    std::string id;
    id.reserve(random.size());
    for (const auto byte : random) id += alphabet[byte % 64];
    return id;
}

std::uint64_t random_number()
{
    std::uint64_t out = 0;
    (void)::getrandom(&out, sizeof out, 0);
    return out;
}

} // namespace

task<> shard::serve(stream_socket socket, std::string peer)
{
    websocket* wire = nullptr;
    auto made = co_await shake_hands(socket, std::move(peer), wire);
    if (!made) co_return;

    session& who = sessions_.add(std::move(made));
    session_count_.fetch_add(1, std::memory_order_relaxed);
    if (heartbeat_.is_on()) {
        if (heartbeat_.is_empty()) next_beat_ = steady_timer::clock_type::now() + heartbeat_.tick_length();
        heartbeat_.add(who, random_number());
        arm();
    }
    try {
        who.open();
        if (!parts_.node.is_serving.load(std::memory_order_relaxed))
            who.close_with(disconnect_reason::server_restart, true, close_code::going_away, "Server restart");
        if (wire->has_unread()) wire->hand_over_unread(who);
        while (!who.is_reading_over()) {
            if (!who.wants_reading()) {
                wire->pause();
                auto resumed = wire->wait_resumed();
                co_await std::move(resumed);
                continue;
            }
            if (wire->has_unread()) {
                wire->hand_over_unread(who);
                continue;
            }
            auto readable = wire->wait_readable();
            auto [error] = co_await std::move(readable);
            if (error) break;
            std::size_t received = 0;
            const bool goes_on = wire->receive(who, scratch_, received);
            received_.add(static_cast<std::int64_t>(received));
            if (!goes_on) break;
        }
    } catch (const std::exception& failed) { // out of memory, say: this session ends as if its peer had gone
        parts_.log.error("session.reader_failed", {{"sid", who.session_id()}, {"error", failed.what()}});
    }
    try {
        co_await who.finish();
    } catch (const std::exception& failed) {
        parts_.log.error("session.finish_failed", {{"sid", who.session_id()}, {"error", failed.what()}});
    }
    if (heartbeat_.is_on()) heartbeat_.remove(who);
    session_count_.fetch_sub(1, std::memory_order_relaxed);
    sessions_.remove(who);
}

task<std::unique_ptr<session>> shard::shake_hands(stream_socket& socket, std::string peer, websocket*& made)
{
    const int descriptor = socket.native_handle();
    half_open listed(descriptor);
    half_open_.push_back(listed);
    bool is_late = false;
    const scoped_deadline limit(deadlines_, steady_timer::clock_type::now() + parts_.settings.handshake.timeout, [&is_late, descriptor] {
        is_late = true;
        ::shutdown(descriptor, SHUT_RDWR);
    });
    std::unique_ptr<session> out;
    request_reader reader(parts_.settings.handshake.max_request_size);
    const bool has_request = co_await read_request(socket, reader);
    if (has_request) {
        peer_info from;
        from.address = std::move(peer);
        const health_report health(parts_.node.is_serving.load(std::memory_order_relaxed),
                                   reader.request().path() == parts_.settings.server.health_path ? parts_.health_json() : std::string());
        auto decision = parts_.routes.decide(reader.request(), health, std::chrono::system_clock::now());
        if (decision.is_cable) {
            auto checked = parts_.handshakes.check(std::move(reader.request()), from);
            if (auto* refused = std::get_if<refused_handshake>(&checked)) {
                refused_.add();
                if (const auto pass = refusals_.allow(steady_timer::clock_type::now()))
                    parts_.log.warn("handshake.refused", {{"status", refused->status}, {"remote", from.address}, {"reason", refused->reason},
                                                          {"suppressed", pass.suppressed}});
                decision.response = std::move(refused->response);
            } else {
                auto& accepted = std::get<accepted_handshake>(checked);
                auto answer = make_upgrade_response(io_.get_executor(), accepted.key, accepted.protocol.response,
                                                    accepted.deflate.value_or(std::string()));
                const bool is_answered = co_await write_all(socket, std::move(answer));
                if (is_answered && !is_late) {
                    std::string unread(reader.leftover());
                    out = make_session(socket, std::move(accepted), std::move(unread), made);
                }
                decision.response.clear();
            }
        }
        if (!decision.response.empty()) {
            co_await write_all(socket, std::move(decision.response));
            co_await linger(socket);
        }
    } else if (!is_late && reader.status() != 0) {
        refused_.add();
        if (const auto pass = refusals_.allow(steady_timer::clock_type::now()))
            parts_.log.warn("request.refused", {{"status", reader.status()}, {"reason", reader.reason()},
                                                {"suppressed", pass.suppressed}});
        auto answer = http_error_response(reader.status(), reader.reason());
        co_await write_all(socket, std::move(answer));
        co_await linger(socket);
    }
    if (is_late) timed_out_.add();
    co_return out;
}

task<bool> shard::read_request(stream_socket& socket, request_reader& reader)
{
    for (;;) {
        auto readable = socket.async_wait(stream_socket::wait_read, asio::as_tuple(asio::deferred));
        auto [error] = co_await std::move(readable);
        if (error) co_return false;
        const auto count = ::recv(socket.native_handle(), scratch_.data(), scratch_.size(), MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) co_return false;
        if (count < 0) continue;
        const auto state = reader.feed(std::string_view(scratch_.data(), static_cast<std::size_t>(count)));
        if (state == request_reader::state::complete) co_return true;
        if (state == request_reader::state::failed) co_return false;
    }
}

task<bool> shard::write_all(stream_socket& socket, std::string text)
{
    std::string_view rest(text);
    for (;;) {
        error_code failed;
        const auto sent = send_some(socket.native_handle(), std::span<const std::string_view>(&rest, 1), failed);
        if (failed) co_return false;
        rest.remove_prefix(sent);
        if (rest.empty()) co_return true;
        auto writable = socket.async_wait(stream_socket::wait_write, asio::as_tuple(asio::deferred));
        auto [error] = co_await std::move(writable);
        if (error) co_return false;
    }
}

// Without this, closing with unread bytes would reset the connection before the peer has read our answer.
task<> shard::linger(stream_socket& socket)
{
    ::shutdown(socket.native_handle(), SHUT_WR);
    for (std::size_t dropped = 0; dropped < linger_limit;) {
        auto readable = socket.async_wait(stream_socket::wait_read, asio::as_tuple(asio::deferred));
        auto [error] = co_await std::move(readable);
        if (error) co_return;
        const auto count = ::recv(socket.native_handle(), scratch_.data(), scratch_.size(), MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) co_return;
        if (count > 0) dropped += static_cast<std::size_t>(count);
    }
}

std::unique_ptr<session> shard::make_session(stream_socket& socket, accepted_handshake found, std::string unread, websocket*& made)
{
    const int on = 1;
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // fails on a unix socket, which needs none
    // A peer that vanished without a word is found by what it does not acknowledge; the ping sees to it that there is something.
    const auto write_limit = static_cast<unsigned>(parts_.settings.session.write_timeout.count());
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &write_limit, sizeof write_limit);
    watch_silent_peer(socket.native_handle());
    frame_limits limits;
    limits.max_message_size = parts_.settings.session.max_message_size;
    limits.inflate = found.deflate ? inflater_.get() : nullptr;
    auto wire = std::make_unique<websocket>(std::move(socket), std::move(unread), limits);
    made = wire.get();
    session_start start;
    start.id = new_session_id();
    start.env = std::move(found.env);
    start.protocol = found.protocol.protocol;
    start.confirms_duplicates = found.protocol.offered_unsupported;
    start.deflate = found.deflate.has_value();
    auto out = std::make_unique<session>(context_, std::move(start), std::move(wire));
    made->attach(*out);
    return out;
}

} // namespace coax
