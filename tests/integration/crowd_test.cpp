// SPDX-License-Identifier: MIT
// Many clients at once, some of them bad: the others must not notice, and nothing may be left of anyone.
#include "integration/stage.hpp"
#include "support/catch.hpp"

#include <boost/json.hpp>

#include <atomic>
#include <exception>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace coax::testing;

namespace {

std::size_t thread_count()
{
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

/// Runs `work` beside the test; what it throws comes out of `join`.
class helper_thread {
public:
    template <class Work>
    explicit helper_thread(Work work)
        : thread_([this, work] {
              try {
                  work();
              } catch (...) {
                  failed_ = std::current_exception();
              }
          })
    {
    }
    ~helper_thread()
    {
        if (thread_.joinable()) thread_.join();
    }
    void join()
    {
        thread_.join();
        if (failed_) std::rethrow_exception(failed_);
    }

private:
    std::exception_ptr failed_;
    std::thread thread_;
};

/// How many of the next `count` broadcasts were `first`, `first + 1`, … with `tail` behind the number, byte for byte.
int intact(ws_client& client, int count, std::string_view identifier, const std::string& tail)
{
    const boost::json::string name(identifier);
    const auto begin = R"({"identifier":)" + boost::json::serialize(name) + R"(,"message":)";
    int good = 0;
    for (int i = 0; i < count; ++i)
        if (client.next_text() == begin + "\"" + std::to_string(i) + tail + "\"}") ++good;
    return good;
}

} // namespace

TEST_CASE("F#7/E9/A14: 300 sockets closed right after the 101 leave nothing", "[crowd]")
{
    stage all;
    const auto request = ws_request().text();
    for (int i = 0; i < 300; ++i) {
        ws_client client(all.address());
        client.send_raw(request);
        if (i % 3 != 0) client.expect_open(); // a third does not even wait for it
        i % 2 == 0 ? client.reset() : client.close();
    }
    CHECK(eventually([&] { return all.is_empty(); }));
    CHECK(all.hooks.connects == all.hooks.disconnects);
    CHECK(all.hooks.connects >= 200);
    auto client = all.join();
    subscribe(client, test_identifier("still there"));
}

TEST_CASE("F#8/E6: clients that go in every way during broadcasts do not disturb those that stay", "[crowd]")
{
    stage all;
    constexpr int stable = 15, leaving = 60;
    const int broadcasts = scaled(1500);
    const auto identifier = test_identifier("news");
    const std::string tail = " " + std::string(200, 'n');
    std::vector<ws_client> staying, going;
    for (int i = 0; i < stable; ++i) {
        staying.push_back(all.join());
        subscribe(staying.back(), identifier);
    }
    for (int i = 0; i < leaving; ++i) {
        going.push_back(all.join());
        subscribe(going.back(), identifier);
    }
    std::atomic<int> published{0};
    helper_thread publisher([&] {
        for (int i = 0; i < broadcasts; ++i) {
            all.host.cable().broadcast_raw("news", "\"" + std::to_string(i) + tail + "\"");
            published = i + 1;
        }
    });
    for (int i = 0; i < leaving; ++i) {
        // Spread over the broadcasts.
        eventually([&] { return published * leaving >= i * broadcasts; });
        auto& client = going[static_cast<std::size_t>(i)];
        try {
            switch (i % 4) {
            case 0: client.reset(); break;
            case 1: client.close(); break;
            case 2: client.send_raw(client_frame(first_byte::close, "\x03\xe8")); break;
            default: client.send_raw(client_frame(first_byte::text, "unmasked", false)); break;
            }
        } catch (const connection_ended&) {
        }
    }
    publisher.join();
    for (auto& client : staying) CHECK(intact(client, broadcasts, identifier, tail) == broadcasts);
    for (auto& client : going) client.close();
    CHECK(eventually([&] { return all.host.session_count() == stable && all.health("subscriptions") == stable; }));
    CHECK(all.health("streams") == 1);
    for (auto& client : staying) client.close();
    CHECK(eventually([&] { return all.is_empty(); }));
    CHECK(all.hooks.subscribes == all.hooks.unsubscribes);
    CHECK(all.hooks.disconnects == stable + leaving);
}

TEST_CASE("F#11/A20/N1: a client that stops reading is closed as too slow; the others get every byte", "[crowd]")
{
    stage all;
    constexpr int readers = 4;
    constexpr std::size_t message_size = 10'000;
    const int count = static_cast<int>(20'000'000 / message_size); // 20 MB
    const auto identifier = test_identifier("flood");
    const std::string tail = " " + std::string(message_size, 'f');
    ws_request request;
    auto deaf = all.join(request, 16 * 1024);
    subscribe(deaf, identifier);
    std::vector<ws_client> clients;
    for (int i = 0; i < readers; ++i) {
        clients.push_back(all.join());
        subscribe(clients.back(), identifier);
    }
    std::atomic<int> slowest{0};
    std::vector<std::atomic<int>> seen(readers);
    std::atomic<int> good{0};
    const boost::json::string name(identifier);
    const auto begin = R"({"identifier":)" + boost::json::serialize(name) + R"(,"message":")";
    std::vector<std::unique_ptr<helper_thread>> threads;
    for (std::size_t i = 0; i < readers; ++i)
        threads.push_back(std::make_unique<helper_thread>([&, i] {
            for (int k = 0; k < count; ++k) {
                if (clients[i].next_text() == begin + std::to_string(k) + tail + "\"}") ++good;
                seen[i] = k + 1;
            }
        }));
    // Never more than half the bound ahead of the readers, which must not become slow themselves.
    bool keeps_up = true;
    for (int k = 0; k < count && keeps_up; ++k) {
        if (k % 10 == 0)
            keeps_up = eventually([&] {
                for (auto& each : seen)
                    if (k - each > 50) return false;
                return true;
            });
        all.host.cable().broadcast_raw("flood", "\"" + std::to_string(k) + tail + "\"");
    }
    for (auto& thread : threads) thread->join();
    CHECK(keeps_up);
    CHECK(good == readers * count);
    CHECK(all.host.metrics().value("slow_disconnects_total") == 1);
    // It finds the reason at the end of what it had been sent, if it reads at last.
    CHECK(deaf.close_code() == 1000);
    CHECK(deaf.last_text() == R"({"type":"disconnect","reason":"too_slow","reconnect":true})");
    deaf.close();
    CHECK(eventually([&] { return all.host.session_count() == readers && all.host.metrics().value("pending_bytes") == 0; }));
    for (auto& client : clients) client.close();
    CHECK(eventually([&] { return all.is_empty(); }));
}

TEST_CASE("F#11: a client that never reads again is cut after close_timeout", "[crowd]")
{
    auto settings = quiet_config();
    settings.session.close_timeout = std::chrono::milliseconds(300);
    settings.session.max_pending_bytes = 100'000;
    stage all(settings);
    auto deaf = all.join({}, 16 * 1024);
    subscribe(deaf, test_identifier("flood"));
    // Until the kernel's buffers and ours are full.
    const std::string payload = "\"" + std::string(50'000, 'f') + "\"";
    CHECK(eventually([&] {
        all.host.cable().broadcast_raw("flood", payload);
        return all.host.metrics().value("slow_disconnects_total") == 1;
    }));
    CHECK(eventually([&] { return all.is_empty() && all.hooks.disconnects == 1; }));
    deaf.expect_end();
}

TEST_CASE("E8: fuzzed frames on 100 sockets are nothing to the 100 that talk meanwhile", "[crowd]")
{
    stage all;
    constexpr int talkers = 100, fuzzers = 100;
    const int rounds = scaled(80);
    std::vector<ws_client> clients;
    std::vector<std::string> identifiers;
    for (int i = 0; i < talkers; ++i) {
        identifiers.push_back(test_identifier("talk " + std::to_string(i)));
        clients.push_back(all.join());
        subscribe(clients.back(), identifiers.back());
    }
    std::atomic<bool> is_over{false};
    std::atomic<int> connected{0};
    helper_thread fuzzing([&] {
        std::minstd_rand random(20'261'123);
        const auto identifier = test_identifier("fuzz");
        const auto valid = client_frame(first_byte::text, command("subscribe", identifier)) + client_frame(first_byte::ping, "p") +
                           client_frame(first_byte::text, command("message", identifier, R"({"action":"echo","text":1})"));
        // At least one round of all; then on as long as the others talk.
        for (int i = 0; i < fuzzers || !is_over; ++i) {
            ws_client client(all.address());
            client.open();
            ++connected;
            auto bytes = valid;
            for (int flips = 1 + static_cast<int>(random() % 8); flips > 0; --flips) bytes[random() % bytes.size()] = static_cast<char>(random());
            try {
                for (int times = 0; times < 3; ++times) client.send_raw(bytes);
                client.send_raw(std::string_view(bytes).substr(0, random() % bytes.size()));
            } catch (const connection_ended&) {
            }
            random() % 2 == 0 ? client.reset() : client.close();
        }
    });
    int answered = 0;
    for (int round = 0; round < rounds; ++round) {
        const auto text = std::to_string(round);
        for (std::size_t i = 0; i < talkers; ++i)
            clients[i].send_text(command("message", identifiers[i], R"({"action":"echo","text":)" + text + "}"));
        for (auto& client : clients)
            if (next_message(client) == R"({"echo":)" + text + "}") ++answered;
    }
    is_over = true;
    fuzzing.join();
    CHECK(answered == rounds * talkers);
    CHECK(connected >= fuzzers);
    CHECK(all.host.metrics().value("client_messages_malformed_total") > 0);
    CHECK(eventually([&] { return all.host.session_count() == talkers; }));
    for (auto& client : clients) client.close();
    CHECK(eventually([&] { return all.is_empty(); }));
}

TEST_CASE("E1: threads do not grow with connections", "[crowd]")
{
    stage all;
    auto first = all.join();
    const auto before = thread_count();
    std::vector<ws_client> clients;
    for (int i = 0; i < 500; ++i) clients.push_back(all.join());
    CHECK(all.host.session_count() == 501);
    CHECK(thread_count() == before);
}
