// SPDX-License-Identifier: MIT
// The server under measurement: coax with one channel, one thread, no pings, and the adapter named on the command line.
#include "payload.hpp"

#include <coax/coax.hpp>

#include <boost/json.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace json = boost::json;

/// Params: `stream`, the stream all share, or `own: true` for one of the session's own.
class bench_channel : public coax::channel {
public:
    static void describe(coax::channel_spec<bench_channel>& spec)
    {
        spec.name("BenchChannel").action("publish", &bench_channel::publish).action("echo", &bench_channel::echo);
    }

    coax::task<> subscribed() override
    {
        const json::value* own = params().if_contains("own");
        std::string stream;
        if (own != nullptr && own->is_bool() && own->get_bool())
            stream = "own:" + std::string(base_connection().session_id());
        else
            stream = std::string(params().at("stream").as_string());
        co_await stream_from(std::move(stream));
    }

private:
    /// Publishes `count` messages of `size` bytes as one batch, numbered from `seq`.
    coax::task<> publish(json::object data)
    {
        const auto count = data.at("count").to_number<std::uint64_t>();
        const auto sequence = data.at("seq").to_number<std::uint64_t>();
        const auto published = data.at("at").to_number<std::uint64_t>();
        const auto size = data.at("size").to_number<std::size_t>();
        const std::string stream(params().at("stream").as_string());
        std::vector<coax::broadcast_message> batch;
        batch.reserve(count);
        for (std::uint64_t index = 0; index < count; ++index)
            batch.push_back(coax::broadcast_message{stream, coax::bench::make_payload(sequence + index, published, size)});
        base_connection().cable().broadcast_batch(std::move(batch));
        co_return;
    }

    coax::task<> echo(json::object data)
    {
        transmit(data.at("value"));
        co_return;
    }
};

} // namespace

int main(int argc, char** argv)
{
    // Before any thread exists, so that only sigwait below sees them.
    sigset_t stop_signals;
    ::sigemptyset(&stop_signals);
    ::sigaddset(&stop_signals, SIGTERM);
    ::sigaddset(&stop_signals, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
    try {
        coax::config settings;
        settings.server.listen = {"127.0.0.1:0"};
        settings.server.threads = 1;
        settings.session.ping_interval = std::chrono::milliseconds(0);
        settings.log.level = "warn";
        settings.shutdown.grace = std::chrono::seconds(5);
        for (int index = 1; index + 1 < argc; index += 2) {
            if (std::strcmp(argv[index], "--adapter") == 0)
                settings.adapter.name = argv[index + 1];
            else if (std::strcmp(argv[index], "--plugin-path") == 0)
                settings.adapter.plugin_path.emplace_back(argv[index + 1]);
            else
                throw coax::startup_error(std::string("unknown option ") + argv[index] + "; known: --adapter NAME, --plugin-path DIR", 64);
        }
        coax::server server(std::move(settings));
        server.add_channel<bench_channel>();
        server.start();
        std::printf("listening %s\n", server.addresses().at(0).c_str());
        std::fflush(stdout);
        int signal = 0;
        ::sigwait(&stop_signals, &signal);
        server.stop();
        return 0;
    } catch (const coax::startup_error& error) {
        std::fprintf(stderr, "coax_bench_server: %s\n", error.what());
        return error.exit_code();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "coax_bench_server: %s\n", error.what());
        return 1;
    }
}
