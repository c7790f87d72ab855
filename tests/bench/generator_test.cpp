// SPDX-License-Identifier: MIT
// The generator against a scripted peer: what a server may do wrong must end the run with its reason, or be counted.
#include "support/catch.hpp"

#include "load/generator.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace coax::load;
using namespace std::string_view_literals;

namespace {

constexpr int peer_limit_ms = 10'000;

const std::string accepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: actioncable-v1-json\r\n\r\n";

std::string frame(std::string_view text, char first_byte = '\x81')
{
    std::string bytes{first_byte};
    if (text.size() < 126) {
        bytes += static_cast<char>(text.size());
    } else {
        bytes += '\x7e';
        bytes += static_cast<char>(text.size() >> 8);
        bytes += static_cast<char>(text.size());
    }
    return bytes.append(text);
}

const std::string welcome = frame(R"({"type":"welcome"})");
const std::string confirmation = frame(R"({"type":"confirm_subscription","identifier":"i"})");

std::string message(std::string_view text)
{
    return frame(R"({"identifier":"i","message":)" + std::string(text) + "}");
}

/// Serves one client: waits for some bytes, answers with the next step, and so on; after the last step it reads until the client is gone,
/// or hangs up at once.
class scripted_peer {
public:
    explicit scripted_peer(std::vector<std::string> steps, bool hangs_up = false)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), steps_(std::move(steps)), hangs_up_(hangs_up)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0 ||
            ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("the scripted peer cannot listen");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }

    ~scripted_peer()
    {
        ::shutdown(listener_, SHUT_RDWR); // wakes an accept that nobody will answer
        thread_.join();
        ::close(listener_);
    }

    endpoint address() const { return resolve_endpoint("ws://127.0.0.1:" + std::to_string(port_)); }

private:
    void serve()
    {
        const int client = ::accept(listener_, nullptr, nullptr);
        if (client < 0) return;
        bool goes_on = true;
        for (std::size_t step = 0; goes_on && step < steps_.size(); ++step)
            goes_on = read_some(client) && ::send(client, steps_[step].data(), steps_[step].size(), MSG_NOSIGNAL) >= 0;
        while (goes_on && !hangs_up_) goes_on = read_some(client);
        ::close(client);
    }

    static bool read_some(int client)
    {
        pollfd waiting{client, POLLIN, 0};
        std::array<char, 4096> chunk{};
        return ::poll(&waiting, 1, peer_limit_ms) == 1 && ::recv(client, chunk.data(), chunk.size(), 0) > 0;
    }

    int listener_;
    std::vector<std::string> steps_;
    bool hangs_up_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

/// What opening one client says, or nothing when it is confirmed.
std::string open_error(std::vector<std::string> steps, std::chrono::milliseconds limit = std::chrono::seconds(5), bool hangs_up = false)
{
    scripted_peer peer(std::move(steps), hangs_up);
    generator clients(peer.address(), limit);
    try {
        clients.open(1, "i", 1);
        return {};
    } catch (const load_error& error) {
        return error.what();
    }
}

/// Opens a client, publishes once, expects two messages, and gets `answer`.
delivery_report publish_once(const std::string& answer)
{
    scripted_peer peer({accepted + welcome, confirmation, answer});
    generator clients(peer.address(), std::chrono::milliseconds(300));
    clients.open(1, "i", 1);
    delivery_report report;
    clients.publish("{}", 1, 2, {"1", "2"}, report);
    return report;
}

} // namespace

TEST_CASE("a client is confirmed whether the server's messages come together or apart", "[load]")
{
    CHECK(open_error({accepted + welcome, confirmation}) == "");
    CHECK(open_error({accepted + frame(R"({"type":"ping","message":1})") + welcome + frame("", '\x89'), confirmation}) == "");
}

TEST_CASE("a client that is not let in ends the run with the reason", "[load]")
{
    CHECK_THAT(open_error({"HTTP/1.1 404 Not Found\r\n\r\n"}), Catch::Matchers::Contains("404 Not Found"));
    CHECK_THAT(open_error({"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n"}), Catch::Matchers::Contains("Accept is wrong"));
    CHECK_THAT(open_error({accepted + frame(R"({"type":"disconnect","reason":"unauthorized","reconnect":false})")}),
               Catch::Matchers::Contains("unauthorized"));
    CHECK_THAT(open_error({accepted + welcome, frame(R"({"type":"reject_subscription","identifier":"i"})")}),
               Catch::Matchers::Contains("rejected"));
    CHECK_THAT(open_error({accepted + welcome, frame("\x03\xf0too much", '\x88')}), Catch::Matchers::Contains("1008 too much"));
    CHECK_THAT(open_error({accepted + "\x81\x85mask12345"}), Catch::Matchers::Contains("masked"));
    CHECK_THAT(open_error({accepted + frame("hello")}), Catch::Matchers::Contains("not an Action Cable message"));
    CHECK_THAT(open_error({accepted}, std::chrono::seconds(5), true), Catch::Matchers::Contains("closed the connection"));
}

TEST_CASE("a server that does not answer ends the run at its limit", "[load]")
{
    CHECK_THAT(open_error({accepted + welcome}, std::chrono::milliseconds(100)), Catch::Matchers::Contains("0 of 1"));
}

TEST_CASE("deliveries are counted and checked on the wire", "[load]")
{
    const delivery_report good = publish_once(message("1") + message("2"));
    CHECK(good.deliveries == 2);
    CHECK(good.faults.sum() == 0);
    CHECK(good.latency.count() == 2);
    CHECK(publish_once(message("1")).faults.lost == 1);
    CHECK(publish_once(message("2") + message("1")).faults.misordered == 2);
    CHECK(publish_once(message("1") + message("3")).faults.damaged == 1);
    CHECK(publish_once(message("1") + message("2") + message("2")).faults.extra == 1);
}

TEST_CASE("a ping among the deliveries is counted apart", "[load]")
{
    scripted_peer peer({accepted + welcome, confirmation, message("1") + frame(R"({"type":"ping","message":1})") + message("2")});
    generator clients(peer.address(), std::chrono::seconds(5));
    clients.open(1, "i", 1);
    delivery_report report;
    clients.publish("{}", 1, 2, {"1", "2"}, report);
    CHECK(clients.pings() == 1);
    CHECK(report.deliveries == 2);
    CHECK(report.faults.sum() == 0);
}
