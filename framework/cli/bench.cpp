// SPDX-License-Identifier: MIT
#include "bench.hpp"

#include "load/cable_text.hpp"
#include "load/generator.hpp"
#include "load/process_clock.hpp"

#include <coax/error.hpp>

#include <CLI/CLI.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace coax::cli {
namespace {

namespace json = boost::json;

struct options {
    std::string url;
    std::size_t clients = 100;
    std::size_t in_flight = 64;
    std::string identifier;
    std::string channel = "BenchChannel";
    std::string stream;
    std::string action;
    std::string data = "{}";
    std::size_t messages = 1;
    std::size_t rounds = 20;
    unsigned hold_seconds = 0;
    unsigned limit_seconds = 30;
    pid_t pid = 0;
};

/// A wrong command line that only the values show.
startup_error usage_error(const std::string& what)
{
    return startup_error(what, 64);
}

std::string identifier_of(const options& given)
{
    if (!given.identifier.empty()) {
        json::error_code error;
        const json::value parsed = json::parse(given.identifier, error);
        if (error || !parsed.is_object()) throw usage_error("--identifier is not a JSON object: " + given.identifier);
        return given.identifier;
    }
    json::object fields;
    fields["channel"] = given.channel;
    if (!given.stream.empty()) fields["stream"] = given.stream;
    return json::serialize(fields);
}

json::object data_of(const options& given)
{
    json::error_code error;
    json::value parsed = json::parse(given.data, error);
    if (error || !parsed.is_object()) throw usage_error("--publish-data is not a JSON object: " + given.data);
    json::object fields = std::move(parsed.get_object());
    fields["action"] = given.action;
    return fields;
}

/// The server's CPU time and memory, if the process is known.
class server_meter {
public:
    explicit server_meter(pid_t pid) : pid_(pid) { restart(); }

    void restart()
    {
        if (pid_ == 0) return;
        cpu_ns_ = load::cpu_time_ns(pid_);
        bytes_ = load::resident_bytes(pid_);
    }

    /// Microseconds per operation since the last restart.
    std::optional<double> cpu_us(std::uint64_t operations) const
    {
        if (pid_ == 0 || operations == 0) return std::nullopt;
        return static_cast<double>(load::cpu_time_ns(pid_) - cpu_ns_) / 1e3 / static_cast<double>(operations);
    }

    /// CPU time in per cent of one core over the `wall_ns` since the last restart.
    std::optional<double> core_percent(std::uint64_t wall_ns) const
    {
        if (pid_ == 0 || wall_ns == 0) return std::nullopt;
        return 100.0 * static_cast<double>(load::cpu_time_ns(pid_) - cpu_ns_) / static_cast<double>(wall_ns);
    }

    std::optional<double> bytes_per(std::uint64_t operations) const
    {
        if (pid_ == 0 || operations == 0) return std::nullopt;
        return (static_cast<double>(load::resident_bytes(pid_)) - static_cast<double>(bytes_)) / static_cast<double>(operations);
    }

private:
    pid_t pid_;
    std::uint64_t cpu_ns_ = 0;
    std::uint64_t bytes_ = 0;
};

void print_head()
{
    std::printf("%-28s %10s %12s %9s %9s %9s %12s\n", "", "count", "per s", "p50 ms", "p99 ms", "CPU us", "per CPU s");
}

void print_line(const char* name, std::uint64_t count, std::uint64_t wall_ns, const load::histogram& times, std::optional<double> cpu_us)
{
    const double per_second = wall_ns == 0 ? 0 : static_cast<double>(count) * 1e9 / static_cast<double>(wall_ns);
    std::printf("%-28s %10llu %12.0f %9.3f %9.3f", name, static_cast<unsigned long long>(count), per_second,
                static_cast<double>(times.quantile(0.5)) / 1e6, static_cast<double>(times.quantile(0.99)) / 1e6);
    if (cpu_us && *cpu_us > 0)
        std::printf(" %9.2f %12.0f\n", *cpu_us, 1e6 / *cpu_us);
    else
        std::printf(" %9s %12s\n", "-", "-");
    std::fflush(stdout);
}

/// True if every subscriber got what it should.
bool publish_rounds(load::generator& clients, const std::string& identifier, const options& given, server_meter& meter)
{
    load::delivery_report report;
    json::object data = data_of(given);
    meter.restart();
    std::uint64_t last_shown = load::now_ns();
    for (std::size_t round = 0; round < given.rounds; ++round) {
        // A number that changes, for channels that pass it on: then a copy of an older message is noticed.
        data["n"] = round + 1;
        clients.publish(load::command_text("message", identifier, json::serialize(data)), clients.clients(), given.messages, {}, report);
        if (load::now_ns() - last_shown > 1'000'000'000) {
            last_shown = load::now_ns();
            std::fprintf(stderr, "publication %zu of %zu, %llu lost\n", round + 1, given.rounds,
                         static_cast<unsigned long long>(report.faults.lost));
        }
        if (report.faults.lost > 0) break; // every further round would wait for its limit, too
    }
    print_line("deliveries", report.deliveries, report.wall_ns, report.latency, meter.cpu_us(report.deliveries));
    std::printf("\n%llu publications, %.1f bytes per message; lost %llu, doubled %llu, out of order %llu, damaged %llu\n",
                static_cast<unsigned long long>(report.publications),
                report.deliveries == 0 ? 0.0 : static_cast<double>(report.bytes) / static_cast<double>(report.deliveries),
                static_cast<unsigned long long>(report.faults.lost), static_cast<unsigned long long>(report.faults.extra),
                static_cast<unsigned long long>(report.faults.misordered), static_cast<unsigned long long>(report.faults.damaged));
    return report.faults.sum() == 0;
}

bool run(const options& given)
{
    // Everything that can be wrong with the command line is found before the first connection.
    const std::string identifier = identifier_of(given);
    if (!given.action.empty()) data_of(given);
    const std::size_t files = load::raise_file_limit();
    if (given.clients + 32 > files)
        throw usage_error("--clients " + std::to_string(given.clients) + " needs more open files than the limit of " + std::to_string(files) +
                          " allows; raise it with ulimit -n or use fewer clients");
    server_meter meter(given.pid);
    load::generator clients(load::resolve_endpoint(given.url), std::chrono::seconds(given.limit_seconds));

    std::printf("%s, %zu clients, identifier %s\n\n", given.url.c_str(), given.clients, identifier.c_str());
    print_head();
    load::histogram times;
    // In parts, so that there is something to see when it takes long.
    const std::uint64_t begin = load::now_ns();
    std::uint64_t last_shown = begin;
    while (clients.clients() < given.clients) {
        times.add(clients.open(std::min<std::size_t>(given.clients - clients.clients(), 1'000), identifier, given.in_flight));
        if (load::now_ns() - last_shown > 1'000'000'000) {
            last_shown = load::now_ns();
            std::fprintf(stderr, "%zu of %zu clients confirmed\n", clients.clients(), given.clients);
        }
    }
    print_line("connect, subscribe, confirm", given.clients, load::now_ns() - begin, times, meter.cpu_us(given.clients));
    const std::optional<double> bytes = meter.bytes_per(given.clients);

    const bool is_sound = given.action.empty() || publish_rounds(clients, identifier, given, meter);
    if (given.hold_seconds > 0) {
        std::fprintf(stderr, "holding the connections for %u s\n", given.hold_seconds);
        const std::uint64_t pings = clients.pings();
        const std::uint64_t hold_begin = load::now_ns();
        meter.restart();
        const std::uint64_t others = clients.idle(std::chrono::seconds(given.hold_seconds));
        std::printf("\n%u s held: %llu pings, %llu other messages", given.hold_seconds, static_cast<unsigned long long>(clients.pings() - pings),
                    static_cast<unsigned long long>(others));
        if (const auto percent = meter.core_percent(load::now_ns() - hold_begin)) std::printf(", server CPU %.2f %% of a core", *percent);
        std::printf("\n");
    }
    if (bytes) std::printf("\nserver memory: %.0f bytes per client\n", *bytes);
    clients.close(clients.clients());
    return is_sound;
}

} // namespace

int run_bench(int argc, char** argv)
{
    options given;
    CLI::App app("Loads an Action Cable server with clients and prints what it did. All clients subscribe to one identifier; with --publish-action\n"
                 "the first of them performs that action and every client must receive the same messages.",
                 "coax bench");
    app.add_option("url", given.url, "the server, ws://host:port/path")->required();
    app.add_option("-c,--clients", given.clients, "connections")->capture_default_str()->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
    app.add_option("--in-flight", given.in_flight, "connections that are set up at a time")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}));
    app.add_option("--channel", given.channel, "channel to subscribe to")->capture_default_str();
    app.add_option("--stream", given.stream, "a parameter `stream` for the channel");
    app.add_option("--identifier", given.identifier, "the whole identifier as JSON, instead of --channel and --stream");
    app.add_option("--publish-action", given.action, "action that makes the channel broadcast to all of them");
    app.add_option("--publish-data", given.data, "its data, a JSON object; a counter `n` is added")->capture_default_str();
    app.add_option("--messages", given.messages, "messages each client gets from one action")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}));
    app.add_option("--rounds", given.rounds, "how often the action is performed, one after the other")->capture_default_str();
    app.add_option("--hold", given.hold_seconds, "then stay connected for so many seconds")->capture_default_str();
    app.add_option("--limit", given.limit_seconds, "seconds that a connection or a publication may take")
        ->capture_default_str()
        ->check(CLI::Range(1u, 3'600u));
    app.add_option("--pid", given.pid, "process id of a server on this machine: also shows its CPU time and memory");
    CLI11_PARSE(app, argc, argv);
    try {
        return run(given) ? 0 : 1;
    } catch (const startup_error& error) {
        std::fprintf(stderr, "coax bench: %s\n", error.what());
        return error.exit_code();
    } catch (const std::exception& error) {
        std::fprintf(stderr, "coax bench: %s\n", error.what());
        return 1;
    }
}

} // namespace coax::cli
