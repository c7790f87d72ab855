// SPDX-License-Identifier: MIT
// The same bytes, cut at every position, through our decoder and through Beast's server: same messages, same close code.
#include "protocol/frame_codec.hpp"

#include "protocol/deflate.hpp"
#include "unit/protocol/beast_peer.hpp"
#include "unit/protocol/client_frame.hpp"
#include "unit/protocol/frame_events.hpp"

#include "support/catch.hpp"

#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace coax;
using namespace coax::test;

namespace {

using events = std::vector<std::string>;

struct sample {
    std::string name;
    std::string bytes;
    events expected;
    events beast{}; ///< where Beast does something else than the RFC or our table; the name says why
};

constexpr std::size_t limit = 64;

std::string numbered(const char* what, std::size_t number)
{
    std::string name(what);
    name += ' ';
    return name += std::to_string(number);
}

std::string deflated(std::string_view text)
{
    deflater deflate;
    return std::string(deflate.compress(text));
}

std::string compressed_frame(std::string payload, opcode code = opcode::text, bool is_final = true)
{
    return client_frame{.code = code, .payload = std::move(payload), .is_final = is_final, .rsv = 4}.bytes();
}

std::vector<sample> messages()
{
    const std::string full(limit, 'm');
    return {
        {"text", text_frame("hello"), {"text:hello"}},
        {"empty text", text_frame(""), {"text:"}},
        {"binary that is no UTF-8", client_frame{.code = opcode::binary, .payload = "\xff\xfe"}.bytes(), {"binary:\xff\xfe"}},
        {"several", text_frame("a") + text_frame("") + client_frame{.code = opcode::binary, .payload = "b"}.bytes(), {"text:a", "text:", "binary:b"}},
        {"fragments", open_frame(opcode::text, "ab") + open_frame(opcode::continuation, "cd") + last_frame("ef"), {"text:abcdef"}},
        {"empty fragments", open_frame(opcode::text, "") + open_frame(opcode::continuation, "") + last_frame(""), {"text:"}},
        {"empty fragments round one", open_frame(opcode::binary, "") + open_frame(opcode::continuation, "x") + last_frame(""), {"binary:x"}},
        {"control frames between fragments",
         open_frame(opcode::text, "a") + control_frame(opcode::ping, "p1") + open_frame(opcode::continuation, "b") + control_frame(opcode::pong, "p2") +
             control_frame(opcode::ping) + last_frame("c") + text_frame("d"),
         {"ping:p1", "pong:p2", "ping:", "text:abc", "text:d"}},
        {"zero mask", client_frame{.payload = "plain", .mask = {}}.bytes(), {"text:plain"}},
        {"at the limit", text_frame(full), {"text:" + full}},
        {"at the limit in fragments", open_frame(opcode::text, full.substr(1)) + last_frame("m"), {"text:" + full}},
        {"characters cut by frames", open_frame(opcode::text, "\xf0") + open_frame(opcode::continuation, "\x9f\x98") + last_frame("\x80\xc3\xa9"),
         {"text:\xf0\x9f\x98\x80\xc3\xa9"}},
        {"longest control frame", control_frame(opcode::ping, std::string(125, 'p')), {"ping:" + std::string(125, 'p')}},
        {"an unfinished frame", text_frame("hello").substr(0, 9), {}},
        {"an unfinished message", open_frame(opcode::text, "hello"), {}},
        {"an unfinished header", client_frame{.payload = "x", .size_bytes = 8}.bytes().substr(0, 13), {}},
        {"an unfinished control frame", text_frame("a") + control_frame(opcode::ping, "p").substr(0, 6), {"text:a"}},
    };
}

std::vector<sample> violations()
{
    const events refused{"failure:1002"};
    const auto bad = [&](std::string name, client_frame frame) { return sample{std::move(name), frame.bytes(), refused}; };
    std::vector<sample> all{
        bad("unmasked text", {.payload = "x", .is_masked = false}),
        bad("unmasked empty text", {.is_masked = false}),
        bad("unmasked ping", {.code = opcode::ping, .is_masked = false}),
        bad("RSV2", {.rsv = 2}),
        bad("RSV3", {.rsv = 1}),
        bad("RSV on ping", {.code = opcode::ping, .rsv = 4}),
        bad("RSV on close", {.code = opcode::close, .rsv = 1}),
        bad("continuation of nothing", {.code = opcode::continuation, .payload = "x"}),
        bad("open continuation of nothing", {.code = opcode::continuation, .is_final = false}),
        bad("fragmented ping", {.code = opcode::ping, .is_final = false}),
        bad("fragmented close", {.code = opcode::close, .is_final = false}),
        bad("ping of 126 bytes", {.code = opcode::ping, .payload = std::string(126, 'x')}),
        bad("pong with a long length form", {.code = opcode::pong, .payload = "x", .size_bytes = 2}),
        bad("close of 65536 bytes", {.code = opcode::close, .announced = 65536}),
        bad("length in two bytes for one", {.payload = std::string(10, 'x'), .size_bytes = 2}),
        bad("length in eight bytes for one", {.payload = std::string(10, 'x'), .size_bytes = 8}),
        bad("length in eight bytes for two", {.code = opcode::binary, .size_bytes = 8, .announced = 65535}),
        {"continuation after the end", open_frame(opcode::text, "a") + last_frame("b") + last_frame("c"), {"text:ab", "failure:1002"}},
        {"text inside a message", open_frame(opcode::text, "a") + text_frame("b"), refused},
        {"binary inside a message", open_frame(opcode::text, "a") + open_frame(opcode::binary, "b"), refused},
        {"RSV1 on a continuation", open_frame(opcode::text, "a") + client_frame{.code = opcode::continuation, .rsv = 4}.bytes(), refused},
        {"a message before the violation", text_frame("a") + control_frame(opcode::ping, "p") + client_frame{.rsv = 2}.bytes() + text_frame("b"),
         {"text:a", "ping:p", "failure:1002"}},
        {"violation between fragments", open_frame(opcode::text, "a") + client_frame{.code = opcode::ping, .is_masked = false}.bytes(), refused},
        {"RSV goes before the mask, size after both", client_frame{.is_masked = false, .rsv = 2, .announced = 1 << 20}.bytes(), refused},
    };
    for (const unsigned code : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u})
        all.push_back(bad(numbered("opcode", code), {.code = static_cast<opcode>(code), .payload = "x"}));
    return all;
}

std::vector<sample> too_big()
{
    const std::string full(limit, 'm');
    const events big{"failure:1009"};
    return {
        {"one above the limit", text_frame(full + "x"), big},
        {"only the header of it", client_frame{.announced = limit + 1}.bytes(), big},
        {"sum of fragments", open_frame(opcode::text, full) + last_frame("x"), big},
        {"sum of fragments with a ping between", open_frame(opcode::binary, full) + control_frame(opcode::ping) + open_frame(opcode::continuation, "x"),
         {"ping:", "failure:1009"}},
        {"two-byte length", client_frame{.announced = 65535}.bytes(), big},
        {"eight-byte length", client_frame{.announced = 65536}.bytes(), big},
        {"the longest length", client_frame{.announced = (std::uint64_t{1} << 63) - 1}.bytes(), big},
        {"the forbidden bit of the length", client_frame{.announced = ~std::uint64_t{0}}.bytes(), big},
        {"sum that overflows", open_frame(opcode::text, "a") + client_frame{.code = opcode::continuation, .announced = ~std::uint64_t{0}}.bytes(), big},
    };
}

std::vector<sample> wrong_utf8()
{
    const events wrong{"failure:1007"};
    std::vector<sample> all{
        {"cut across fragments, then wrong", open_frame(opcode::text, "\xe2\x82") + last_frame("x"), wrong},
        {"incomplete at the end of the fragments", open_frame(opcode::text, "a") + last_frame("\xe2\x82"), wrong},
        {"wrong in a frame that is not complete", text_frame(std::string("\xff").append(40, 'x')).substr(0, 20), wrong},
        {"wrong before a ping", open_frame(opcode::text, "\xc0") + control_frame(opcode::ping), wrong},
        // RFC 6455 8.1 asks for a failure; Beast looks at the end of the text only if the last fragment has bytes.
        {"incomplete, ended by an empty fragment", open_frame(opcode::text, "\xe2\x82") + last_frame(""), wrong, {"text:\xe2\x82"}},
    };
    for (const std::string text : {"\xff", "\x80", "a\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "ok \xe2\x82\xac no \xe2\x28\xa1"})
        all.push_back({numbered("text", all.size()), text_frame(text), wrong});
    return all;
}

std::vector<sample> closes()
{
    const events refused{"failure:1002"};
    std::vector<sample> all{
        {"no code", control_frame(opcode::close), {"close:1005:"}},
        {"code and reason", control_frame(opcode::close, close_body(1000, "by\xc3\xa9")), {"close:1000:by\xc3\xa9"}},
        {"longest reason", control_frame(opcode::close, close_body(1001, std::string(123, 'r'))), {"close:1001:" + std::string(123, 'r')}},
        {"one byte", control_frame(opcode::close, "\x03"), refused},
        // 1002, not 1007: the reason is not a message (wire-protocol.md 1.6).
        {"reason is no UTF-8", control_frame(opcode::close, close_body(1000, "\xff")), refused},
        {"reason ends inside a character", control_frame(opcode::close, close_body(1000, "a\xe2\x82")), refused},
        {"nothing is read after it", control_frame(opcode::close, close_body(1000)) + text_frame("x"), {"close:1000:"}},
        {"inside a message", open_frame(opcode::text, "a") + control_frame(opcode::close, close_body(1000)), {"close:1000:"}},
        {"after a message", text_frame("a") + control_frame(opcode::close), {"text:a", "close:1005:"}},
    };
    for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u, 1013u, 3000u, 3999u, 4000u, 4999u})
        all.push_back({numbered("code", code), control_frame(opcode::close, close_body(code)), {"close:" + std::to_string(code) + ":"}});
    for (const unsigned code : {0u, 1u, 999u, 1004u, 1005u, 1006u, 1014u, 1015u, 1016u, 1100u, 2000u, 2999u})
        all.push_back({numbered("code", code), control_frame(opcode::close, close_body(code)), refused});
    // RFC 6455 7.4.2 ends at 4999, and so does Action Cable; Beast lets the rest pass.
    for (const unsigned code : {5000u, 65535u})
        all.push_back({numbered("code", code), control_frame(opcode::close, close_body(code)), refused, {"close:" + std::to_string(code) + ":"}});
    return all;
}

std::vector<sample> compressed()
{
    const std::string full(limit, 'c');
    const auto packed = deflated("hello hello hello");
    const auto euro = deflated("\xe2\x82\xac\xe2\x82\xac");
    return {
        {"compressed", compressed_frame(packed), {"text:hello hello hello"}},
        {"compressed binary", compressed_frame(deflated("\xff\xff"), opcode::binary), {"binary:\xff\xff"}},
        {"compressed and empty", compressed_frame(deflated("")), {"text:"}},
        {"compressed and plain by turns", compressed_frame(packed) + text_frame("plain") + compressed_frame(packed),
         {"text:hello hello hello", "text:plain", "text:hello hello hello"}},
        {"compressed in fragments",
         compressed_frame(packed.substr(0, 3), opcode::text, false) + control_frame(opcode::ping, "p") +
             open_frame(opcode::continuation, packed.substr(3, 2)) + last_frame(packed.substr(5)),
         {"ping:p", "text:hello hello hello"}},
        {"characters cut by compressed fragments", compressed_frame(euro.substr(0, 2), opcode::text, false) + last_frame(euro.substr(2)),
         {"text:\xe2\x82\xac\xe2\x82\xac"}},
        {"compressed to the limit", compressed_frame(deflated(full)), {"text:" + full}},
        {"RSV1 on a continuation of a compressed message",
         compressed_frame(packed.substr(0, 3), opcode::text, false) + compressed_frame(packed.substr(3), opcode::continuation), {"failure:1002"}},
        {"RSV1 on a ping", client_frame{.code = opcode::ping, .rsv = 4}.bytes(), {"failure:1002"}},
        {"RSV1 and RSV2", client_frame{.rsv = 6}.bytes(), {"failure:1002"}},
        {"inflates above the limit", compressed_frame(deflated(full + "c")), {"failure:1009"}},
        {"inflates far above the limit", compressed_frame(deflated(std::string(20000, 'c'))), {"failure:1009"}},
        {"compressed text is no UTF-8", compressed_frame(deflated("a\xff")), {"failure:1007"}},
        {"plain text is still checked", text_frame("\xff"), {"failure:1007"}},
        {"unmasked and compressed", client_frame{.payload = packed, .is_masked = false, .rsv = 4}.bytes(), {"failure:1002"}},
    };
}

void compare(const std::vector<sample>& samples, bool deflates)
{
    inflater inflate;
    frame_limits limits;
    limits.max_message_size = limit;
    limits.inflate = deflates ? &inflate : nullptr;
    for (const auto& sample : samples) {
        const std::string_view all = sample.bytes;
        std::vector<std::vector<std::string_view>> cuttings{one_by_one(all)};
        for (std::size_t cut = 0; cut <= all.size(); ++cut) cuttings.push_back({all.substr(0, cut), all.substr(cut)});
        for (std::size_t i = 0; i < cuttings.size(); ++i) {
            INFO(sample.name << ", cutting " << i);
            REQUIRE(events_of(cuttings[i], limits) == sample.expected);
            REQUIRE(beast_events_of(cuttings[i], limit, deflates) == (sample.beast.empty() ? sample.expected : sample.beast));
        }
    }
}

} // namespace

TEST_CASE("A18: messages are read as Beast reads them, at every cut", "[frame][beast]") { compare(messages(), false); }

TEST_CASE("A19: violations are refused with Beast's codes, at every cut", "[frame][beast]") { compare(violations(), false); }

TEST_CASE("A19: RSV1 without an agreed extension is refused as Beast refuses it", "[frame][beast]")
{
    compare({{"compressed", compressed_frame(deflated("x")), {"failure:1002"}}}, false);
}

TEST_CASE("A19: messages above the limit are refused with Beast's code, at every cut", "[frame][beast]") { compare(too_big(), false); }

TEST_CASE("A19: text that is no UTF-8 is refused with Beast's code, at every cut", "[frame][beast]") { compare(wrong_utf8(), false); }

TEST_CASE("A19: close frames are judged as Beast judges them, at every cut", "[frame][beast]") { compare(closes(), false); }

TEST_CASE("A18: with deflate agreed, plain and compressed messages are read as Beast reads them, at every cut", "[frame][beast]")
{
    compare(messages(), true);
    compare(compressed(), true);
}

TEST_CASE("A19: broken compressed data closes with 1007, where Beast just ends the connection", "[frame][beast]")
{
    inflater inflate;
    frame_limits limits;
    limits.max_message_size = limit;
    limits.inflate = &inflate;
    const auto bytes = compressed_frame("\xff\xff\xff");
    CHECK(events_of({bytes}, limits) == events{"failure:1007"});
    const auto beast = beast_events_of({bytes}, limit, true);
    REQUIRE(beast.size() == 1);
    CHECK(beast.front().starts_with("error: "));
}

TEST_CASE("A18: random sequences of good and bad frames are read as Beast reads them, cut at random", "[frame][beast]")
{
    std::vector<sample> pool;
    for (const auto& group : {messages(), messages(), messages(), violations(), too_big(), wrong_utf8(), closes(), compressed()})
        for (const auto& sample : group)
            if (sample.beast.empty() && sample.name.find("unfinished") == std::string::npos) pool.push_back(sample);
    std::mt19937 random(20240607);
    const auto below = [&](std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random); };

    inflater inflate;
    frame_limits limits;
    limits.max_message_size = limit;
    for (int round = 0; round < 1500; ++round) {
        std::string bytes;
        for (std::size_t i = 0; i < 4; ++i) bytes += pool[below(pool.size())].bytes;
        std::vector<std::string_view> pieces;
        for (std::string_view rest = bytes; !rest.empty();) {
            const auto size = std::min(rest.size(), 1 + below(30));
            pieces.push_back(rest.substr(0, size));
            rest.remove_prefix(size);
        }
        const bool deflates = round % 2 != 0;
        limits.inflate = deflates ? &inflate : nullptr;
        INFO("round " << round);
        REQUIRE(events_of(pieces, limits) == beast_events_of(pieces, limit, deflates));
    }
}
