// SPDX-License-Identifier: MIT
// A benchmark that says "0 lost" is worth as much as its ability to say anything else.
#include "support/catch.hpp"

#include "load/cable_text.hpp"
#include "load/delivery_audit.hpp"
#include "load/endpoint.hpp"
#include "load/histogram.hpp"
#include "load/message_reader.hpp"
#include "payload.hpp"
#include "report.hpp"

#include <coax/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <netinet/in.h>

using namespace coax::load;
using namespace std::string_view_literals;

namespace {

/// What a server sends: two messages, one of them long, one in three fragments with a ping inside, a close frame.
struct server_bytes {
    std::string bytes;
    std::vector<std::string> expected;
};

server_bytes make_server_bytes()
{
    const std::string medium(300, 'm');
    const std::string large(70'000, 'l');
    server_bytes made;
    made.bytes += "\x81\x05hello"sv;
    made.bytes += "\x81\x7e\x01\x2c"sv;
    made.bytes += medium;
    made.bytes += "\x01\x03one\x89\x02pi\x00\x04 two\x80\x06 three"sv;
    made.bytes += "\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x70"sv;
    made.bytes += large;
    made.bytes += "\x88\x05\x03\xe8"
                  "bye"sv;
    made.expected = {"m:hello", "m:" + medium, "p:pi", "m:one two three", "m:" + large, "c:\x03\xe8"
                                                                                        "bye"};
    return made;
}

class collecting_reader {
public:
    bool feed(std::string_view bytes)
    {
        return reader_.feed(bytes, [this](message_reader::kind kind, std::string_view text) {
            seen.push_back((kind == message_reader::kind::message ? "m:" : kind == message_reader::kind::ping ? "p:" : "c:") + std::string(text));
        });
    }
    const char* problem() const { return reader_.problem(); }
    std::vector<std::string> seen;

private:
    message_reader reader_;
};

delivery_faults play(std::size_t clients, std::vector<std::string> payloads, const std::vector<std::pair<std::size_t, std::string>>& deliveries)
{
    delivery_audit audit;
    const std::size_t count = payloads.empty() ? 2 : payloads.size();
    audit.begin(clients, count, std::move(payloads));
    for (const auto& [client, text] : deliveries) audit.deliver(client, text);
    return audit.end();
}

} // namespace

TEST_CASE("server frames cut at every position give the same messages", "[load]")
{
    const server_bytes made = make_server_bytes();
    const std::size_t interesting = 360; // beyond lies the inside of the long message, and its end
    for (std::size_t cut = 0; cut <= made.bytes.size(); cut = cut < interesting || cut + 20 > made.bytes.size() ? cut + 1 : cut + 997) {
        collecting_reader reader;
        REQUIRE(reader.feed(std::string_view(made.bytes).substr(0, cut)));
        REQUIRE(reader.feed(std::string_view(made.bytes).substr(cut)));
        REQUIRE(reader.seen == made.expected);
    }
}

TEST_CASE("server frames that come one byte at a time give the same messages", "[load]")
{
    const server_bytes made = make_server_bytes();
    collecting_reader reader;
    for (const char& byte : std::string_view(made.bytes).substr(0, 360)) REQUIRE(reader.feed(std::string_view(&byte, 1)));
    REQUIRE(reader.feed(std::string_view(made.bytes).substr(360)));
    REQUIRE(reader.seen == made.expected);
}

TEST_CASE("frames that no server may send are refused", "[load]")
{
    const auto refuses = [](std::string_view bytes) {
        collecting_reader reader;
        return !reader.feed(bytes) && reader.problem() != nullptr && reader.seen.empty();
    };
    CHECK(refuses("\x81\x85mask12345"sv));                     // masked
    CHECK(refuses("\xc1\x01x"sv));                             // RSV1 without an extension
    CHECK(refuses("\x83\x01x"sv));                             // opcode 3
    CHECK(refuses("\x8b\x01x"sv));                             // opcode 11
    CHECK(refuses("\x89\x7e\x00\x7e"sv));                      // a long ping
    CHECK(refuses("\x09\x01x"sv));                             // a fragmented ping
    CHECK(refuses("\x80\x01x"sv));                             // a continuation of nothing
    CHECK(refuses("\x81\x7f\x7f\x00\x00\x00\x00\x00\x00\x00"sv)); // absurdly long
}

TEST_CASE("a client frame is masked and carries its length in the shortest form", "[load]")
{
    std::string out;
    append_masked_frame(out, client_frame::text, "abc", 0x01020304);
    CHECK(out == "\x81\x83\x01\x02\x03\x04"
                 "``"
                 "`"sv);
    out.clear();
    append_masked_frame(out, client_frame::text, std::string(126, 'x'), 0);
    CHECK(out.substr(0, 4) == "\x81\xfe\x00\x7e"sv);
    CHECK(out.size() == 8 + 126);
    out.clear();
    append_masked_frame(out, client_frame::text, std::string(65'536, 'x'), 0);
    CHECK(out.substr(0, 10) == "\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00"sv);
}

TEST_CASE("a sound publication has no faults", "[load]")
{
    const delivery_faults faults = play(2, {"1", "2"}, {{0, "[1]"}, {1, "[1]"}, {1, "[2]"}, {0, "[2]"}});
    CHECK(faults.sum() == 0);
}

TEST_CASE("a message that never came is lost", "[load]")
{
    const delivery_faults faults = play(2, {"1", "2"}, {{0, "[1]"}, {1, "[1]"}, {1, "[2]"}});
    CHECK(faults.lost == 1);
    CHECK(faults.sum() == 1);
}

TEST_CASE("a message that came twice is extra", "[load]")
{
    const delivery_faults faults = play(1, {"1", "2"}, {{0, "[1]"}, {0, "[2]"}, {0, "[2]"}});
    CHECK(faults.extra == 1);
    CHECK(faults.sum() == 1);
}

TEST_CASE("exchanged messages are out of order, with and without known payloads", "[load]")
{
    CHECK(play(2, {"1", "2"}, {{0, "[1]"}, {0, "[2]"}, {1, "[2]"}, {1, "[1]"}}).misordered == 2);
    CHECK(play(1, {"1", "2"}, {{0, "[2]"}, {0, "[1]"}}).misordered == 2);
    CHECK(play(2, {}, {{0, "[1]"}, {0, "[2]"}, {1, "[2]"}, {1, "[1]"}}).misordered == 2);
}

TEST_CASE("one changed byte is damage", "[load]")
{
    CHECK(play(2, {"1", "2"}, {{0, "[1]"}, {0, "[2]"}, {1, "[1]"}, {1, "(2]"}}).damaged == 1);
    CHECK(play(1, {"1", "2"}, {{0, "[1]"}, {0, "[3]"}}).damaged == 1);
    CHECK(play(2, {}, {{0, "[1]"}, {0, "[2]"}, {1, "[1]"}, {1, "[3]"}}).damaged == 1);
}

TEST_CASE("a message to a client that is no receiver is extra", "[load]")
{
    CHECK(play(1, {"1", "2"}, {{0, "[1]"}, {0, "[2]"}, {7, "[1]"}}).extra == 1);
}

TEST_CASE("a histogram's quantiles are within two per cent", "[load]")
{
    histogram times;
    for (std::uint64_t value = 1; value <= 1'000'000; value += 7) times.add(value);
    CHECK(static_cast<double>(times.quantile(0.5)) == Approx(500'000).epsilon(0.02));
    CHECK(static_cast<double>(times.quantile(0.99)) == Approx(990'000).epsilon(0.02));
    histogram far;
    far.add(std::uint64_t{3'000'000'000});
    CHECK(static_cast<double>(far.quantile(1.0)) == Approx(3e9).epsilon(0.02));
    CHECK(histogram().quantile(0.5) == 0);
}

TEST_CASE("quartiles are interpolated, and a row's ratio is taken round by round", "[bench]")
{
    const coax::bench::quartiles found = coax::bench::quartiles_of({4, 1, 3, 2});
    CHECK(found.low == Approx(1.75));
    CHECK(found.median == Approx(2.5));
    CHECK(found.high == Approx(3.25));
    coax::bench::row row{"x", {}, {}};
    for (const double load_of_machine : {1.0, 5.0, 2.0}) {
        row.coax.push_back({load_of_machine, 0, 0, 0});
        row.baseline.push_back({3 * load_of_machine, 0, 0, 0});
    }
    CHECK(row.ratio().low == Approx(3.0));
    CHECK(row.ratio().high == Approx(3.0));
}

TEST_CASE("a bar is met on its own side of the limit", "[bench]")
{
    CHECK(coax::bench::bar{"ratio", 8.0, 8.0, true, ""}.is_met());
    CHECK_FALSE(coax::bench::bar{"ratio", 7.9, 8.0, true, ""}.is_met());
    CHECK(coax::bench::bar{"lost", 0, 0, false, ""}.is_met());
    CHECK_FALSE(coax::bench::bar{"lost", 1, 0, false, ""}.is_met());
}

TEST_CASE("a payload has the wanted size and shows its number", "[bench]")
{
    CHECK(coax::bench::make_payload(7, 123'456'789, 100).size() == 100);
    CHECK(coax::bench::make_payload(7, 123'456'789, 1024).size() == 1024);
    CHECK(coax::bench::make_payload(7, 1, 0) == R"({"seq":7,"at":1,"pad":""})");
    CHECK(coax::bench::make_payload(7, 1, 100) != coax::bench::make_payload(8, 1, 100));
}

TEST_CASE("server messages are told apart whatever the order of their members", "[load]")
{
    CHECK(classify(R"({"type":"welcome"})").type == message_type::welcome);
    CHECK(classify(R"({"type":"ping","message":1})").type == message_type::ping);
    CHECK(classify(R"({"identifier":"x","type":"confirm_subscription"})").type == message_type::confirmation);
    CHECK(classify(R"({"type":"reject_subscription","identifier":"x"})").type == message_type::rejection);
    CHECK(classify(R"({"type":"disconnect","reason":"unauthorized","reconnect":false})").reason == "unauthorized");
    CHECK(classify(R"({"message":{"type":"ping"},"identifier":"x"})").type == message_type::payload);
    CHECK(classify(R"({"identifier":"x"})").type == message_type::malformed);
    CHECK(classify("[").type == message_type::malformed);
}

TEST_CASE("a command's identifier and data are embedded as JSON strings", "[load]")
{
    CHECK(command_text("message", R"({"channel":"A"})", R"({"action":"b"})") ==
          R"({"command":"message","identifier":"{\"channel\":\"A\"}","data":"{\"action\":\"b\"}"})");
}

TEST_CASE("a URL gives host, port and path", "[load]")
{
    const endpoint plain = resolve_endpoint("ws://127.0.0.1:8080");
    CHECK(plain.path == "/cable");
    CHECK(plain.host == "127.0.0.1:8080");
    CHECK(plain.is_loopback_v4);
    CHECK(resolve_endpoint("ws://127.0.0.1/a/b?c=d").path == "/a/b?c=d");
    CHECK(resolve_endpoint("ws://127.0.0.1?c=d").path == "/cable?c=d");
    const endpoint six = resolve_endpoint("ws://[::1]:81/x");
    CHECK(six.family() == AF_INET6);
    CHECK_FALSE(six.is_loopback_v4);
}

TEST_CASE("a URL that cannot be used is refused with its reason", "[load]")
{
    for (const char* url : {"http://127.0.0.1/", "wss://127.0.0.1/", "ws://", "ws://:80/", "ws://127.0.0.1:x/", "ws://[::1/"})
        CHECK_THROWS_AS(resolve_endpoint(url), coax::startup_error);
}
