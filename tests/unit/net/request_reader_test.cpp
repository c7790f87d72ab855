// SPDX-License-Identifier: MIT
#include "request_text.hpp"

using coax::request_reader;
using state = coax::request_reader::state;
using namespace std::string_view_literals;

namespace {

constexpr std::size_t limit = 16 * 1024;
const std::string good = "GET /cable?a=1 HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n";

// The status that a text is refused with, fed at once; 0 if it is accepted, 1 if more is needed.
unsigned refused(std::string_view text)
{
    request_reader reader(limit);
    auto end = reader.feed(text);
    if (end == state::failed) {
        CHECK_FALSE(reader.reason().empty());
        return reader.status();
    }
    return end == state::complete ? 0 : 1;
}

} // namespace

TEST_CASE("A1: a request read at once has its method, target, version and lower-case headers", "[request_reader]")
{
    request_reader reader(limit);
    REQUIRE(reader.feed(good) == state::complete);
    const auto& request = reader.request();
    CHECK(request.method == "GET");
    CHECK(request.target == "/cable?a=1");
    CHECK(request.path() == "/cable");
    CHECK(request.version == 11);
    CHECK(request.header("host") == "example.com");
    CHECK(request.headers.size() == 3);
    CHECK(reader.leftover().empty());
}

TEST_CASE("A1: a request is read the same whatever pieces it comes in", "[request_reader]")
{
    for (std::size_t piece = 1; piece <= good.size(); ++piece) {
        request_reader reader(limit);
        std::size_t fed = 0;
        auto now = state::need_more;
        while (fed < good.size()) {
            REQUIRE(now == state::need_more);
            auto part = std::string_view(good).substr(fed, piece);
            now = reader.feed(part);
            fed += part.size();
        }
        REQUIRE(now == state::complete);
        CHECK(reader.request().target == "/cable?a=1");
        CHECK(reader.request().headers.size() == 3);
        CHECK(reader.leftover().empty());
    }
}

TEST_CASE("A9: bytes behind the request are left over, wherever the packets were cut", "[request_reader]")
{
    const std::string frame("\x81\x85\0\0\0\0hello"sv);
    const std::string all = good + frame;
    for (std::size_t cut = 1; cut < all.size(); ++cut) {
        request_reader reader(limit);
        reader.feed(std::string_view(all).substr(0, cut));
        REQUIRE(reader.feed(std::string_view(all).substr(cut)) == state::complete);
        CHECK(reader.leftover() == frame);
    }
}

TEST_CASE("a header above the limit is refused with 431, in one piece, line by line and without an end", "[request_reader]")
{
    const std::string line = "X-Filler: " + std::string(1000, 'a') + "\r\n";
    std::string big = "GET / HTTP/1.1\r\nHost: a\r\n";
    while (big.size() < 64 * 1024) big += line;
    CHECK(refused(big + "\r\n") == 431);

    // Each line is far below the limit: only their sum is not.
    request_reader reader(limit);
    auto now = reader.feed("GET / HTTP/1.1\r\nHost: a\r\n");
    std::size_t fed = 0;
    while (now == state::need_more && fed < 64 * 1024) {
        now = reader.feed(line);
        fed += line.size();
    }
    CHECK(now == state::failed);
    CHECK(reader.status() == 431);
    CHECK(fed <= limit + line.size());

    CHECK(refused("GET /" + std::string(64 * 1024, 'a')) == 431);
}

TEST_CASE("a header of exactly the limit is taken and one byte more is not", "[request_reader]")
{
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX-Filler: ";
    auto exact = head + std::string(limit - head.size() - 4, 'x') + "\r\n\r\n";
    REQUIRE(exact.size() == limit);
    CHECK(refused(exact) == 0);
    CHECK(refused(exact + "following bytes do not count") == 0);
    CHECK(refused(head + std::string(limit - head.size() - 3, 'x') + "\r\n\r\n") == 431);
}

TEST_CASE("malformed requests are refused with 400", "[request_reader]")
{
    CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nno colon here\r\n\r\n") == 400);
    CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"sv) == 400);
    CHECK(refused("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"sv) == 400);
    CHECK(refused("GET / HTTP/1.1\r\nHost : a\r\n\r\n") == 400);
    CHECK(refused("\x16\x03\x01\x02\x01\x01\xfc\x03\x03\r\n\r\n") == 400); // a TLS client on the plain port
    CHECK(refused("GET / HTTP/1.1\nHost: a\n\n") != 0);
}

TEST_CASE("a request needs exactly one well-formed Host", "[request_reader]")
{
    CHECK(refused("GET / HTTP/1.1\r\n\r\n") == 400);
    CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
    CHECK(refused("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n") == 400);
    CHECK(refused("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n") == 400);
    CHECK(refused("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n") == 0);
    CHECK(refused("GET / HTTP/1.0\r\n\r\n") == 0);
}

TEST_CASE("a request with a body is refused and one that says it has none is not", "[request_reader]")
{
    CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello") == 413);
    CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n") == 413);
    CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 413);
    CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n") == 413);
    CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n") == 400);
    CHECK(refused("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") == 0);
}

TEST_CASE("other versions of HTTP are refused with 505", "[request_reader]")
{
    CHECK(refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
    CHECK(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
    CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\n") == 1);
}

TEST_CASE("a folded header is read as one line", "[request_reader]")
{
    request_reader reader(limit);
    REQUIRE(reader.feed("GET / HTTP/1.1\r\nHost: a\r\nX-Long: one\r\n  two\r\n\r\n") == state::complete);
    CHECK(reader.request().header("x-long") == "one two");
    CHECK(reader.request().headers.size() == 2);
}

TEST_CASE("an absolute target becomes a path, and its authority the host", "[request_reader]")
{
    request_reader reader(limit);
    REQUIRE(reader.feed("GET http://front.example:81/cable?x HTTP/1.1\r\nHost: other\r\n\r\n") == state::complete);
    CHECK(reader.request().target == "/cable?x");
    CHECK(reader.request().header("host") == "front.example:81");
    CHECK(reader.request().count("host") == 1);

    request_reader bare(limit);
    REQUIRE(bare.feed("GET HTTPS://a?q HTTP/1.1\r\nHost: a\r\n\r\n") == state::complete);
    CHECK(bare.request().target == "/?q");

    CHECK(refused("GET http:///cable HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(refused("GET http://me@a/ HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(refused("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(refused("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("after a failure nothing more is taken", "[request_reader]")
{
    request_reader reader(limit);
    REQUIRE(reader.feed("nonsense\r\n\r\n") == state::failed);
    CHECK(reader.feed(good) == state::failed);
    CHECK(reader.status() == 400);
}
