// SPDX-License-Identifier: MIT
#include "load/process_clock.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <unistd.h>

namespace coax::load {

std::uint64_t cpu_time_ns(pid_t pid)
{
    clockid_t clock{};
    if (const int error = ::clock_getcpuclockid(pid, &clock); error != 0)
        throw std::system_error(error, std::generic_category(), "CPU clock of process " + std::to_string(pid));
    timespec time{};
    if (::clock_gettime(clock, &time) != 0)
        throw std::system_error(errno, std::generic_category(), "CPU clock of process " + std::to_string(pid));
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

std::uint64_t resident_bytes(pid_t pid)
{
    std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    if (!(file >> total >> resident)) throw std::system_error(ESRCH, std::generic_category(), "memory of process " + std::to_string(pid));
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

softirq_clock::softirq_clock(int core)
{
    const std::string wanted = "ksoftirqd/" + std::to_string(core);
    std::error_code ignored;
    for (std::filesystem::directory_iterator entry("/proc", ignored), end; !ignored && entry != end; entry.increment(ignored)) {
        const std::string name = entry->path().filename();
        if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; })) continue;
        std::ifstream file(entry->path() / "comm");
        std::string command;
        if (std::getline(file, command) && command == wanted) {
            pid_ = static_cast<pid_t>(std::stol(name));
            return;
        }
    }
}

std::optional<std::uint64_t> softirq_clock::now_ns() const
{
    if (pid_ == 0) return std::nullopt;
    std::ifstream file("/proc/" + std::to_string(pid_) + "/schedstat");
    std::uint64_t on_core = 0;
    if (!(file >> on_core)) return std::nullopt;
    return on_core;
}

} // namespace coax::load
