// SPDX-License-Identifier: MIT
#pragma once

#include <boost/system/result.hpp>

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace coax {

/// One entry of `server.listen`, ready for `bind`.
///
/// | text | listens on |
/// |---|---|
/// | `127.0.0.1:8080`, `0.0.0.0:8080` | that IPv4 address |
/// | `[::1]:8080`, `[::]:8080` | that IPv6 address, IPv6 only |
/// | `localhost:8080` | 127.0.0.1; no other name is looked up |
/// | `:8080` | every address, IPv4 and IPv6 |
/// | `unix:/run/coax.sock` | a unix socket, absolute path |
///
/// Port 0 takes a free one.
struct listen_address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    bool ipv6_only = false;     ///< what to set IPV6_V6ONLY to, for AF_INET6
    std::string path;           ///< of a unix socket, to be removed at the end; else empty

    int family() const noexcept { return storage.ss_family; }
    bool is_unix() const noexcept { return family() == AF_UNIX; }
    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
    /// 0 for a unix socket.
    std::uint16_t port() const noexcept;
    /// In the form that `parse_listen_address` reads; every address of both families is `:port`.
    std::string to_string() const;
    /// The same with what the kernel chose: `bound` is from `getsockname`, and only its port is taken.
    listen_address with_port_of(const sockaddr_storage& bound) const;
    /// For `:port` on a machine without IPv6: every IPv4 address.
    listen_address ipv4_fallback() const;
};

/// Errors: a sentence that names the text, what is wrong, and what to write.
boost::system::result<listen_address, std::string> parse_listen_address(std::string_view text);

/// The IP address of an accepted peer as text, IPv4 in IPv6 as IPv4; empty for a unix socket.
std::string peer_address_text(const sockaddr_storage& peer);

} // namespace coax
