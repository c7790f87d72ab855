// SPDX-License-Identifier: MIT
#include "support/ws_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace coax::testing {

namespace {

using clock = std::chrono::steady_clock;

// The example of RFC 6455 1.3: a key whose answer is known without computing a digest.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view key_answer = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

[[noreturn]] void fail(const std::string& doing)
{
    throw std::runtime_error(doing + ": " + std::strerror(errno));
}

struct socket_address {
    sockaddr_storage storage{};
    socklen_t length = 0;

    template <class Address>
    void set(const Address& address)
    {
        std::memcpy(&storage, &address, sizeof address);
        length = sizeof address;
    }
};

socket_address parse(std::string_view text)
{
    socket_address out;
    if (text.starts_with("unix:")) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        text.remove_prefix(5);
        std::copy_n(text.begin(), std::min(text.size(), sizeof address.sun_path - 1), address.sun_path);
        out.set(address);
        return out;
    }
    const auto colon = text.rfind(':');
    const auto port = static_cast<std::uint16_t>(std::stoi(std::string(text.substr(colon + 1))));
    if (text.starts_with('[')) {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        if (::inet_pton(AF_INET6, std::string(text.substr(1, colon - 2)).c_str(), &address.sin6_addr) != 1) fail("bad address");
        out.set(address);
        return out;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    if (::inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &address.sin_addr) != 1) fail("bad address");
    out.set(address);
    return out;
}

std::size_t content_length(const std::string& head)
{
    static constexpr std::string_view name = "Content-Length: ";
    const auto found = head.find(name);
    return found == std::string::npos ? std::string::npos : static_cast<std::size_t>(std::stoul(head.substr(found + name.size())));
}

} // namespace

std::string ws_request::text() const
{
    std::string out = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n";
    out += "Sec-WebSocket-Version: " + version + "\r\nSec-WebSocket-Key: ";
    out.append(key).append("\r\n");
    if (!protocol.empty()) out += "Sec-WebSocket-Protocol: " + protocol + "\r\n";
    for (const auto& [name, value] : headers) out += name + ": " + value + "\r\n";
    return out += "\r\n";
}

std::string client_frame(std::uint8_t first, std::string_view payload, bool is_masked)
{
    static constexpr std::array<unsigned char, 4> mask{0x5a, 0xc3, 0x17, 0x99};
    std::string out(1, static_cast<char>(first));
    const unsigned masked = is_masked ? 0x80 : 0;
    const auto size = payload.size();
    const auto length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
    out += static_cast<char>(masked | (length_bytes == 0 ? size : length_bytes == 2 ? 126u : 127u));
    for (int i = length_bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i));
    if (!is_masked) return out.append(payload);
    out.append(reinterpret_cast<const char*>(mask.data()), mask.size());
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ mask[i % 4]);
    return out;
}

ws_client::ws_client(std::string_view address, int receive_buffer)
{
    const auto where = parse(address);
    descriptor_ = ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor_ < 0) fail("socket");
    const int on = 1;
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // fails on a unix socket, which needs none
    if (receive_buffer > 0) ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&where.storage), where.length) == 0) return;
    int error = errno;
    if (error == EINPROGRESS) {
        wait_for(POLLOUT, clock::now() + client_patience);
        socklen_t length = sizeof error;
        ::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error == 0) return;
    }
    close();
    errno = error;
    fail("connect to " + std::string(address));
}

ws_client::~ws_client()
{
    close();
}

ws_client::ws_client(ws_client&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)), begin_(std::exchange(other.begin_, 0)),
      last_text_(std::move(other.last_text_))
{
}

ws_client& ws_client::operator=(ws_client&& other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    std::swap(buffer_, other.buffer_);
    std::swap(begin_, other.begin_);
    std::swap(last_text_, other.last_text_);
    return *this;
}

void ws_client::wait_for(short events, time_point limit)
{
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - clock::now()).count();
        if (left <= 0) throw std::runtime_error("a client waited in vain");
        pollfd entry{descriptor_, events, 0};
        const int got = ::poll(&entry, 1, static_cast<int>(left));
        if (got > 0) return;
        if (got < 0 && errno != EINTR) fail("poll");
    }
}

void ws_client::send_raw(std::string_view bytes)
{
    const auto limit = clock::now() + client_patience;
    while (!bytes.empty()) {
        const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            wait_for(POLLOUT, limit);
        } else if (errno != EINTR) {
            throw connection_ended(std::string("send: ") + std::strerror(errno));
        }
    }
}

void ws_client::fill(time_point limit)
{
    if (begin_ > 0 && begin_ * 2 >= buffer_.size()) {
        buffer_.erase(0, begin_);
        begin_ = 0;
    }
    std::array<char, 16 * 1024> chunk;
    for (;;) {
        const auto got = ::recv(descriptor_, chunk.data(), chunk.size(), 0);
        if (got > 0) {
            buffer_.append(chunk.data(), static_cast<std::size_t>(got));
            return;
        }
        if (got == 0) throw connection_ended("the server closed the connection");
        if (errno == EAGAIN) {
            wait_for(POLLIN, limit);
        } else if (errno != EINTR) {
            throw connection_ended(std::string("recv: ") + std::strerror(errno));
        }
    }
}

std::string ws_client::take(std::size_t count, time_point limit)
{
    while (buffer_.size() - begin_ < count) fill(limit);
    auto out = buffer_.substr(begin_, count);
    begin_ += count;
    return out;
}

http_answer ws_client::read_answer()
{
    const auto limit = clock::now() + client_patience;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n", begin_)) == std::string::npos) fill(limit);
    http_answer out;
    out.head = take(end + 4 - begin_, limit);
    out.status = static_cast<unsigned>(std::stoul(out.head.substr(out.head.find(' ') + 1)));
    if (out.status == 101) return out;
    const auto length = content_length(out.head);
    if (length != std::string::npos) {
        out.body = take(length, limit);
        return out;
    }
    try {
        for (;;) fill(limit);
    } catch (const connection_ended&) {
        out.body = buffer_.substr(begin_);
    }
    return out;
}

std::string ws_client::expect_open()
{
    const auto answer = read_answer();
    if (answer.status != 101 || answer.head.find(key_answer) == std::string::npos)
        throw std::runtime_error("no upgrade: " + answer.head + answer.body);
    return answer.head;
}

void ws_client::open(const ws_request& request)
{
    send_raw(request.text());
    expect_open();
}

ws_frame ws_client::next_frame()
{
    const auto limit = clock::now() + client_patience;
    const auto head = take(2, limit);
    const auto first = static_cast<unsigned char>(head[0]);
    const auto second = static_cast<unsigned char>(head[1]);
    if ((second & 0x80) != 0 || (first & 0x80) == 0 || (first & 0x30) != 0) throw std::runtime_error("a frame that no server may send");
    std::size_t size = second;
    if (second >= 126) {
        size = 0;
        for (const auto byte : take(second == 126 ? 2 : 8, limit)) size = size << 8 | static_cast<unsigned char>(byte);
    }
    return {first & 0x0fu, (first & 0x40) != 0, take(size, limit)};
}

std::string ws_client::next_text()
{
    auto frame = next_frame();
    if (frame.opcode != 1) throw std::runtime_error("instead of a text came opcode " + std::to_string(frame.opcode));
    return std::move(frame.payload);
}

unsigned ws_client::close_code()
{
    for (;;) {
        auto frame = next_frame();
        if (frame.opcode == 1) last_text_ = std::move(frame.payload);
        if (frame.opcode != 8) continue;
        if (frame.payload.size() < 2) return 1005;
        return static_cast<unsigned>(static_cast<unsigned char>(frame.payload[0]) << 8 | static_cast<unsigned char>(frame.payload[1]));
    }
}

void ws_client::expect_end()
{
    const auto limit = clock::now() + client_patience;
    try {
        for (;;) {
            fill(limit);
            begin_ = buffer_.size();
        }
    } catch (const connection_ended&) {
    }
}

void ws_client::close() noexcept
{
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void ws_client::reset() noexcept
{
    const linger at_once{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

http_answer http_get(std::string_view address, std::string_view path)
{
    ws_client client(address);
    client.send_raw("GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client.read_answer();
}

} // namespace coax::testing
