// SPDX-License-Identifier: MIT
#include "net/upgrade.hpp"
#include "request_text.hpp"

using namespace coax;
using namespace coax::test;

TEST_CASE("A12 A18: the 101 answers the sample key of RFC 6455 and carries what was agreed", "[upgrade]")
{
    boost::asio::io_context context(1);
    auto text = make_upgrade_response(context.get_executor(), "dGhlIHNhbXBsZSBub25jZQ==", "actioncable-v1-json", "permessage-deflate; x");
    CHECK(text.starts_with("HTTP/1.1 101 "));
    CHECK(has_line(text, "Upgrade: websocket"));
    CHECK(has_line(text, "Connection: upgrade"));
    CHECK(has_line(text, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    CHECK(has_line(text, "Sec-WebSocket-Protocol: actioncable-v1-json"));
    CHECK(has_line(text, "Sec-WebSocket-Extensions: permessage-deflate; x"));
    CHECK(body_of(text).empty());
}

TEST_CASE("A18: without agreement the 101 names no subprotocol and no extension", "[upgrade]")
{
    boost::asio::io_context context(1);
    auto text = make_upgrade_response(context.get_executor(), "dGhlIHNhbXBsZSBub25jZQ==", "", "");
    CHECK(text.starts_with("HTTP/1.1 101 "));
    CHECK(text.find("Sec-WebSocket-Protocol") == std::string::npos);
    CHECK(text.find("Sec-WebSocket-Extensions") == std::string::npos);
}

TEST_CASE("an upgrade leaves no work in the shard's loop", "[upgrade]")
{
    boost::asio::io_context context(1);
    make_upgrade_response(context.get_executor(), "dGhlIHNhbXBsZSBub25jZQ==", "", "");
    CHECK(context.poll() == 0);
    CHECK(context.stopped());
}
