// SPDX-License-Identifier: MIT
#include "net/websocket.hpp"

#include "session/session.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace coax {

namespace {

// Pieces of one sendmsg; the session offers no more.
constexpr std::size_t max_pieces = 64;

} // namespace

/// What the pending wait for writability holds: the way back to the socket, as long as that lives.
struct websocket::write_wait {
    websocket* target;
};

std::size_t send_some(int socket, std::span<const std::string_view> pieces, error_code& error) noexcept
{
    ssize_t sent = -1;
    do {
        if (pieces.size() == 1) {
            sent = ::send(socket, pieces[0].data(), pieces[0].size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        } else {
            std::array<iovec, max_pieces> vectors;
            const auto count = std::min(pieces.size(), max_pieces);
            for (std::size_t i = 0; i < count; ++i) vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
            msghdr message{};
            message.msg_iov = vectors.data();
            message.msg_iovlen = count;
            sent = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        }
    } while (sent < 0 && errno == EINTR);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return 0;
    error.assign(errno, boost::system::system_category());
    return 0;
}

websocket::websocket(stream_socket socket, std::string unread, frame_limits limits)
    : socket_(std::move(socket)), limits_(limits), unread_(std::move(unread))
{
}

websocket::~websocket()
{
    if (write_wait_) write_wait_->target = nullptr;
}

bool websocket::receive(session& who, std::span<char> scratch, std::size_t& received)
{
    const auto count = ::recv(socket_.native_handle(), scratch.data(), scratch.size(), MSG_DONTWAIT);
    if (count == 0) return false;
    if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    received += static_cast<std::size_t>(count);
    hand_over(who, scratch.first(static_cast<std::size_t>(count)));
    return true;
}

void websocket::hand_over_unread(session& who)
{
    auto bytes = std::exchange(unread_, {});
    hand_over(who, bytes);
}

void websocket::hand_over(session& who, std::span<char> bytes)
{
    while (!who.is_discarding() && !who.is_reading_over()) {
        if (!who.wants_reading()) {
            unread_.assign(bytes.data(), bytes.size());
            return;
        }
        const auto event = decoder_.next(bytes, limits_);
        switch (event.what) {
        case frame_event::kind::none: return;
        case frame_event::kind::text: who.on_text(event.payload); break;
        case frame_event::kind::binary: who.on_binary(); break;
        case frame_event::kind::ping: who.on_ping(event.payload); break;
        case frame_event::kind::pong: break;
        case frame_event::kind::close: who.on_peer_close(event.code, event.payload); break;
        case frame_event::kind::failure: who.on_violation(event.code, event.payload); break;
        }
    }
}

std::size_t websocket::send(std::span<const std::string_view> pieces, error_code& error) noexcept
{
    return send_some(socket_.native_handle(), pieces, error);
}

void websocket::wait_writable()
{
    write_wait_ = std::make_shared<write_wait>(write_wait{this});
    socket_.async_wait(stream_socket::wait_write, [wait = write_wait_](error_code) {
        if (!wait->target) return;
        auto& self = *wait->target;
        self.write_wait_.reset();
        self.who_->on_writable(); // an error shows in the next send
    });
}

void websocket::resume_reading()
{
    is_resumed_ = true;
    if (!resumed_) return;
    auto resume = std::exchange(resumed_, nullptr);
    asio::post(socket_.get_executor(), std::move(resume));
}

void websocket::shut_down_sending() noexcept
{
    ::shutdown(socket_.native_handle(), SHUT_WR);
}

void websocket::abort() noexcept
{
    // No lingering: a peer that does not read must not keep our memory in the kernel.
    const linger at_once{1, 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::shutdown(socket_.native_handle(), SHUT_RDWR); // wakes the reader
    resume_reading();
}

} // namespace coax
