// SPDX-License-Identifier: MIT
// From the first byte of a request to the close frame, over real sockets.
#include "integration/stage.hpp"
#include "support/catch.hpp"

#include <boost/json.hpp>

#include <zlib.h>

#include <string>
#include <vector>

using namespace coax::testing;

namespace {

struct handshake_row {
    const char* what;
    std::string request;
    unsigned status;
    const char* head_has;
};

std::string get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"; }

ws_request with_header(std::string name, std::string value)
{
    ws_request out;
    out.headers.emplace_back(std::move(name), std::move(value));
    return out;
}

std::string inflate_message(std::string compressed)
{
    compressed.append("\x00\x00\xff\xff", 4);
    z_stream stream{};
    if (inflateInit2(&stream, -15) != Z_OK) throw std::runtime_error("inflateInit2");
    std::string out(1 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_in = static_cast<uInt>(compressed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int status = inflate(&stream, Z_SYNC_FLUSH);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    if (status != Z_OK || stream.avail_in != 0) throw std::runtime_error("broken compressed data");
    return out;
}

} // namespace

TEST_CASE("F#1/A12: a handshake that is not in order is told why, in the status", "[wire]")
{
    auto settings = quiet_config();
    settings.handshake.allowed_origins = {"https://good.example"};
    const stage all(settings);
    ws_request wrong_version;
    wrong_version.version = "8";
    ws_request other_path;
    other_path.path = "/elsewhere";
    const std::vector<handshake_row> rows{
        {"a plain GET on the endpoint", get("/cable"), 404, ""},
        {"an unknown page", get("/nothing"), 404, ""},
        {"an upgrade elsewhere", other_path.text(), 404, ""},
        {"an old version", wrong_version.text(), 426, "Sec-WebSocket-Version: 13"},
        {"a foreign origin", with_header("Origin", "https://evil.example").text(), 403, ""},
        {"an allowed origin", with_header("Origin", "https://good.example").text(), 101, "Sec-WebSocket-Protocol: actioncable-v1-json"},
        {"the origin of the page's own host", with_header("Origin", "http://localhost").text(), 101, ""},
        {"no origin", ws_request().text(), 101, ""},
        {"the health check", get("/health"), 200, "Content-Type: application/json"},
        {"no HTTP at all", "HELLO\r\n\r\n", 400, ""},
        {"a future of HTTP", "GET / HTTP/3.0\r\n\r\n", 505, ""},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        ws_client client(all.address());
        client.send_raw(row.request);
        const auto answer = client.read_answer();
        CHECK(answer.status == row.status);
        CHECK(answer.head.find(row.head_has) != std::string::npos);
    }
}

TEST_CASE("The health report is JSON and counts what is open", "[wire]")
{
    const stage all;
    auto client = all.join();
    subscribe(client, test_identifier("room"));
    const auto report = boost::json::parse(http_get(all.address(), "/health").body);
    const boost::json::object wanted{{"status", "ok"}, {"sessions", 1}, {"subscriptions", 1}, {"streams", 1}, {"adapter", "connected"}};
    CHECK(report == boost::json::value(wanted));
}

TEST_CASE("A request header above the limit is answered 431, whether it comes in one piece or in two", "[wire]")
{
    auto settings = quiet_config();
    settings.handshake.max_request_size = 2048;
    const stage all(settings);
    const auto request = with_header("X-Long", std::string(4096, 'x')).text();
    for (const std::size_t cut : {request.size(), std::size_t(100)}) {
        ws_client client(all.address());
        client.send_raw(request.substr(0, cut));
        client.send_raw(request.substr(cut));
        CHECK(client.read_answer().status == 431);
        client.expect_end();
    }
}

TEST_CASE("A9: a subscribe in the packet that ends the handshake is answered after the welcome", "[wire]")
{
    const stage all;
    const auto identifier = test_identifier("early");
    ws_client client(all.address());
    client.send_raw(ws_request().text() + client_frame(first_byte::text, command("subscribe", identifier)));
    client.expect_open();
    CHECK(client.next_text().find(R"({"type":"welcome")") == 0);
    CHECK(client.next_text().find("confirm_subscription") != std::string::npos);
    all.publish("early", "first");
    CHECK(next_message(client) == R"("first")");
}

TEST_CASE("E7: a request and a frame may come byte by byte", "[wire]")
{
    const stage all;
    ws_client client(all.address());
    for (const char byte : ws_request().text()) client.send_raw(std::string(1, byte));
    client.expect_open();
    client.next_text();
    const auto identifier = test_identifier("slow");
    for (const char byte : client_frame(first_byte::text, command("subscribe", identifier))) client.send_raw(std::string(1, byte));
    CHECK(client.next_text().find("confirm_subscription") != std::string::npos);
}

TEST_CASE("E7: a thousand frames may come in one packet, and are answered in order", "[wire]")
{
    const stage all;
    auto client = all.join();
    const auto identifier = test_identifier("many");
    subscribe(client, identifier);
    std::string packet;
    for (int i = 0; i < 1000; ++i)
        packet += client_frame(first_byte::text, command("message", identifier, R"({"action":"echo","text":)" + std::to_string(i) + "}"));
    client.send_raw(packet);
    int in_order = 0;
    for (int i = 0; i < 1000; ++i)
        if (next_message(client) == R"({"echo":)" + std::to_string(i) + "}") ++in_order;
    CHECK(in_order == 1000);
}

TEST_CASE("A command goes round: subscribe, perform, unsubscribe, and what is unknown is no end", "[wire]")
{
    const stage all;
    auto client = all.join();
    const auto identifier = test_identifier("round");
    subscribe(client, identifier);
    client.send_text("not json");
    client.send_text(R"({"command":"dance","identifier":"{}"})");
    client.send_text(command("message", test_identifier("not subscribed"), R"({"action":"echo","text":"no"})"));
    client.send_raw(client_frame(first_byte::binary, "bytes"));
    client.send_text(command("message", identifier, R"({"action":"echo","text":"hé"})"));
    CHECK(next_message(client) == R"({"echo":"hé"})");
    client.send_text(command("message", identifier, R"({"action":"publish","text":{"a":[1,2]}})"));
    CHECK(next_message(client) == R"({"a":[1,2]})");
    client.send_text(command("unsubscribe", identifier));
    REQUIRE(eventually([&] { return all.health("streams") == 0; }));
    all.publish("round", "too late");
    const boost::json::object rejecting{{"channel", "Test"}, {"reject", true}};
    client.send_text(command("subscribe", boost::json::serialize(rejecting)));
    CHECK(client.next_text().find("reject_subscription") != std::string::npos); // and nothing before it
}

TEST_CASE("A refused connection is told so and closed", "[wire]")
{
    stage all;
    ws_request request;
    request.path = "/cable?user=nobody";
    ws_client client(all.address());
    client.open(request);
    CHECK(client.close_code() == 1000);
    CHECK(client.last_text() == R"({"type":"disconnect","reason":"unauthorized","reconnect":false})");
    client.close();
    CHECK(eventually([&] { return all.is_empty() && all.hooks.disconnects == 1; }));
}

TEST_CASE("Frames against the rules end the connection with the right code", "[wire]")
{
    struct frame_row {
        const char* what;
        std::string bytes;
        unsigned code;
    };
    auto settings = quiet_config();
    settings.session.max_message_size = 1000;
    stage all(settings);
    const std::string big(600, 'x');
    const std::vector<frame_row> rows{
        {"unmasked", client_frame(first_byte::text, "{}", false), 1002},
        {"a reserved bit", client_frame(0xa1, "{}"), 1002},
        {"compressed without agreement", client_frame(0xc1, "{}"), 1002},
        {"an unknown opcode", client_frame(0x83, "{}"), 1002},
        {"an unknown control opcode", client_frame(0x8b, "{}"), 1002},
        {"a control frame in fragments", client_frame(0x09, "part"), 1002},
        {"a control frame too long", client_frame(first_byte::ping, std::string(126, 'p')), 1002},
        {"a continuation of nothing", client_frame(first_byte::text_end, "x"), 1002},
        {"too large", client_frame(first_byte::text, std::string(1001, 'x')), 1009},
        {"too large in sum", client_frame(first_byte::text_begin, big) + client_frame(first_byte::text_end, big), 1009},
        {"no UTF-8", client_frame(first_byte::text, "\xc3\x28"), 1007},
        {"a close code that may not be sent", client_frame(first_byte::close, "\x03\xed"), 1002},
    };
    for (const auto& row : rows) {
        INFO(row.what);
        auto client = all.join();
        client.send_raw(row.bytes);
        CHECK(client.close_code() == row.code);
        client.expect_end();
    }
    CHECK(eventually([&] { return all.is_empty(); }));
    CHECK(all.hooks.disconnects == static_cast<int>(rows.size()));
}

TEST_CASE("Control frames may stand between fragments, and a close is answered with its code", "[wire]")
{
    const stage all;
    auto client = all.join();
    const auto text = command("subscribe", test_identifier("fragments"));
    const auto half = text.size() / 2;
    client.send_raw(client_frame(first_byte::text_begin, text.substr(0, half)) + client_frame(first_byte::ping, "between") +
                    client_frame(first_byte::text_end, text.substr(half)));
    const auto pong = client.next_frame();
    CHECK(pong.opcode == 10);
    CHECK(pong.payload == "between");
    CHECK(client.next_text().find("confirm_subscription") != std::string::npos);
    client.send_raw(client_frame(first_byte::close, std::string("\x0f\xa0", 2))); // 4000
    CHECK(client.close_code() == 4000);
    client.expect_end();
}

TEST_CASE("Half a handshake times out, and others are served meanwhile", "[wire]")
{
    auto settings = quiet_config();
    settings.handshake.timeout = std::chrono::milliseconds(1500);
    stage all(settings);
    const auto request = ws_request().text();
    std::vector<ws_client> stuck;
    for (int i = 0; i < 200; ++i) {
        stuck.emplace_back(all.address());
        stuck.back().send_raw(std::string_view(request).substr(0, request.size() / 2));
    }
    auto client = all.join();
    subscribe(client, test_identifier("meanwhile"));
    all.publish("meanwhile", 1);
    CHECK(next_message(client) == "1");

    // One that sends a byte whenever it can wins no time by it.
    ws_client loris(all.address());
    const auto began = std::chrono::steady_clock::now();
    bool is_cut = false;
    CHECK(eventually([&] {
        try {
            loris.send_raw("G");
        } catch (const connection_ended&) {
            is_cut = true;
        }
        return is_cut;
    }));
    CHECK(std::chrono::steady_clock::now() - began > std::chrono::milliseconds(1000));
    for (auto& each : stuck) each.expect_end();
    CHECK(eventually([&] { return all.host.metrics().value("handshakes_timed_out_total") == 201; }));
    all.publish("meanwhile", 2);
    CHECK(next_message(client) == "2");
}

TEST_CASE("With deflate on, a client that offers it gets compressed broadcasts and may compress; another gets them plain", "[wire]")
{
    auto settings = quiet_config();
    settings.session.deflate = true;
    settings.session.deflate_threshold = 100;
    const stage all(settings);
    ws_client packed(all.address());
    packed.send_raw(with_header("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits").text());
    CHECK(packed.expect_open().find("permessage-deflate; server_no_context_takeover") != std::string::npos);
    packed.next_text();
    auto plain = all.join();
    const auto identifier = test_identifier("zip");
    subscribe(packed, identifier);
    subscribe(plain, identifier);

    const std::string text(5000, 'z');
    for (int i = 0; i < 3; ++i) all.publish("zip", boost::json::string(text));
    for (int i = 0; i < 3; ++i) {
        const auto frame = packed.next_frame();
        const auto expected = plain.next_text();
        CHECK(frame.is_compressed);
        CHECK(frame.payload.size() < 500);
        CHECK(inflate_message(frame.payload) == expected);
        CHECK(expected.find(text) != std::string::npos);
    }
    all.publish("zip", "short");
    CHECK_FALSE(packed.next_frame().is_compressed);

    // A stored block is deflate too: final bit off, type 00, length and its complement.
    const auto echo = command("message", identifier, R"({"action":"echo","text":"inflated"})");
    std::string stored(1, '\0');
    const auto size = static_cast<unsigned>(echo.size());
    for (const unsigned part : {size & 0xff, size >> 8, ~size & 0xff, (~size >> 8) & 0xff}) stored += static_cast<char>(part);
    packed.send_raw(client_frame(0xc1, stored + echo + std::string(1, '\0')));
    CHECK(packed.next_text().find(R"({"echo":"inflated"})") != std::string::npos);
}
