// SPDX-License-Identifier: MIT
#include "protocol/frame_codec.hpp"

#include "protocol/deflate.hpp"
#include "protocol/utf8.hpp"
#include "unit/protocol/frame_events.hpp"

#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

using namespace coax;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

namespace {

/// A Beast client whose server's end takes raw bytes.
class beast_client {
public:
    explicit beast_client(bool deflates)
    {
        websocket::permessage_deflate option;
        option.client_enable = option.server_enable = deflates;
        option.server_no_context_takeover = option.client_no_context_takeover = true;
        client_.set_option(option);
        server_.set_option(option);
        client_.next_layer().connect(server_.next_layer());
        client_.async_handshake("localhost", "/", [&](auto error) { handshakes_ += !error; });
        server_.async_accept([&](auto error) { handshakes_ += !error; });
        context_.run();
        context_.restart();
        REQUIRE(handshakes_ == 2);
        client_.control_callback([&](auto kind, auto payload) {
            const char* name = kind == websocket::frame_type::ping ? "ping:" : kind == websocket::frame_type::pong ? "pong:" : "close:";
            controls_.push_back(name + std::string(payload.data(), payload.size()));
        });
    }

    /// The next message of `bytes`, as `text:…` or `binary:…`, or the error's name.
    std::string read(std::string_view bytes)
    {
        client_.next_layer().append({bytes.data(), bytes.size()});
        beast::flat_buffer buffer;
        std::string outcome = "nothing";
        client_.async_read(buffer, [&](auto error, std::size_t) {
            outcome = error ? error.message() : (client_.got_text() ? "text:" : "binary:") + beast::buffers_to_string(buffer.data());
        });
        context_.run_for(std::chrono::seconds(10));
        context_.restart();
        return outcome;
    }

    std::vector<std::string> controls_;
    unsigned close_code() const { return client_.reason().code; }

private:
    boost::asio::io_context context_;
    websocket::stream<beast::test::stream> client_{context_};
    websocket::stream<beast::test::stream> server_{context_};
    int handshakes_ = 0;
};

} // namespace

TEST_CASE("A18: a Beast client reads our frames of every length form", "[frame]")
{
    beast_client client(false);
    for (const std::size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 70000u}) {
        INFO(size);
        const std::string payload(size, 'p');
        CHECK(client.read(encode_frame(opcode::text, payload).view()) == "text:" + payload);
        CHECK(client.read(encode_frame(opcode::binary, payload).view()) == "binary:" + payload);
    }
}

TEST_CASE("the shortest length form is used", "[frame]")
{
    CHECK(encode_frame(opcode::text, std::string(125, 'a')).size() == 127);
    CHECK(encode_frame(opcode::text, std::string(126, 'a')).size() == 130);
    CHECK(encode_frame(opcode::text, std::string(65535, 'a')).size() == 65539);
    CHECK(encode_frame(opcode::text, std::string(65536, 'a')).size() == 65546);
}

TEST_CASE("a frame of pieces equals the frame of the whole", "[frame]")
{
    const std::string first(60000, 'a');
    const std::array<std::string_view, 4> pieces{first, "", "bc", first};
    const std::string whole = first + "bc" + first;
    CHECK(encode_frame(opcode::text, pieces).view() == encode_frame(opcode::text, whole).view());
    CHECK(encode_frame(opcode::text, pieces, true).view() == encode_frame(opcode::text, whole, true).view());
}

TEST_CASE("A18: a Beast client inflates our compressed frames, mixed with plain ones", "[frame]")
{
    beast_client client(true);
    deflater deflate;
    for (const auto& payload : std::vector<std::string>{"", "short", std::string(100000, 'q'), "again"}) {
        CHECK(client.read(encode_frame(opcode::text, deflate.compress(payload), true).view()) == "text:" + payload);
        CHECK(client.read(encode_frame(opcode::text, payload).view()) == "text:" + payload);
    }
}

TEST_CASE("A19: control frames and the close code reach a Beast client", "[frame]")
{
    beast_client client(false);
    const std::string both = std::string(encode_frame(opcode::ping, "hi").view()) + std::string(encode_frame(opcode::pong, "").view());
    CHECK(client.read(both + std::string(encode_frame(opcode::text, "x").view())) == "text:x");
    CHECK(client.controls_ == std::vector<std::string>{"ping:hi", "pong:"});
    client.read(encode_close(close_code::service_restart, "Server restart").view());
    CHECK(client.close_code() == 1012);
    CHECK(client.controls_.back() == "close:Server restart");
}

TEST_CASE("a close frame without a code has an empty body", "[frame]")
{
    CHECK(encode_close(close_code::none).view() == std::string_view("\x88\x00", 2));
    CHECK(encode_close(close_code::normal).view() == std::string_view("\x88\x02\x03\xe8", 4));
}

TEST_CASE("a close reason is cut to what fits, at a character", "[frame]")
{
    for (std::size_t prefix = 0; prefix < 8; ++prefix) {
        std::string reason(prefix, 'a');
        while (reason.size() < 200) reason += "\xf0\x9f\x98\x80";
        const auto frame = encode_close(close_code::normal, reason);
        const auto kept = frame.view().substr(4);
        INFO(prefix);
        CHECK(kept.size() > 119);
        CHECK(kept.size() <= 123);
        CHECK(is_valid_utf8(kept));
        CHECK(reason.starts_with(kept));
    }
    CHECK(encode_close(close_code::normal, std::string(123, 'a')).size() == 127);
    CHECK(encode_close(close_code::normal, std::string(123, '\x80')).size() <= 127);
}
