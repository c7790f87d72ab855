// SPDX-License-Identifier: MIT
// Subscriptions, hooks and order, seen by clients.
#include "integration/stage.hpp"
#include "support/catch.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace coax::testing;

namespace {

/// Ends a thread of a test whatever the test does.
class joined_thread {
public:
    template <class Work>
    explicit joined_thread(Work work) : thread_(std::move(work))
    {
    }
    ~joined_thread() { join(); }
    void join()
    {
        if (thread_.joinable()) thread_.join();
    }

private:
    std::thread thread_;
};

} // namespace

TEST_CASE("R5: a message sent in the instant of the confirmation finds its subscription, every time", "[session]")
{
    const stage all;
    auto client = all.join();
    const int rounds = scaled(10'000);
    int found = 0;
    for (int i = 0; i < rounds; ++i) {
        const auto identifier = test_identifier("instant " + std::to_string(i));
        subscribe(client, identifier);
        client.send_text(command("message", identifier, R"({"action":"echo","text":)" + std::to_string(i) + "}"));
        if (next_message(client) == R"({"echo":)" + std::to_string(i) + "}") ++found;
        client.send_text(command("unsubscribe", identifier));
    }
    CHECK(found == rounds);
}

TEST_CASE("R5: a message in the packet of its subscribe waits for the confirmation and is performed", "[session]")
{
    const stage all;
    auto client = all.join();
    const auto identifier = test_identifier("at once");
    client.send_raw(client_frame(first_byte::text, command("subscribe", identifier)) +
                    client_frame(first_byte::text, command("message", identifier, R"({"action":"echo","text":1})")));
    CHECK(client.next_text().find("confirm_subscription") != std::string::npos);
    CHECK(next_message(client) == R"({"echo":1})");
}

TEST_CASE("K13: of broadcasts in the instant of a confirmation none comes before it and none after it is lost", "[session]")
{
    const stage all;
    auto client = all.join();
    const int rounds = scaled(10'000);
    std::atomic<int> round{0}, published{0};
    // Publishes three messages at the very time at which the main thread subscribes.
    joined_thread publisher([&] {
        for (int seen = 0; seen < rounds;) {
            round.wait(seen);
            seen = round.load();
            if (seen < 0) return;
            for (int i = 0; i < 3; ++i) all.publish("moment " + std::to_string(seen), i);
            published = seen;
            published.notify_all();
        }
    });
    struct stop_publisher {
        std::atomic<int>& round;
        ~stop_publisher()
        {
            round = -1;
            round.notify_all();
        }
    };
    int good = 0;
    std::string wrong;
    {
        stop_publisher at_end{round};
        for (int i = 1; i <= rounds; ++i) {
            const auto stream = "moment " + std::to_string(i);
            const boost::json::object id{{"channel", "Test"}, {"stream", stream}, {"announce", true}};
            const auto identifier = boost::json::serialize(id);
            const auto own = R"({"own":")" + stream + R"("})";
            round = i;
            round.notify_all();
            subscribe(client, identifier); // throws if a broadcast comes first
            published.wait(i - 1); // so that "last" is the last
            all.publish(stream, "last");
            // Its own announcement came after the acknowledgement, "last" after the confirmation: both must be there, in this order,
            // and of the publisher's three those after the first one seen.
            bool has_own = false, in_order = true;
            int expected = -1;
            for (;;) {
                const auto message = next_message(client);
                if (message == R"("last")") break;
                if (message == own) {
                    in_order = in_order && !has_own;
                    has_own = true;
                    continue;
                }
                const int number = std::stoi(message);
                in_order = in_order && (expected < 0 || number == expected);
                expected = number + 1;
            }
            if (has_own && in_order) {
                ++good;
            } else {
                wrong = stream + (has_own ? ": out of order" : ": its own announcement is missing");
            }
            client.send_text(command("unsubscribe", identifier));
        }
    }
    INFO(wrong);
    CHECK(good == rounds);
}

TEST_CASE("F#8/E5/N3: four publishers, each with a stream, keep their order at twenty subscribers", "[session]")
{
    const stage all;
    constexpr int publishers = 4, subscribers = 20;
    const int each_sends = scaled(2000) / publishers;
    std::vector<ws_client> clients;
    for (int i = 0; i < subscribers; ++i) {
        clients.push_back(all.join());
        for (int from = 0; from < publishers; ++from) subscribe(clients.back(), test_identifier("from " + std::to_string(from)));
    }
    std::vector<std::thread> threads;
    for (int from = 0; from < publishers; ++from)
        threads.emplace_back([&, from] {
            for (int i = 0; i < each_sends; ++i) all.publish("from " + std::to_string(from), from * 100'000 + i);
        });
    for (auto& thread : threads) thread.join();
    for (auto& client : clients) {
        std::vector<int> next(publishers, 0);
        int in_order = 0;
        for (int i = 0; i < publishers * each_sends; ++i) {
            const int number = std::stoi(next_message(client));
            if (number % 100'000 == next.at(static_cast<std::size_t>(number / 100'000))++) ++in_order;
        }
        CHECK(in_order == publishers * each_sends);
    }
}

TEST_CASE("A16: every hook runs for a client that goes without a close frame", "[session]")
{
    stage all;
    for (const bool by_reset : {false, true}) {
        auto client = all.join();
        subscribe(client, test_identifier("a"));
        subscribe(client, test_identifier("b"));
        by_reset ? client.reset() : client.close();
    }
    CHECK(eventually([&] { return all.hooks.disconnects == 2; }));
    CHECK(all.hooks.unsubscribes == 4);
    CHECK(eventually([&] { return all.is_empty(); }));
}

TEST_CASE("F#17/P12/invariant 7: stop runs every unsubscribed and disconnect, and tells each client why", "[session]")
{
    stage all;
    const auto address = all.address();
    constexpr int count = 50;
    std::vector<ws_client> clients;
    for (int i = 0; i < count; ++i) {
        clients.push_back(all.join());
        subscribe(clients.back(), test_identifier("common"));
    }
    all.publish("common", "the last before the stop");
    std::thread stopping([&] { all.host.stop(); });
    int told = 0, closed = 0, got_last = 0;
    std::exception_ptr failed;
    try {
        for (auto& client : clients) {
            if (next_message(client) == R"("the last before the stop")") ++got_last;
            if (client.close_code() == 1001) ++closed;
            if (client.last_text() == R"({"type":"disconnect","reason":"server_restart","reconnect":true})") ++told;
            client.send_raw(client_frame(first_byte::close, "\x03\xe9"));
            client.expect_end();
        }
    } catch (...) {
        failed = std::current_exception();
    }
    stopping.join();
    if (failed) std::rethrow_exception(failed);
    CHECK(got_last == count);
    CHECK(told == count);
    CHECK(closed == count);
    CHECK(all.hooks.unsubscribes == count);
    CHECK(all.hooks.disconnects == count);
    CHECK(all.host.metrics().value("sessions") == 0);
    CHECK(all.host.metrics().value("subscriptions") == 0);
    CHECK_THROWS_AS(ws_client(address), std::runtime_error); // nobody listens there any more
}

TEST_CASE("F#17: clients that never answer the close frame do not stop the stop, and their hooks run", "[session]")
{
    auto settings = quiet_config();
    settings.session.close_timeout = std::chrono::milliseconds(200);
    stage all(settings);
    std::vector<ws_client> clients;
    for (int i = 0; i < 10; ++i) {
        clients.push_back(all.join());
        subscribe(clients.back(), test_identifier("deaf"));
    }
    all.host.stop();
    CHECK(all.hooks.unsubscribes == 10);
    CHECK(all.hooks.disconnects == 10);
    for (auto& client : clients) CHECK(client.close_code() == 1001);
}

TEST_CASE("A second stop hurries the first: no stage is waited for, but the hooks run", "[session]")
{
    auto settings = quiet_config();
    settings.shutdown.delay = std::chrono::seconds(60);
    settings.shutdown.grace = std::chrono::seconds(120);
    settings.session.close_timeout = std::chrono::seconds(100);
    settings.handshake.timeout = std::chrono::seconds(100);
    stage all(settings);
    auto client = all.join();
    subscribe(client, test_identifier("stuck"));
    ws_client half(all.address());
    half.send_raw("GET /cable HTTP/1.1\r\n");
    const auto began = std::chrono::steady_clock::now();
    std::thread first([&] { all.host.stop(); });
    // The first stop has begun when the health check says so; during shutdown.delay everything else goes on.
    const bool has_begun = eventually([&] { return http_get(all.address(), "/health").status == 503; });
    all.publish("stuck", "still here");
    all.host.stop();
    first.join();
    CHECK(has_begun);
    CHECK(next_message(client) == R"("still here")");
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(30));
    CHECK(all.hooks.unsubscribes == 1);
    CHECK(all.hooks.disconnects == 1);
    client.expect_end();
    half.expect_end();
}

TEST_CASE("P11: with shutdown.spread clients are told one after the other, and all are", "[session]")
{
    auto settings = quiet_config();
    settings.shutdown.spread = std::chrono::milliseconds(500);
    stage all(settings);
    std::vector<ws_client> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(all.join());
    const auto began = std::chrono::steady_clock::now();
    std::atomic<int> told{0};
    joined_thread stopping([&] { all.host.stop(); });
    std::vector<std::unique_ptr<joined_thread>> readers;
    std::vector<std::chrono::steady_clock::time_point> when(clients.size());
    for (std::size_t i = 0; i < clients.size(); ++i)
        readers.push_back(std::make_unique<joined_thread>([&, i] {
            try {
                if (clients[i].close_code() == 1001) ++told;
                when[i] = std::chrono::steady_clock::now();
                clients[i].close();
            } catch (const std::exception&) { // is missing in `told`
            }
        }));
    for (auto& reader : readers) reader->join();
    stopping.join();
    CHECK(told == 20);
    CHECK(all.hooks.disconnects == 20);
    std::sort(when.begin(), when.end());
    CHECK(when.back() - when.front() >= std::chrono::milliseconds(200));
    CHECK(when.back() - began < std::chrono::seconds(10));
}

TEST_CASE("Half a handshake does not hold up the stop", "[session]")
{
    auto settings = quiet_config();
    settings.handshake.timeout = std::chrono::seconds(100);
    settings.shutdown.grace = std::chrono::seconds(100);
    stage all(settings);
    ws_client half(all.address());
    half.send_raw("GET /cable HTTP/1.1\r\n");
    REQUIRE(http_get(all.address(), "/health").status == 200); // accepted after the half, since the queue has an order
    const auto began = std::chrono::steady_clock::now();
    all.host.stop();
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(30));
    half.expect_end();
}

TEST_CASE("F#12: a peer that acknowledges nothing for write_timeout is gone, however little waits for it", "[session]")
{
    auto settings = quiet_config();
    settings.session.write_timeout = std::chrono::milliseconds(500);
    settings.session.max_pending_bytes = 512 * 1024 * 1024; // never too slow
    stage all(settings);
    auto deaf = all.join({}, 16 * 1024);
    subscribe(deaf, test_identifier("flood"));
    const std::string payload = "\"" + std::string(1'000'000, 'f') + "\"";
    for (int i = 0; i < 16; ++i) all.host.cable().broadcast_raw("flood", payload); // more than the kernel's buffers hold
    CHECK(eventually([&] { return all.is_empty() && all.hooks.disconnects == 1; }));
    CHECK(all.host.metrics().value("slow_disconnects_total") == 0);
}

namespace {

/// Streams `what`, and says nothing itself.
class quiet_channel final : public coax::channel {
public:
    static void describe(coax::channel_spec<quiet_channel>& spec) { spec.name("QuietRoomChannel"); }
    coax::task<> subscribed() override { co_await stream_for(params().at("what").as_int64()); }
};

} // namespace

TEST_CASE("broadcast_to reaches the listeners of a channel class from any thread", "[session]")
{
    stage all(quiet_config(), [](coax::server& host) { host.add_channel<quiet_channel>(); });
    auto client = all.join();
    subscribe(client, R"({"channel":"QuietRoomChannel","what":42})");
    std::thread([&] { coax::broadcast_to<quiet_channel>(all.host.cable(), 42, {{"n", 1}}); }).join();
    CHECK(next_message(client) == R"({"n":1})");
    CHECK(coax::broadcasting_for<quiet_channel>({"a", 7}) == "quiet_room:a:7");
}
