// SPDX-License-Identifier: MIT
#include "net/listen_address.hpp"
#include "support/catch.hpp"

#include <netinet/in.h>
#include <unistd.h>

#include <cstring>

using namespace coax;
using Catch::Matchers::Contains;

namespace {

listen_address parse(std::string_view text)
{
    auto result = parse_listen_address(text);
    REQUIRE(result.has_value());
    return *result;
}

} // namespace

TEST_CASE("listen addresses are read and written back", "[listen_address]")
{
    for (auto text : {"127.0.0.1:8080", "0.0.0.0:0", "[::]:8080", "[::1]:65535", ":8080", "unix:/run/coax.sock"}) {
        INFO(text);
        CHECK(parse(text).to_string() == text);
    }
    CHECK(parse("localhost:80").to_string() == "127.0.0.1:80");
    CHECK(parse("127.0.0.1:8080").family() == AF_INET);
    CHECK(parse("[::]:8080").ipv6_only);
    CHECK_FALSE(parse(":8080").ipv6_only);
    CHECK(parse(":8080").family() == AF_INET6);
    CHECK(parse(":8080").ipv4_fallback().to_string() == "0.0.0.0:8080");
    CHECK(parse("unix:/run/coax.sock").path == "/run/coax.sock");
    CHECK(parse("unix:/run/coax.sock").port() == 0);
}

TEST_CASE("a listen address that cannot be read says what is wrong and names itself", "[listen_address]")
{
    const std::pair<const char*, const char*> rows[] = {
        {"", "port is missing"},          {"8080", "port is missing"},         {"127.0.0.1", "port is missing"},
        {"[::1]", "port is missing"},     {"127.0.0.1:", "not a number"},      {"127.0.0.1:65536", "not a number"},
        {"127.0.0.1:-1", "not a number"}, {"127.0.0.1:80a", "not a number"},   {"example.com:80", "not looked up"},
        {"256.0.0.1:80", "not looked up"},{"::1:80", "in brackets"},           {"[::g]:80", "not an IPv6"},
        {"[127.0.0.1]:80", "not an IPv6"},{"unix:", "absolute path"},          {"unix:coax.sock", "absolute path"},
    };
    for (const auto& [text, why] : rows) {
        INFO(text);
        auto result = parse_listen_address(text);
        REQUIRE(result.has_error());
        CHECK_THAT(result.error(), Contains(why) && Contains(text));
    }
    CHECK(parse_listen_address("unix:/" + std::string(106, 'a')).has_value());
    CHECK_THAT(parse_listen_address("unix:/" + std::string(107, 'a')).error(), Contains("longer than"));
}

TEST_CASE("an address with port 0 is shown with the port that the kernel chose", "[listen_address]")
{
    auto address = parse("127.0.0.1:0");
    int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(socket >= 0);
    REQUIRE(::bind(socket, address.data(), address.length) == 0);
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&bound), &length) == 0);
    ::close(socket);
    auto real = address.with_port_of(bound);
    CHECK(real.port() != 0);
    CHECK(real.to_string() == "127.0.0.1:" + std::to_string(real.port()));
    CHECK(peer_address_text(bound) == "127.0.0.1");
}

TEST_CASE("a peer's address is plain text, IPv4 in IPv6 too, and empty for a unix socket", "[listen_address]")
{
    sockaddr_in6 mapped{};
    mapped.sin6_family = AF_INET6;
    const unsigned char bytes[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7};
    std::memcpy(&mapped.sin6_addr, bytes, sizeof bytes);
    sockaddr_storage peer{};
    std::memcpy(&peer, &mapped, sizeof mapped);
    CHECK(peer_address_text(peer) == "192.0.2.7");
    CHECK(peer_address_text(parse("[2001:db8::1]:1").storage) == "2001:db8::1");
    CHECK(peer_address_text(parse("unix:/run/x").storage).empty());
}
