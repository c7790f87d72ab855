// SPDX-License-Identifier: MIT
#include "load_worker.hpp"

#include "load/cable_text.hpp"
#include "load/generator.hpp"
#include "payload.hpp"
#include "server_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coax::bench {
namespace {

static_assert(std::is_trivially_copyable_v<load_order> && std::is_trivially_copyable_v<load_result>);

// Connections that are being set up at any time: a busy server, but no overflowing accept queue.
constexpr std::size_t opening_at_once = 64;

/// The side that works.
class worker_side {
public:
    explicit worker_side(const std::string& url) : generator_(load::resolve_endpoint(url)) {}

    load_result run(const load_order& order)
    {
        load_result result;
        const std::uint64_t begin = load::now_ns();
        switch (order.what) {
        case load_order::kind::open:
            identifier_ = order.own_streams ? R"({"channel":"BenchChannel","own":true})" : R"({"channel":"BenchChannel","stream":"bench"})";
            fill(result, generator_.open(order.count, identifier_, opening_at_once));
            result.operations = order.count;
            break;
        case load_order::kind::close: generator_.close(order.count); break;
        case load_order::kind::fan_out: fan_out(order, begin, result); break;
        case load_order::kind::echo: echo(order, begin, result); break;
        case load_order::kind::idle: result.operations = generator_.idle(std::chrono::milliseconds(order.minimum_ms)); break;
        }
        result.wall_ns = load::now_ns() - begin;
        result.is_good = true;
        return result;
    }

private:
    static bool goes_on(const load_order& order, std::uint64_t begin) { return load::now_ns() - begin < order.minimum_ms * 1'000'000; }

    void fan_out(const load_order& order, std::uint64_t begin, load_result& result)
    {
        load::delivery_report report;
        do {
            const std::uint64_t now = load::now_ns();
            std::vector<std::string> payloads;
            for (std::uint64_t index = 0; index < order.count; ++index) payloads.push_back(make_payload(sequence_ + index, now, order.size));
            const std::string data = R"({"action":"publish","count":)" + std::to_string(order.count) + R"(,"seq":)" + std::to_string(sequence_) +
                                     R"(,"at":)" + std::to_string(now) + R"(,"size":)" + std::to_string(order.size) + "}";
            sequence_ += order.count;
            generator_.publish(load::command_text("message", identifier_, data), generator_.clients(), order.count, std::move(payloads), report);
        } while (goes_on(order, begin));
        fill(result, report);
    }

    void echo(const load_order& order, std::uint64_t begin, load_result& result)
    {
        load::delivery_report report;
        do {
            const std::string value = std::to_string(++sequence_);
            const std::string data = R"({"action":"echo","value":)" + value + "}";
            std::vector<std::string> expected{R"("message":)" + value + "}"};
            generator_.publish(load::command_text("message", identifier_, data), 1, 1, std::move(expected), report);
        } while (goes_on(order, begin));
        fill(result, report);
    }

    static void fill(load_result& result, const load::delivery_report& report)
    {
        result.operations = report.deliveries;
        result.faults = report.faults;
        fill(result, report.latency);
    }

    static void fill(load_result& result, const load::histogram& times)
    {
        result.p50_ns = times.quantile(0.5);
        result.p99_ns = times.quantile(0.99);
    }

    load::generator generator_;
    std::string identifier_;
    std::uint64_t sequence_ = 1;
};

template <class Value>
bool receive(int channel, Value& value)
{
    ssize_t size = 0;
    do size = ::recv(channel, &value, sizeof value, 0);
    while (size < 0 && errno == EINTR);
    return size == static_cast<ssize_t>(sizeof value);
}

template <class Value>
bool transmit(int channel, const Value& value)
{
    return ::send(channel, &value, sizeof value, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof value);
}

[[noreturn]] void work(int channel, const std::string& url, int core)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    load_order order;
    load_result result;
    try {
        pin_to_core(core);
        load::raise_file_limit();
        worker_side side(url);
        while (receive(channel, order)) {
            result = side.run(order);
            if (!transmit(channel, result)) break;
        }
    } catch (const std::exception& error) {
        result = load_result();
        std::snprintf(result.error, sizeof result.error, "%s", error.what());
        transmit(channel, result);
    }
    // Not exit(): the streams and handlers are the parent's.
    ::_exit(0);
}

} // namespace

load_worker::load_worker(const std::string& url, int core)
{
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        throw std::system_error(errno, std::generic_category(), "socketpair");
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) {
        ::close(ends[0]);
        work(ends[1], url, core);
    }
    ::close(ends[1]);
    channel_ = ends[0];
}

load_worker::~load_worker()
{
    // Other workers inherited this end, so the end of file is not seen; nothing in the worker is worth waiting for.
    ::close(channel_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
}

load_result load_worker::run(const load_order& order)
{
    load_result result;
    if (!transmit(channel_, order) || !receive(channel_, result)) throw std::runtime_error("the load generator has ended");
    if (!result.is_good) throw std::runtime_error(result.error);
    return result;
}

} // namespace coax::bench
