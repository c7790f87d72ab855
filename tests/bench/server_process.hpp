// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace coax::bench {

/// Ties the calling process to one core. Errors: throws std::system_error.
void pin_to_core(int core);

/// The cores this process may use, ascending.
std::vector<int> usable_cores();

/// A server program of the benchmark, on its own core. It prints `listening HOST:PORT` when it accepts connections and ends on SIGTERM.
/// It dies with the benchmark, however that ends.
class server_process {
public:
    /// Errors: throws std::runtime_error when the program cannot be started or ends before it listens.
    server_process(std::string name, const std::vector<std::string>& command, int core);
    /// Asks it to end, waits ten seconds, then kills it.
    ~server_process();
    server_process(const server_process&) = delete;
    server_process& operator=(const server_process&) = delete;

    const std::string& name() const noexcept { return name_; }
    pid_t pid() const noexcept { return pid_; }
    std::string url() const { return "ws://" + address_ + "/cable"; }

private:
    std::string read_address(int pipe_end);

    std::string name_;
    pid_t pid_ = -1;
    std::string address_;
};

} // namespace coax::bench
