// SPDX-License-Identifier: MIT
#include "net/listen_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <optional>

namespace coax {

namespace {

using parsed = boost::system::result<listen_address, std::string>;

// sockaddr_storage may not be read through another type's pointer; a copy may.
template <class Address>
Address read_as(const sockaddr_storage& storage) noexcept
{
    Address address;
    std::memcpy(&address, &storage, sizeof address);
    return address;
}

template <class Address>
listen_address store(const Address& address) noexcept
{
    listen_address result;
    std::memcpy(&result.storage, &address, sizeof address);
    result.length = sizeof address;
    return result;
}

parsed wrong(std::string_view text, std::string_view why)
{
    return parsed(boost::system::in_place_error, "listen address '" + std::string(text) + "': " + std::string(why));
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept
{
    std::uint16_t port = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return port;
}

listen_address ipv4(in_addr address, std::uint16_t port) noexcept
{
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    result.sin_addr = address;
    return store(result);
}

listen_address ipv6(in6_addr address, std::uint16_t port, bool only) noexcept
{
    sockaddr_in6 result{};
    result.sin6_family = AF_INET6;
    result.sin6_port = htons(port);
    result.sin6_addr = address;
    auto stored = store(result);
    stored.ipv6_only = only;
    return stored;
}

parsed parse_unix(std::string_view text)
{
    auto path = text.substr(5);
    if (!path.starts_with('/')) return wrong(text, "write an absolute path, such as unix:/run/coax.sock");
    if (path.find('\0') != std::string_view::npos) return wrong(text, "the path has a NUL byte");
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path)
        return wrong(text, "the path is longer than the " + std::to_string(sizeof address.sun_path - 1) + " bytes that a unix socket may have");
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    auto result = store(address);
    result.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    result.path = path;
    return result;
}

std::string ipv6_text(const in6_addr& address)
{
    std::array<char, INET6_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET6, &address, text.data(), text.size());
    return text.data();
}

std::string ipv4_text(const in_addr& address)
{
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &address, text.data(), text.size());
    return text.data();
}

} // namespace

parsed parse_listen_address(std::string_view text)
{
    if (text.starts_with("unix:")) return parse_unix(text);
    auto colon = text.rfind(':');
    if (colon == std::string_view::npos || (text.starts_with('[') && text.find(']') > colon))
        return wrong(text, "the port is missing; write 127.0.0.1:8080, [::]:8080, :8080 or unix:/path");
    auto port = parse_port(text.substr(colon + 1));
    if (!port) return wrong(text, "the port is not a number from 0 to 65535");
    std::string host(text.substr(0, colon));

    if (host.empty()) return ipv6(in6addr_any, *port, false);
    if (host == "localhost") return ipv4(in_addr{htonl(INADDR_LOOPBACK)}, *port);
    if (host.front() == '[') {
        in6_addr address{};
        if (host.back() != ']' || ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) != 1)
            return wrong(text, "what is in brackets is not an IPv6 address");
        return ipv6(address, *port, true);
    }
    if (host.find(':') != std::string::npos) return wrong(text, "write an IPv6 address in brackets: [::1]:8080");
    in_addr address{};
    if (::inet_pton(AF_INET, host.c_str(), &address) != 1)
        return wrong(text, "names other than localhost are not looked up; write an IP address");
    return ipv4(address, *port);
}

std::uint16_t listen_address::port() const noexcept
{
    if (family() == AF_INET) return ntohs(read_as<sockaddr_in>(storage).sin_port);
    if (family() == AF_INET6) return ntohs(read_as<sockaddr_in6>(storage).sin6_port);
    return 0;
}

std::string listen_address::to_string() const
{
    if (is_unix()) return "unix:" + path;
    auto number = ":" + std::to_string(port());
    if (family() == AF_INET) return ipv4_text(read_as<sockaddr_in>(storage).sin_addr) + number;
    auto address = read_as<sockaddr_in6>(storage).sin6_addr;
    if (!ipv6_only && IN6_IS_ADDR_UNSPECIFIED(&address)) return number;
    return "[" + ipv6_text(address) + "]" + number;
}

listen_address listen_address::with_port_of(const sockaddr_storage& bound) const
{
    auto result = *this;
    if (family() == AF_INET) {
        auto address = read_as<sockaddr_in>(storage);
        address.sin_port = read_as<sockaddr_in>(bound).sin_port;
        std::memcpy(&result.storage, &address, sizeof address);
    } else if (family() == AF_INET6) {
        auto address = read_as<sockaddr_in6>(storage);
        address.sin6_port = read_as<sockaddr_in6>(bound).sin6_port;
        std::memcpy(&result.storage, &address, sizeof address);
    }
    return result;
}

listen_address listen_address::ipv4_fallback() const { return ipv4(in_addr{htonl(INADDR_ANY)}, port()); }

std::string peer_address_text(const sockaddr_storage& peer)
{
    if (peer.ss_family == AF_INET) return ipv4_text(read_as<sockaddr_in>(peer).sin_addr);
    if (peer.ss_family != AF_INET6) return {};
    auto address = read_as<sockaddr_in6>(peer).sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&address)) return ipv6_text(address);
    in_addr mapped{};
    std::memcpy(&mapped, address.s6_addr + 12, sizeof mapped);
    return ipv4_text(mapped);
}

} // namespace coax
