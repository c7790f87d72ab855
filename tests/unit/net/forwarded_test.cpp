// SPDX-License-Identifier: MIT
#include "net/forwarded.hpp"
#include "request_text.hpp"

#include <coax/error.hpp>

using namespace coax;
using Catch::Matchers::Contains;

namespace {

std::string address_of(const std::vector<std::string>& trusted, const std::string& peer, const std::string& forwarded_for)
{
    http_request request{"GET", "/", 11, {{"host", "h"}, {"x-forwarded-for", forwarded_for}}};
    return trusted_proxies(trusted).seen_by_client(request, {peer}).address;
}

} // namespace

TEST_CASE("A15: the client's address is taken from the last hop that is not ours", "[forwarded]")
{
    const std::vector<std::string> ours{"10.0.0.0/8", "fd00::1"};
    CHECK(address_of(ours, "10.0.0.1", "203.0.113.9") == "203.0.113.9");
    CHECK(address_of(ours, "10.0.0.1", "1.1.1.1, 203.0.113.9, 10.2.3.4") == "203.0.113.9");
    CHECK(address_of(ours, "10.0.0.1", "10.9.9.9") == "10.9.9.9");
    CHECK(address_of(ours, "fd00::1", "2001:db8::5") == "2001:db8::5");
    CHECK(address_of(ours, "10.0.0.1", "") == "10.0.0.1");
    CHECK(address_of(ours, "10.0.0.1", "203.0.113.9, <script>") == "10.0.0.1");
    CHECK(address_of(ours, "10.0.0.1", "rubbish, 10.1.1.1") == "10.1.1.1");
}

TEST_CASE("D21: a stranger's X-Forwarded-For is ignored", "[forwarded]")
{
    CHECK(address_of({"10.0.0.1"}, "192.0.2.7", "203.0.113.9") == "192.0.2.7");
    CHECK(address_of({}, "10.0.0.1", "203.0.113.9") == "10.0.0.1");
    CHECK(address_of({"10.0.0.1"}, "", "203.0.113.9").empty());
    CHECK(address_of({"unix"}, "", "203.0.113.9") == "203.0.113.9");
}

TEST_CASE("a peer of a dual-stack socket is the IPv4 address that it is", "[forwarded]")
{
    CHECK(trusted_proxies({"10.0.0.1"}).contains("::ffff:10.0.0.1"));
    CHECK(address_of({}, "::ffff:192.0.2.7", "") == "192.0.2.7");
}

TEST_CASE("a trusted network ends at its prefix", "[forwarded]")
{
    trusted_proxies proxies({"172.16.0.0/12", "fd00::/9", "192.0.2.0/31"});
    CHECK(proxies.contains("172.16.0.0"));
    CHECK(proxies.contains("172.31.255.255"));
    CHECK_FALSE(proxies.contains("172.32.0.0"));
    CHECK(proxies.contains("fd7f::1"));
    CHECK_FALSE(proxies.contains("fd80::1"));
    CHECK(proxies.contains("192.0.2.1"));
    CHECK_FALSE(proxies.contains("192.0.2.2"));
    CHECK(trusted_proxies({"0.0.0.0/0"}).contains("8.8.8.8"));
    CHECK_FALSE(trusted_proxies({"0.0.0.0/0"}).contains("::1"));
}

TEST_CASE("an entry that is no address stops the start and names itself", "[forwarded]")
{
    for (auto text : {"proxy.local", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "::/129", "10.0.0.0/-1"}) {
        INFO(text);
        CHECK_THROWS_WITH(trusted_proxies({text}), Contains("handshake.trusted_proxies") && Contains(text));
    }
}
