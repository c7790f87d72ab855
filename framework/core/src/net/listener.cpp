// SPDX-License-Identifier: MIT
#include "net/listener.hpp"

#include <coax/error.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace coax {

namespace {

// Sockets taken per wake, so that one shard does not starve its sessions, nor take all of a storm.
constexpr int accepts_per_turn = 32;
constexpr std::chrono::milliseconds out_of_descriptors_pause{100};

[[noreturn]] void fail(const listen_address& where, const char* doing, int code)
{
    std::string remedy;
    switch (code) {
    case EADDRINUSE: remedy = "another process listens there: stop it, or choose another port in server.listen"; break;
    case EACCES: remedy = "this user may not: use a port above 1023 or a folder you can write to"; break;
    case EADDRNOTAVAIL: remedy = "this machine has no such address: correct server.listen"; break;
    default: remedy = "correct server.listen"; break;
    }
    throw startup_error("cannot listen on " + where.to_string() + " (" + doing + ": " + std::strerror(code) + "); " + remedy);
}

// A socket file whose server is gone would block the address for ever; a living one is left alone.
void remove_stale(const listen_address& where)
{
    struct stat status{};
    if (::lstat(where.path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return;
    const bool is_stale = ::connect(probe, where.data(), where.length) != 0 && errno == ECONNREFUSED;
    ::close(probe);
    if (is_stale) ::unlink(where.path.c_str());
}

int open_listening(const listen_address& where)
{
    const int made = ::socket(where.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) return -1;
    const int on = 1;
    const int only = where.ipv6_only ? 1 : 0;
    if (!where.is_unix()) ::setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where.family() == AF_INET6) ::setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
    if (::bind(made, where.data(), where.length) == 0 && ::listen(made, SOMAXCONN) == 0) return made;
    const int code = errno;
    ::close(made);
    errno = code;
    return -1;
}

} // namespace

listening_socket::listening_socket(const listen_address& where) : descriptor_(-1), address_(where)
{
    if (where.is_unix()) remove_stale(where);
    descriptor_ = open_listening(where);
    if (descriptor_ < 0 && errno == EAFNOSUPPORT && where.family() == AF_INET6 && !where.ipv6_only) {
        address_ = where.ipv4_fallback();
        descriptor_ = open_listening(address_);
    }
    if (descriptor_ < 0) fail(where, "bind", errno);
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    if (::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&bound), &length) == 0 && !where.is_unix())
        address_ = address_.with_port_of(bound);
}

listening_socket::~listening_socket()
{
    if (descriptor_ < 0) return;
    ::close(descriptor_);
    if (address_.is_unix()) ::unlink(address_.path.c_str());
}

listening_socket::listening_socket(listening_socket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), address_(std::move(other.address_))
{
}

int listening_socket::duplicate() const
{
    const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) fail(address_, "dup", errno);
    return copy;
}

listener::listener(executor where, int descriptor, on_accept accepted, logger log, metric& errors)
    : descriptor_(where, descriptor), pause_(where), accepted_(std::move(accepted)), log_(std::move(log)), errors_(errors)
{
}

void listener::stop()
{
    is_stopped_ = true;
    error_code ignored;
    descriptor_.close(ignored);
    pause_.cancel();
}

task<> listener::run()
{
    while (!is_stopped_) {
        auto [error] = co_await descriptor_.async_wait(asio::posix::descriptor_base::wait_read, asio::as_tuple(asio::deferred));
        if (error || is_stopped_) co_return;
        if (accept_some()) continue;
        pause_.expires_after(out_of_descriptors_pause);
        auto [cancelled] = co_await pause_.async_wait(asio::as_tuple(asio::deferred));
        if (cancelled) co_return;
    }
}

bool listener::accept_some()
{
    for (int i = 0; i < accepts_per_turn; ++i) {
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        const int accepted = ::accept4(descriptor_.native_handle(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            is_out_of_descriptors_ = false;
            try {
                accepted_(accepted, peer.ss_family, peer_address_text(peer));
            } catch (const std::exception& failed) { // out of memory, say: this connection is lost, the listener is not
                errors_.add();
                log_.error("accept.failed", {{"error", failed.what()}});
                return false;
            }
            continue;
        }
        switch (errno) {
        case EAGAIN: return true;
        case EINTR:
        case ECONNABORTED: continue;
        default:
            errors_.add();
            if (!std::exchange(is_out_of_descriptors_, true))
                log_.error("accept.failed", {{"error", std::strerror(errno)},
                                             {"remedy", "raise the limit of open files (ulimit -n, LimitNOFILE); waiting for free ones"}});
            return false;
        }
    }
    return true;
}

} // namespace coax
