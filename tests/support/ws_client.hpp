// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// A WebSocket client of its own making: it shares no code with the server that it judges, and can break every rule.
namespace coax::testing {

/// Limit of every single wait of a client: far above what a loaded machine needs, so that reaching it is a failure.
inline constexpr std::chrono::seconds client_patience{30};

/// The server has ended the connection, by FIN or by reset.
class connection_ended : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct http_answer {
    unsigned status = 0;
    std::string head; ///< status line and headers
    std::string body;
};

/// An upgrade request; the defaults make an acceptable one.
struct ws_request {
    std::string path = "/cable";
    std::string protocol = "actioncable-v1-json"; ///< empty: no such header
    std::string version = "13";
    std::vector<std::pair<std::string, std::string>> headers{};

    /// As it goes over the wire.
    std::string text() const;
};

/// A frame as it came.
struct ws_frame {
    unsigned opcode = 0;
    bool is_compressed = false; ///< RSV1
    std::string payload;
};

namespace first_byte {
inline constexpr std::uint8_t text = 0x81, binary = 0x82, close = 0x88, ping = 0x89, pong = 0x8a;
inline constexpr std::uint8_t text_begin = 0x01, text_end = 0x80; ///< a text message in fragments
} // namespace first_byte

/// A frame with any first byte, right or wrong, and the shortest length.
std::string client_frame(std::uint8_t first, std::string_view payload, bool is_masked = true);

/// One blocking client. Every wait has a deadline of `client_patience` and throws std::runtime_error when it is reached, or
/// connection_ended when the server has gone.
///
/// Thread rule: one thread at a time.
class ws_client {
public:
    /// Connects to an address as the server writes it: `127.0.0.1:80`, `[::1]:80`, `unix:/path`. `receive_buffer` above 0 makes the
    /// kernel take little for a client that does not read.
    explicit ws_client(std::string_view address, int receive_buffer = 0);
    ~ws_client();
    ws_client(ws_client&& other) noexcept;
    ws_client& operator=(ws_client&& other) noexcept;

    void send_raw(std::string_view bytes);
    /// An answer with its body: by Content-Length, else until the end.
    http_answer read_answer();
    /// Sends the request and expects a 101 with the right key.
    void open(const ws_request& request = {});
    /// Expects the 101 of a request sent before. Returns its head.
    std::string expect_open();

    void send_text(std::string_view text) { send_raw(client_frame(first_byte::text, text)); }
    ws_frame next_frame();
    /// The next text message. A close frame in its place is a runtime_error.
    std::string next_text();
    /// Reads until the close frame and returns its code, 1005 if it has none. Texts on the way are put in `last_text`.
    unsigned close_code();
    const std::string& last_text() const noexcept { return last_text_; }
    /// Reads and drops until the server has ended the connection.
    void expect_end();

    /// Ends with a FIN.
    void close() noexcept;
    /// Ends with a RST.
    void reset() noexcept;

private:
    using time_point = std::chrono::steady_clock::time_point;
    void wait_for(short events, time_point limit);
    void fill(time_point limit);
    std::string take(std::size_t count, time_point limit);

    int descriptor_ = -1;
    std::string buffer_;
    std::size_t begin_ = 0; ///< of what is unread in buffer_
    std::string last_text_;
};

/// One GET on a connection of its own.
http_answer http_get(std::string_view address, std::string_view path);

} // namespace coax::testing
