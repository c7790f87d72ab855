// SPDX-License-Identifier: MIT
// coax against a plain Beast server, in alternating rounds on the same core; prints one table and judges the promised bars.
#include "load_worker.hpp"
#include "report.hpp"
#include "server_process.hpp"

#include "load/generator.hpp"
#include "load/process_clock.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coax::bench {
namespace {

struct options {
    std::string coax_program;
    std::string baseline_program;
    std::string plugin_path;
    std::string adapter = "memory";
    std::uint64_t clients = 10'000;
    std::uint64_t few_clients = 1'000;
    unsigned rounds = 9;
    std::uint64_t run_ms = 300;
    std::uint64_t idle_ms = 30'000;
    bool quick = false;
    std::string raw_file;

    bool is_judged() const noexcept { return !quick && clients >= 10'000 && rounds >= 8 && idle_ms >= 30'000; }
};

/// A server, its clients and what it has cost.
struct contender {
    server_process server;
    load_worker load;
    load::delivery_faults& faults;

    contender(const std::string& name, const std::vector<std::string>& command, int server_core, int load_core, load::delivery_faults& found)
        : server(name, command, server_core), load(server.url(), load_core), faults(found)
    {
    }
};

class benchmark {
public:
    explicit benchmark(options given) : options_(std::move(given)), started_ns_(load::now_ns())
    {
        const std::vector<int> cores = usable_cores();
        server_core_ = cores.front();
        load_core_ = cores.back();
        softirq_.emplace(server_core_);
        if (server_core_ == load_core_) say("one core only: server and clients share it, so times say little");
        if (!softirq_->now_ns()) say("the kernel's network thread cannot be seen: CPU figures leave it out");
        pin_to_core(load_core_);
    }

    /// True if nothing was lost and every bar that is judged was met.
    bool run()
    {
        measure_few();
        measure_many();
        measure_own_streams();
        return print();
    }

private:
    void say(const char* format, ...) __attribute__((format(printf, 2, 3)))
    {
        std::fprintf(stderr, "[%4.0f s] ", static_cast<double>(load::now_ns() - started_ns_) / 1e9);
        va_list arguments;
        va_start(arguments, format);
        std::vfprintf(stderr, format, arguments);
        va_end(arguments);
        std::fputc('\n', stderr);
    }

    void start_pair()
    {
        std::vector<std::string> coax_command{options_.coax_program};
        // Another program may stand in for coax, for example the baseline against itself; it is given no options.
        if (options_.coax_program != options_.baseline_program) {
            coax_command.insert(coax_command.end(), {"--adapter", options_.adapter});
            if (!options_.plugin_path.empty()) coax_command.insert(coax_command.end(), {"--plugin-path", options_.plugin_path});
        }
        coax_ = std::make_unique<contender>("coax", coax_command, server_core_, load_core_, coax_faults_);
        baseline_ = std::make_unique<contender>("baseline", std::vector<std::string>{options_.baseline_program}, server_core_, load_core_,
                                                baseline_faults_);
    }

    void stop_pair()
    {
        coax_.reset();
        baseline_.reset();
    }

    /// Server CPU so far: the process and the kernel's network thread of its core.
    double cpu_ns(const contender& one) const
    {
        return static_cast<double>(load::cpu_time_ns(one.server.pid())) + static_cast<double>(softirq_->now_ns().value_or(0));
    }

    /// One order, with its cost.
    sample measure(contender& one, const load_order& order)
    {
        const double before = cpu_ns(one);
        const load_result result = one.load.run(order);
        const double spent = cpu_ns(one) - before;
        one.faults += result.faults;
        const auto operations = static_cast<double>(std::max<std::uint64_t>(result.operations, 1));
        return {spent / operations / 1e3, operations / (static_cast<double>(result.wall_ns) / 1e9), static_cast<double>(result.p50_ns) / 1e6,
                static_cast<double>(result.p99_ns) / 1e6};
    }

    /// One round of one row. The order of the two changes every round; what `after` does is not measured.
    void alternate(row& target, const load_order& order, unsigned round, const std::function<void(contender&)>& after = {})
    {
        sample first_sample;
        contender& first = round % 2 == 0 ? *coax_ : *baseline_;
        contender& second = round % 2 == 0 ? *baseline_ : *coax_;
        first_sample = measure(first, order);
        if (after) after(first);
        const sample second_sample = measure(second, order);
        if (after) after(second);
        if (round == 0) return; // warms sockets and heaps up
        target.coax.push_back(round % 2 == 0 ? first_sample : second_sample);
        target.baseline.push_back(round % 2 == 0 ? second_sample : first_sample);
    }

    std::vector<row> fan_out_rows(std::uint64_t clients)
    {
        std::vector<row> rows;
        for (const load_order& order : fan_out_orders())
            rows.push_back({"fan-out to " + grouped(clients) + (order.count == 1 ? ", single, " : ", burst of 8, ") + std::to_string(order.size) + " B", {}, {}});
        return rows;
    }

    std::vector<load_order> fan_out_orders() const
    {
        std::vector<load_order> orders;
        for (const std::uint64_t count : {1, 8})
            for (const std::uint64_t size : {100, 1024}) orders.push_back({load_order::kind::fan_out, count, size, options_.run_ms, false});
        return orders;
    }

    void open_both(std::uint64_t count, bool own_streams)
    {
        const load_order order{load_order::kind::open, count, 0, 0, own_streams};
        coax_->load.run(order);
        baseline_->load.run(order);
    }

    void measure_few()
    {
        start_pair();
        say("%s clients for each server", grouped(options_.few_clients).c_str());
        open_both(options_.few_clients, false);
        const std::uint64_t storm = std::max<std::uint64_t>(options_.few_clients / 2, 10);
        row handshakes{"connect, subscribe, confirm", {}, {}};
        row commands{"command and reply, one client", {}, {}};
        std::vector<row> rows = fan_out_rows(options_.few_clients);
        const std::vector<load_order> orders = fan_out_orders();
        for (unsigned round = 0; round <= options_.rounds; ++round) {
            say("%s clients: round %u of %u%s", grouped(options_.few_clients).c_str(), round, options_.rounds, round == 0 ? " (warming up)" : "");
            for (std::size_t index = 0; index < rows.size(); ++index) alternate(rows[index], orders[index], round);
            alternate(commands, {load_order::kind::echo, 0, 0, options_.run_ms / 2, false}, round);
            alternate(handshakes, {load_order::kind::open, storm, 0, 0, false}, round, [storm](contender& one) {
                one.load.run({load_order::kind::close, storm, 0, 0, false});
                // The reply to one more command comes after whatever the closings left to do on that thread.
                one.load.run({load_order::kind::echo, 0, 0, 0, false});
            });
        }
        rows.insert(rows.begin(), {handshakes, commands});
        rows_.insert(rows_.end(), rows.begin(), rows.end());
        stop_pair();
    }

    double grow(contender& one, bool own_streams)
    {
        const std::uint64_t first = std::max<std::uint64_t>(options_.clients / 100, 1);
        const std::uint64_t more = options_.clients - first;
        one.load.run({load_order::kind::open, first, 0, 0, own_streams});
        one.load.run({load_order::kind::echo, 0, 0, 0, false});
        const double before = static_cast<double>(load::resident_bytes(one.server.pid()));
        one.load.run({load_order::kind::open, more, 0, 0, own_streams});
        one.load.run({load_order::kind::echo, 0, 0, 0, false});
        return (static_cast<double>(load::resident_bytes(one.server.pid())) - before) / static_cast<double>(more);
    }

    void measure_many()
    {
        start_pair();
        say("%s clients for each server, one stream", grouped(options_.clients).c_str());
        memory_.push_back({"one stream for all", grow(*coax_, false), grow(*baseline_, false)});
        measure_idle();
        std::vector<row> rows = fan_out_rows(options_.clients);
        const std::vector<load_order> orders = fan_out_orders();
        for (unsigned round = 0; round <= options_.rounds; ++round) {
            say("%s clients: round %u of %u%s", grouped(options_.clients).c_str(), round, options_.rounds, round == 0 ? " (warming up)" : "");
            for (std::size_t index = 0; index < rows.size(); ++index) alternate(rows[index], orders[index], round);
        }
        rows_.insert(rows_.end(), rows.begin(), rows.end());
        stop_pair();
    }

    void measure_idle()
    {
        say("%.1f s idle", static_cast<double>(options_.idle_ms) / 1e3);
        const std::uint64_t coax_before = load::cpu_time_ns(coax_->server.pid());
        const std::uint64_t baseline_before = load::cpu_time_ns(baseline_->server.pid());
        const load_result result = coax_->load.run({load_order::kind::idle, 0, 0, options_.idle_ms, false});
        const auto wall = static_cast<double>(result.wall_ns);
        idle_coax_ = 100.0 * static_cast<double>(load::cpu_time_ns(coax_->server.pid()) - coax_before) / wall;
        idle_baseline_ = 100.0 * static_cast<double>(load::cpu_time_ns(baseline_->server.pid()) - baseline_before) / wall;
        coax_faults_.extra += result.operations;
    }

    void measure_own_streams()
    {
        start_pair();
        say("%s clients for each server, a stream for each", grouped(options_.clients).c_str());
        memory_.push_back({"a stream of its own for each", grow(*coax_, true), grow(*baseline_, true)});
        stop_pair();
    }

    bool print()
    {
        std::printf("CPU: server process and ksoftirqd of its core, median of the rounds. Latency: from the publisher's send to a client's read.\n\n");
        print_rows(rows_);
        print_memory(memory_);
        std::printf("\n%s idle clients, no pings, %.1f s: coax %.3f %% of a core, baseline %.3f %%\n", grouped(options_.clients).c_str(),
                    static_cast<double>(options_.idle_ms) / 1e3, idle_coax_, idle_baseline_);
        print_faults("coax", coax_faults_);
        print_faults("baseline", baseline_faults_);
        if (!options_.raw_file.empty()) write_raw(options_.raw_file, rows_);

        std::vector<bar> bars{{"messages lost, doubled, out of order or damaged (both servers)",
                               static_cast<double>(coax_faults_.sum() + baseline_faults_.sum()), 0, false, ""}};
        if (options_.is_judged()) {
            const std::size_t many = rows_.size() - 4; // single 100 B, single 1 KiB, burst 100 B, burst 1 KiB
            bars.push_back({"burst of 8 to 10,000, 100 B, baseline / coax", rows_[many + 2].ratio().median, 8.0, true, ""});
            bars.push_back({"single message to 10,000, 100 B, baseline / coax", rows_[many].ratio().median, 1.3, true, ""});
            bars.push_back({"memory per idle session, one stream", memory_[0].coax, 3072, false, " bytes"});
            bars.push_back({"10,000 idle clients", idle_coax_, 1.0, false, " % of a core"});
        }
        const bool is_good = print_bars(bars);
        if (!options_.is_judged()) std::printf("The other bars are judged only with 10,000 clients, 8 rounds and 30 s idle.\n");
        return is_good;
    }

    static void print_faults(const char* side, const load::delivery_faults& found)
    {
        std::printf("%s: lost %s, doubled %s, out of order %s, damaged %s\n", side, grouped(found.lost).c_str(), grouped(found.extra).c_str(),
                    grouped(found.misordered).c_str(), grouped(found.damaged).c_str());
    }

    options options_;
    std::uint64_t started_ns_;
    int server_core_ = 0;
    int load_core_ = 0;
    std::optional<load::softirq_clock> softirq_;
    load::delivery_faults coax_faults_;
    load::delivery_faults baseline_faults_;
    std::unique_ptr<contender> coax_;
    std::unique_ptr<contender> baseline_;
    std::vector<row> rows_;
    std::vector<memory_row> memory_;
    double idle_coax_ = 0;
    double idle_baseline_ = 0;
};

} // namespace
} // namespace coax::bench

int main(int argc, char** argv)
{
    coax::bench::options given;
    CLI::App app("Measures coax against a plain Beast server: fan-out, handshakes, commands, memory, idle CPU.");
    app.add_option("--coax", given.coax_program, "the coax server program")->required()->check(CLI::ExistingFile);
    app.add_option("--baseline", given.baseline_program, "the baseline server program")->required()->check(CLI::ExistingFile);
    app.add_option("--plugin-path", given.plugin_path, "folder of the adapter plugin");
    app.add_option("--adapter", given.adapter, "adapter that carries the broadcasts")->capture_default_str();
    CLI::Option* clients = app.add_option("--clients", given.clients, "clients of the large part")->capture_default_str();
    CLI::Option* few = app.add_option("--few-clients", given.few_clients, "clients of the small part")->capture_default_str();
    CLI::Option* rounds = app.add_option("--rounds", given.rounds, "measured rounds of each row")->capture_default_str();
    CLI::Option* run_ms = app.add_option("--run-ms", given.run_ms, "length of one measurement, at least one publication")->capture_default_str();
    CLI::Option* idle_ms = app.add_option("--idle-ms", given.idle_ms, "length of the idle measurement")->capture_default_str();
    app.add_flag("--quick", given.quick, "1,000 and 100 clients, 3 rounds, short: shows that everything works, judges no times");
    app.add_option("--raw", given.raw_file, "also write every sample to this file, tab-separated");
    CLI11_PARSE(app, argc, argv);
    if (given.quick) {
        if (clients->count() == 0) given.clients = 1'000;
        if (few->count() == 0) given.few_clients = 100;
        if (rounds->count() == 0) given.rounds = 3;
        if (run_ms->count() == 0) given.run_ms = 50;
        if (idle_ms->count() == 0) given.idle_ms = 1'000;
    }
    try {
        return coax::bench::benchmark(given).run() ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench: %s\n", error.what());
        return 2;
    }
}
