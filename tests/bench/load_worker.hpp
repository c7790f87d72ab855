// SPDX-License-Identifier: MIT
#pragma once

#include "load/delivery_audit.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace coax::bench {

/// What a worker is told to do; crosses the process boundary as it is.
struct load_order {
    enum class kind : std::uint8_t { open, close, fan_out, echo, idle };

    kind what = kind::idle;
    std::uint64_t count = 0;      ///< open, close: clients; fan_out: messages of one batch
    std::uint64_t size = 0;       ///< fan_out: bytes of a payload
    std::uint64_t minimum_ms = 0; ///< fan_out, echo: publications go on for that long, at least one; idle: how long
    bool own_streams = false;     ///< open: each session subscribes to a stream of its own
};

/// What came of it.
struct load_result {
    bool is_good = false;
    char error[480] = {};         ///< why not
    std::uint64_t operations = 0; ///< confirmed clients, deliveries, replies, or messages nobody asked for
    std::uint64_t wall_ns = 0;
    std::uint64_t p50_ns = 0;
    std::uint64_t p99_ns = 0;
    load::delivery_faults faults;
};

/// A load generator in a process of its own: each may open as many files as one process can, and it has the load core to itself while it works.
/// Only one of several workers is given work at a time.
class load_worker {
public:
    /// Forks; call it while the process has one thread.
    load_worker(const std::string& url, int core);
    ~load_worker();
    load_worker(const load_worker&) = delete;
    load_worker& operator=(const load_worker&) = delete;

    /// Does one order and waits for its end. Errors: throws std::runtime_error with the worker's reason.
    load_result run(const load_order& order);

private:
    pid_t pid_ = -1;
    int channel_ = -1;
};

} // namespace coax::bench
