// SPDX-License-Identifier: MIT
#include "unit/protocol/beast_peer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <stdexcept>

namespace coax::test {

namespace {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

beast::string_view as_beast(std::string_view text) { return {text.data(), text.size()}; }

class beast_peer {
public:
    beast_peer(std::size_t max_message_size, bool deflates)
    {
        websocket::permessage_deflate option;
        option.server_enable = deflates;
        option.server_no_context_takeover = option.client_no_context_takeover = true;
        server_.set_option(option);
        server_.read_message_max(max_message_size);
        server_.control_callback([this](auto kind, auto payload) { on_control(kind, std::string(payload.data(), payload.size())); });
        server_.next_layer().connect(client_);
        server_.next_layer().append(as_beast(request));
        server_.next_layer().append(deflates ? "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n" : "\r\n");
        server_.async_accept([this](auto error) {
            if (error) throw std::runtime_error("handshake: " + error.message());
            read();
        });
        run();
    }

    void feed(std::string_view piece)
    {
        if (is_over_) return;
        boost::asio::write(client_, boost::asio::buffer(piece));
        run();
    }

    std::vector<std::string> events;

private:
    void run()
    {
        context_.poll();
        context_.restart();
    }

    void on_control(websocket::frame_type kind, const std::string& payload)
    {
        if (kind == websocket::frame_type::ping) events.push_back("ping:" + payload);
        if (kind == websocket::frame_type::pong) events.push_back("pong:" + payload);
    }

    void read()
    {
        server_.async_read(buffer_, [this](auto error, std::size_t) {
            if (error) return end(error);
            events.push_back((server_.got_text() ? "text:" : "binary:") + beast::buffers_to_string(buffer_.data()));
            buffer_.clear();
            read();
        });
    }

    void end(beast::error_code error)
    {
        is_over_ = true;
        const auto& reason = server_.reason();
        if (error == websocket::error::closed) {
            const unsigned code = reason.code == websocket::close_code::none ? 1005 : static_cast<unsigned>(reason.code);
            events.push_back("close:" + std::to_string(code) + ":" + std::string(reason.reason.data(), reason.reason.size()));
        } else if (const auto code = sent_close_code()) {
            events.push_back("failure:" + std::to_string(code));
        } else {
            events.push_back("error: " + error.message());
        }
    }

    /// Of the last frame that the server wrote, if that is a close frame; its frames are short here.
    unsigned sent_close_code() const
    {
        const auto written = client_.str();
        std::string_view rest(written.data(), written.size());
        rest.remove_prefix(rest.find("\r\n\r\n") + 4);
        while (rest.size() >= 2) {
            const auto size = static_cast<unsigned char>(rest[1]);
            if (rest[0] == '\x88' && size >= 2) return static_cast<unsigned char>(rest[2]) * 256u + static_cast<unsigned char>(rest[3]);
            rest.remove_prefix(2u + size);
        }
        return 0;
    }

    boost::asio::io_context context_;
    beast::test::stream client_{context_};
    websocket::stream<beast::test::stream> server_{context_};
    beast::flat_buffer buffer_;
    bool is_over_ = false;
};

} // namespace

std::vector<std::string> beast_events_of(const std::vector<std::string_view>& pieces, std::size_t max_message_size, bool deflates)
{
    beast_peer peer(max_message_size, deflates);
    for (const auto piece : pieces) peer.feed(piece);
    return peer.events;
}

} // namespace coax::test
