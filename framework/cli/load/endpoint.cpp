// SPDX-License-Identifier: MIT
#include "load/endpoint.hpp"

#include <coax/error.hpp>

#include <cstring>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

namespace coax::load {
namespace {

[[noreturn]] void refuse(std::string_view url, const std::string& why)
{
    throw startup_error("cannot use the URL '" + std::string(url) + "': " + why, 64);
}

} // namespace

endpoint resolve_endpoint(std::string_view url)
{
    constexpr std::string_view scheme = "ws://";
    if (url.substr(0, 6) == "wss://") refuse(url, "TLS is not supported here; measure the ws:// side of the server");
    if (url.substr(0, scheme.size()) != scheme) refuse(url, "it must begin with ws://");
    const std::string_view rest = url.substr(scheme.size());
    const std::size_t slash = rest.find_first_of("/?");
    std::string authority(rest.substr(0, slash));
    endpoint found;
    found.path = slash == std::string_view::npos ? "/cable" : std::string(rest.substr(slash));
    if (found.path.front() == '?') found.path.insert(0, "/cable");
    found.host = authority;

    std::string name = authority;
    std::string port = "80";
    const std::size_t bracket = authority.find(']');
    if (!authority.empty() && authority.front() == '[') {
        if (bracket == std::string::npos) refuse(url, "the IPv6 address lacks its ']'");
        name = authority.substr(1, bracket - 1);
        if (bracket + 1 < authority.size()) {
            if (authority[bracket + 1] != ':') refuse(url, "text follows the ']'");
            port = authority.substr(bracket + 2);
        }
    } else if (const std::size_t colon = authority.rfind(':'); colon != std::string::npos) {
        name = authority.substr(0, colon);
        port = authority.substr(colon + 1);
    }
    if (name.empty()) refuse(url, "there is no host in it");
    if (port.empty() || port.find_first_not_of("0123456789") != std::string::npos) refuse(url, "'" + port + "' is no port");

    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (const int error = ::getaddrinfo(name.c_str(), port.c_str(), &wanted, &list); error != 0) refuse(url, ::gai_strerror(error));
    std::memcpy(&found.address, list->ai_addr, list->ai_addrlen);
    found.address_size = list->ai_addrlen;
    ::freeaddrinfo(list);
    if (found.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &found.address, sizeof v4);
        found.is_loopback_v4 = (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    }
    return found;
}

} // namespace coax::load
