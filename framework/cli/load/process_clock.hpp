// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace coax::load {

/// CPU time that process `pid` has used, all threads, in nanoseconds. Errors: throws std::system_error if there is no such process.
std::uint64_t cpu_time_ns(pid_t pid);

/// Memory of process `pid` that is in RAM, in bytes. Errors: throws std::system_error if there is no such process.
std::uint64_t resident_bytes(pid_t pid);

/// CPU time of the thread to which the kernel moves network work of one core when there is much of it.
///
/// A server that hands the kernel large batches pays there; leaving it out would flatter it.
class softirq_clock {
public:
    explicit softirq_clock(int core);
    /// Nanoseconds so far; nothing where the kernel's threads cannot be seen (containers).
    std::optional<std::uint64_t> now_ns() const;

private:
    pid_t pid_ = 0;
};

} // namespace coax::load
