// SPDX-License-Identifier: MIT
// Servers as objects: several in one process, many times, on every kind of address, with an adapter between them.
#include "integration/stage.hpp"
#include "support/catch.hpp"

#include <coax/adapters/memory.hpp>
#include <coax/error.hpp>

#include <boost/json/object.hpp>

#include <atomic>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace coax::testing;

namespace {

/// A folder of the test's own.
class temporary_folder {
public:
    temporary_folder()
    {
        auto pattern = (std::filesystem::temp_directory_path() / "coax-test-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
        path_ = pattern;
    }
    ~temporary_folder() { std::filesystem::remove_all(path_); }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// Some containers have none.
bool has_ipv6()
{
    try {
        auto settings = quiet_config();
        settings.server.listen = {"[::1]:0"};
        const stage only(settings);
        return true;
    } catch (const coax::startup_error&) {
        WARN("no IPv6 here: left out");
        return false;
    }
}

coax::config on_bus(std::string_view bus)
{
    auto out = quiet_config();
    out.adapter.name = "memory";
    out.adapter.options_json = R"({"bus":")" + std::string(bus) + R"("})";
    return out;
}

class named_connection final : public coax::connection {
public:
    explicit named_connection(std::string name) : name_(std::move(name)) {}

private:
    coax::task<> connect() override
    {
        const boost::json::object greeting{{"server", name_}};
        transmit(greeting);
        co_return;
    }
    std::string name_;
};

} // namespace

TEST_CASE("E2: a server starts and stops 100 times in one process, with a client each time", "[server]")
{
    int served = 0;
    for (int i = 0; i < 100; ++i) {
        auto settings = i % 2 == 0 ? quiet_config() : on_bus("again");
        stage all(settings, [](coax::server& host) { host.add_plugin(coax_adapter_memory_descriptor()); });
        auto client = all.join();
        subscribe(client, test_identifier("again"));
        all.publish("again", i);
        if (next_message(client) == std::to_string(i)) ++served;
        client.close();
        if (i % 3 == 0) all.host.stop(); // else the destructor does
    }
    CHECK(served == 100);
}

TEST_CASE("A server that was never started, or is stopped twice, stops quietly", "[server]")
{
    coax::server idle(quiet_config());
    idle.stop();
    stage all;
    all.host.stop();
    all.host.stop();
    CHECK(all.host.session_count() == 0);
}

TEST_CASE("B2: broadcasts before the start, during the stop and after it end in an answer, never in a crash", "[server]")
{
    for (const bool has_plugin : {false, true}) {
        auto settings = has_plugin ? on_bus("") : quiet_config();
        settings.session.close_timeout = std::chrono::milliseconds(200);
        coax::server idle(settings);
        coax::error_code early;
        idle.cable().broadcast("s", 1, [&](coax::error_code error) { early = error; });
        CHECK(early == coax::errc::adapter_unavailable);

        stage all(settings, [](coax::server& host) { host.add_plugin(coax_adapter_memory_descriptor()); });
        const auto addresses = all.host.addresses();
        auto client = all.join();
        subscribe(client, test_identifier("s"));
        std::atomic<bool> is_over{false};
        std::atomic<int> published{0};
        std::thread publisher([&] {
            while (!is_over) {
                all.publish("s", ++published);
                (void)all.host.session_count();
                (void)all.host.addresses();
            }
        });
        const auto first = next_message(client);
        all.host.stop();
        const int at_end = published;
        const bool goes_on = eventually([&] { return published > at_end + 10; });
        is_over = true;
        publisher.join();
        CHECK(std::stoi(first) >= 1);
        CHECK(goes_on);
        CHECK(all.host.session_count() == 0);
        CHECK(all.host.addresses() == addresses);
    }
}

TEST_CASE("A3: two servers of one process have their own connection classes, limits and sessions", "[server]")
{
    auto settings = quiet_config();
    coax::server first(settings);
    settings.session.max_message_size = 200;
    coax::server second(settings);
    first.use_connection([] { return std::make_unique<named_connection>("first"); });
    second.use_connection([] { return std::make_unique<named_connection>("second"); });
    first.start();
    second.start();
    ws_client one(first.addresses().at(0)), two(second.addresses().at(0));
    one.open();
    two.open();
    // What connect transmits comes before the welcome.
    CHECK(one.next_text() == R"({"server":"first"})");
    CHECK(two.next_text() == R"({"server":"second"})");
    one.next_text();
    two.next_text();
    CHECK(first.session_count() == 1);
    CHECK(second.session_count() == 1);
    const auto large = client_frame(first_byte::text, std::string(300, 'x'));
    two.send_raw(large);
    CHECK(two.close_code() == 1009);
    two.close();
    second.stop();
    one.send_raw(large + client_frame(first_byte::ping, "alive"));
    CHECK(one.next_frame().payload == "alive");
}

TEST_CASE("A server listens on IPv4, IPv6 and a unix socket at once, and takes its socket file along when it goes", "[server]")
{
    const temporary_folder folder;
    const auto file = folder.path() / "coax.sock";
    auto settings = quiet_config();
    settings.server.listen = {"127.0.0.1:0", "unix:" + file.string()};
    if (has_ipv6()) settings.server.listen.emplace_back("[::1]:0");
    {
        const stage all(settings);
        const auto addresses = all.host.addresses();
        REQUIRE(addresses.size() == settings.server.listen.size());
        for (const auto& address : addresses) {
            INFO(address);
            CHECK(http_get(address, "/health").status == 200);
            ws_client client(address);
            client.open();
            client.next_text();
            subscribe(client, test_identifier("everywhere"));
            all.publish("everywhere", "here");
            CHECK(next_message(client) == R"("here")");
        }
        CHECK(std::filesystem::is_socket(file));
    }
    CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("A port in use is a start-up error that names the address and a remedy, and leaves nothing behind", "[server]")
{
    const stage first;
    auto settings = quiet_config();
    settings.server.listen = {"127.0.0.1:0", first.address()};
    coax::server second(settings);
    try {
        second.start();
        FAIL("it started");
    } catch (const coax::startup_error& error) {
        const std::string what = error.what();
        INFO(what);
        CHECK(what.find(first.address()) != std::string::npos);
        CHECK(what.find("another process listens there: stop it, or choose another port in server.listen") != std::string::npos);
        CHECK(error.exit_code() == 1);
    }
    CHECK(http_get(first.address(), "/health").status == 200);
}

TEST_CASE("A socket file left by a dead server is replaced; one that a living server uses is a start-up error", "[server]")
{
    const temporary_folder folder;
    const auto file = (folder.path() / "s").string();
    {
        const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        file.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(::bind(dead, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        ::close(dead);
    }
    auto settings = quiet_config();
    settings.server.listen = {"unix:" + file};
    const stage first(settings);
    coax::server second(settings);
    CHECK_THROWS_AS(second.start(), coax::startup_error);
    CHECK(http_get(first.address(), "/health").status == 200);
}

TEST_CASE("Connections above max_connections are closed at once, and there is room again when one leaves", "[server]")
{
    auto settings = quiet_config();
    settings.server.max_connections = 3;
    stage all(settings);
    std::vector<ws_client> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(all.join());
    for (int i = 0; i < 5; ++i) ws_client(all.address()).expect_end();
    CHECK(all.host.metrics().value("handshakes_refused_total") == 5);
    clients.pop_back();
    CHECK(eventually([&] {
        try {
            clients.push_back(all.join());
            return true;
        } catch (const connection_ended&) {
            return false;
        }
    }));
    CHECK(all.host.session_count() == 3);
}

TEST_CASE("The memory adapter, loaded as a module, carries broadcasts between servers of one bus and no other", "[server]")
{
    auto settings = on_bus("shared");
    settings.adapter.plugin_path = {COAX_TEST_PLUGINS};
    const stage first(settings), second(settings);
    auto apart = on_bus("apart");
    apart.adapter.plugin_path = {COAX_TEST_PLUGINS};
    const stage third(apart);
    const auto identifier = test_identifier("wide");
    auto here = first.join(), there = second.join(), elsewhere = third.join();
    for (auto* client : {&here, &there, &elsewhere}) subscribe(*client, identifier);
    const int count = scaled(400);
    for (int i = 0; i < count; ++i) first.publish("wide", i);
    third.publish("wide", "only here");
    for (auto* client : {&here, &there}) {
        int in_order = 0;
        for (int i = 0; i < count; ++i)
            if (next_message(*client) == std::to_string(i)) ++in_order;
        CHECK(in_order == count);
    }
    CHECK(next_message(elsewhere) == R"("only here")");
}

TEST_CASE("A plugin that is nowhere is a configuration error that names the folders", "[server]")
{
    const temporary_folder folder;
    auto settings = quiet_config();
    settings.adapter.name = "nonesuch";
    settings.adapter.plugin_path = {folder.path().string()};
    coax::server server(settings);
    try {
        server.start();
        FAIL("it started");
    } catch (const coax::startup_error& error) {
        const std::string what = error.what();
        CHECK(error.exit_code() == 78);
        CHECK(what.find("libcoax_adapter_nonesuch.so") != std::string::npos);
        CHECK(what.find(folder.path().string()) != std::string::npos);
    }
}

TEST_CASE("The loaded adapter's options are checked when the server starts", "[server]")
{
    auto settings = quiet_config();
    settings.adapter.name = "memory";
    settings.adapter.options_json = R"({"bux":"typo"})";
    coax::server server(settings);
    server.add_plugin(coax_adapter_memory_descriptor());
    try {
        server.start();
        FAIL("it started");
    } catch (const coax::startup_error& error) {
        CHECK(std::string(error.what()).find("adapter.memory.bux") != std::string::npos);
    }
}
