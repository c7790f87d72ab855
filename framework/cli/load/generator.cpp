// SPDX-License-Identifier: MIT
#include "load/generator.hpp"

#include "load/cable_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coax::load {
namespace {

// RFC 6455 1.3: a key and the answer that belongs to it. The key need not differ between connections, only the answer must be right.
constexpr std::string_view handshake_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view handshake_answer = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

// Clients that share a source address; below the number of ephemeral ports, with room for those in TIME_WAIT.
constexpr std::uint64_t clients_per_source = 5'000;

std::string system_message(int error)
{
    return std::string(std::strerror(error));
}

} // namespace

std::uint64_t now_ns() noexcept
{
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

std::size_t raise_file_limit() noexcept
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::size_t>(limit.rlim_cur);
}

generator::generator(endpoint target, std::chrono::milliseconds limit)
    : target_(std::move(target)), limit_(limit), epoll_(::epoll_create1(EPOLL_CLOEXEC)), scratch_(256 * 1024)
{
    if (epoll_ < 0) throw load_error("epoll: " + system_message(errno));
    request_ = "GET " + target_.path + " HTTP/1.1\r\nHost: " + target_.host +
               "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + std::string(handshake_key) +
               "\r\nSec-WebSocket-Protocol: actioncable-v1-json\r\n\r\n";
}

generator::~generator()
{
    for (client& one : clients_)
        if (one.fd >= 0) ::close(one.fd);
    ::close(epoll_);
}

std::uint64_t generator::deadline() const noexcept
{
    return now_ns() + static_cast<std::uint64_t>(std::chrono::nanoseconds(limit_).count());
}

std::uint32_t generator::next_mask() noexcept
{
    mask_state_ ^= mask_state_ << 13;
    mask_state_ ^= mask_state_ >> 17;
    mask_state_ ^= mask_state_ << 5;
    return mask_state_;
}

void generator::fail(std::size_t index, const std::string& what) const
{
    throw load_error("client " + std::to_string(index) + " of " + target_.host + ": " + what);
}

template <class Done>
bool generator::run(Done done, std::uint64_t deadline_ns)
{
    std::array<epoll_event, 512> events;
    while (!done()) {
        woken_ns_ = now_ns();
        if (woken_ns_ >= deadline_ns) return false;
        // Without sleeping: on loopback the sender would pay for our waking up, a third of its time, which on a network it does not.
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
        if (count < 0 && errno != EINTR) throw load_error("epoll_wait: " + system_message(errno));
        for (int event = 0; event < count; ++event)
            on_ready(static_cast<std::size_t>(events[static_cast<std::size_t>(event)].data.u64), events[static_cast<std::size_t>(event)].events);
    }
    return true;
}

histogram generator::open(std::size_t count, const std::string& identifier, std::size_t in_flight)
{
    confirm_times_.clear();
    confirmed_ = 0;
    subscribe_ = command_text("subscribe", identifier);
    std::size_t started = 0;
    std::uint64_t give_up = deadline();
    while (confirmed_ < count) {
        while (started < count && started - confirmed_ < in_flight) {
            start_client();
            ++started;
        }
        // The limit is one connection's, so it begins again with every one that is confirmed.
        const std::size_t before = confirmed_;
        if (!run([this, before] { return confirmed_ > before; }, give_up))
            throw load_error("no connection to " + target_.host + " was confirmed for " + std::to_string(limit_.count()) + " ms; " +
                             std::to_string(confirmed_) + " of " + std::to_string(count) + " had been");
        give_up = deadline();
    }
    return confirm_times_;
}

void generator::start_client()
{
    const std::size_t index = clients_.size();
    client& added = clients_.emplace_back();
    added.started_ns = now_ns();
    added.fd = ::socket(target_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (added.fd < 0) fail(index, "socket: " + system_message(errno) + "; raise the limit of open files (ulimit -n) or use fewer clients");
    const int on = 1;
    ::setsockopt(added.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (target_.is_loopback_v4) {
        // More connections than one address has ports, and reconnects that meet no TIME_WAIT: other addresses of 127/8.
        const auto step = static_cast<std::uint32_t>(opened_ / clients_per_source % 250);
        sockaddr_in source{};
        source.sin_family = AF_INET;
        source.sin_addr.s_addr = htonl((127u << 24) | (1u << 8) | (step + 1));
        ::setsockopt(added.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (::bind(added.fd, reinterpret_cast<const sockaddr*>(&source), sizeof source) != 0) fail(index, "bind: " + system_message(errno));
    }
    ++opened_;
    if (::connect(added.fd, reinterpret_cast<const sockaddr*>(&target_.address), target_.address_size) != 0 && errno != EINPROGRESS)
        fail(index, "connect: " + system_message(errno));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT;
    event.data.u64 = index;
    added.wants_write = true;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, added.fd, &event) != 0) fail(index, "epoll_ctl: " + system_message(errno));
}

void generator::on_ready(std::size_t index, std::uint32_t events)
{
    if (index >= clients_.size() || clients_[index].fd < 0) return;
    if ((events & EPOLLOUT) != 0) {
        if (clients_[index].at == stage::connecting) on_connected(index);
        flush(index);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) on_readable(index);
}

void generator::on_connected(std::size_t index)
{
    client& self = clients_[index];
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(self.fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) fail(index, "connect: " + system_message(error));
    self.at = stage::upgrading;
    self.out = request_;
}

void generator::on_readable(std::size_t index)
{
    // One read per wake-up: level-triggered epoll comes back for the rest, and no client starves the others.
    const ssize_t size = ::recv(clients_[index].fd, scratch_.data(), scratch_.size(), 0);
    if (size > 0) {
        woken_ns_ = now_ns();
        on_bytes(index, std::string_view(scratch_.data(), static_cast<std::size_t>(size)));
    } else if (size == 0) {
        on_end(index, "the server closed the connection");
    } else if (errno != EAGAIN && errno != EINTR) {
        on_end(index, "recv: " + system_message(errno));
    }
}

void generator::on_bytes(std::size_t index, std::string_view bytes)
{
    client& self = clients_[index];
    if (self.at == stage::upgrading) return on_head(index, bytes);
    if (!self.reader.feed(bytes, [this, index](message_reader::kind kind, std::string_view text) { on_frame(index, kind, text); }))
        fail(index, std::string("protocol violation: ") + self.reader.problem());
}

void generator::on_head(std::size_t index, std::string_view bytes)
{
    client& self = clients_[index];
    self.head.append(bytes);
    const std::size_t end = self.head.find("\r\n\r\n");
    if (end == std::string::npos) {
        if (self.head.size() > 64 * 1024) fail(index, "an HTTP response without end");
        return;
    }
    const std::string head = std::exchange(self.head, std::string());
    if (head.compare(0, 12, "HTTP/1.1 101") != 0) fail(index, "the upgrade was answered with '" + head.substr(0, head.find('\r')) + "'");
    if (head.find(handshake_answer) > end) fail(index, "the upgrade's Sec-WebSocket-Accept is wrong");
    self.at = stage::welcoming;
    if (head.size() > end + 4) on_bytes(index, std::string_view(head).substr(end + 4));
}

void generator::on_frame(std::size_t index, message_reader::kind kind, std::string_view text)
{
    client& self = clients_[index];
    switch (kind) {
    case message_reader::kind::message: on_text(index, text); return;
    case message_reader::kind::ping: send_frame(index, client_frame::pong, text); return;
    case message_reader::kind::close:
        if (self.at == stage::closing) return;
        std::string code = "without a code";
        if (text.size() >= 2)
            code = std::to_string(static_cast<unsigned char>(text[0]) << 8 | static_cast<unsigned char>(text[1])) + " " + std::string(text.substr(2));
        fail(index, "the server closed: " + code);
    }
}

void generator::on_text(std::size_t index, std::string_view text)
{
    client& self = clients_[index];
    if (self.at == stage::closing) return;
    message_type type = message_type::payload;
    if (self.at != stage::open || !is_plain_payload(text)) {
        const server_message read = classify(text);
        type = read.type;
        if (type == message_type::disconnect) fail(index, "the server disconnected: " + read.reason);
        if (type == message_type::malformed) fail(index, "not an Action Cable message: " + std::string(text.substr(0, 200)));
        if (type == message_type::rejection) fail(index, "the subscription was rejected");
    }
    if (type == message_type::ping) {
        ++pings_;
    } else if (type == message_type::welcome && self.at == stage::welcoming) {
        self.at = stage::confirming;
        send_frame(index, client_frame::text, subscribe_);
    } else if (type == message_type::confirmation && self.at == stage::confirming) {
        self.at = stage::open;
        confirm_times_.add(woken_ns_ - self.started_ns);
        ++confirmed_;
    } else if (type == message_type::payload) {
        audit_.deliver(index, text);
        if (report_ == nullptr) return;
        ++report_->deliveries;
        report_->bytes += text.size();
        report_->latency.add(woken_ns_ - published_ns_);
    } else {
        fail(index, "an unexpected message: " + std::string(text.substr(0, 200)));
    }
}

void generator::on_end(std::size_t index, const std::string& why)
{
    client& self = clients_[index];
    if (self.at != stage::closing) fail(index, why);
    ::close(self.fd);
    self.fd = -1;
    self.at = stage::closed;
    ++closed_;
}

void generator::send_frame(std::size_t index, client_frame code, std::string_view payload)
{
    append_masked_frame(clients_[index].out, code, payload, next_mask());
    flush(index);
}

void generator::flush(std::size_t index)
{
    client& self = clients_[index];
    while (!self.out.empty()) {
        const ssize_t size = ::send(self.fd, self.out.data(), self.out.size(), MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) break;
        if (size < 0) {
            // A peer that is closing already may refuse our close frame; its end is what is waited for.
            if (self.at != stage::closing) fail(index, "send: " + system_message(errno));
            self.out.clear();
            break;
        }
        self.out.erase(0, static_cast<std::size_t>(size));
    }
    if (self.out.empty()) self.out = std::string();
    watch(index, !self.out.empty());
}

void generator::watch(std::size_t index, bool write)
{
    client& self = clients_[index];
    if (self.wants_write == write) return;
    self.wants_write = write;
    epoll_event event{};
    event.events = write ? EPOLLIN | EPOLLOUT : EPOLLIN;
    event.data.u64 = index;
    if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, self.fd, &event) != 0) fail(index, "epoll_ctl: " + system_message(errno));
}

void generator::close(std::size_t count)
{
    count = std::min(count, clients_.size());
    closed_ = 0;
    constexpr std::string_view normal("\x03\xe8", 2);
    for (std::size_t index = clients_.size() - count; index < clients_.size(); ++index) {
        clients_[index].at = stage::closing;
        send_frame(index, client_frame::close, normal);
    }
    if (!run([this, count] { return closed_ == count; }, deadline()))
        throw load_error(target_.host + " has not closed " + std::to_string(count - closed_) + " of " + std::to_string(count) + " connections");
    clients_.resize(clients_.size() - count);
}

void generator::publish(const std::string& command, std::size_t receivers, std::size_t count, std::vector<std::string> payloads,
                        delivery_report& report)
{
    if (clients_.empty()) throw load_error("there is no client to publish");
    audit_.begin(std::min(receivers, clients_.size()), count, std::move(payloads));
    report_ = &report;
    published_ns_ = now_ns();
    send_frame(0, client_frame::text, command);
    run([this] { return audit_.is_complete(); }, deadline());
    report.wall_ns += now_ns() - published_ns_;
    ++report.publications;
    report_ = nullptr;
    report.faults += audit_.end();
}

std::uint64_t generator::idle(std::chrono::milliseconds time)
{
    audit_.begin(0, 0, {});
    run([] { return false; }, now_ns() + static_cast<std::uint64_t>(std::chrono::nanoseconds(time).count()));
    return audit_.end().extra;
}

} // namespace coax::load
