// SPDX-License-Identifier: MIT
#include "server_process.hpp"

#include "load/generator.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coax::bench {
namespace {

constexpr std::uint64_t start_limit_ns = 30'000'000'000;
constexpr int stop_limit_ms = 10'000;

[[noreturn]] void throw_system(const std::string& what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

// In the child: only what may be called between fork and exec.
[[noreturn]] void become(char* const* arguments, int core, int pipe_end, pid_t parent)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<unsigned>(core), &cores);
    ::sched_setaffinity(0, sizeof cores, &cores);
    ::dup2(pipe_end, STDOUT_FILENO);
    ::execv(arguments[0], arguments);
    ::_exit(127);
}

} // namespace

void pin_to_core(int core)
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET(static_cast<unsigned>(core), &cores);
    if (::sched_setaffinity(0, sizeof cores, &cores) != 0) throw_system("cannot use core " + std::to_string(core));
}

std::vector<int> usable_cores()
{
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (::sched_getaffinity(0, sizeof cores, &cores) != 0) throw_system("cannot read the usable cores");
    std::vector<int> found;
    for (int core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(static_cast<unsigned>(core), &cores)) found.push_back(core);
    return found;
}

server_process::server_process(std::string name, const std::vector<std::string>& command, int core) : name_(std::move(name))
{
    std::vector<char*> arguments;
    for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0) throw_system("pipe");
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw_system("fork");
    if (pid_ == 0) become(arguments.data(), core, pipe_ends[1], parent);
    ::close(pipe_ends[1]);
    address_ = read_address(pipe_ends[0]);
    ::close(pipe_ends[0]);
    if (!address_.empty()) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    throw std::runtime_error(command.front() + " did not print the address it listens on" +
                             (WIFEXITED(status) ? "; it exited with " + std::to_string(WEXITSTATUS(status)) : std::string()));
}

server_process::~server_process()
{
    ::kill(pid_, SIGTERM);
    // A descriptor that becomes readable when the process ends: a wait with a limit and without polling.
    const int ended = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    pollfd waiting{ended, POLLIN, 0};
    if (ended < 0 || ::poll(&waiting, 1, stop_limit_ms) <= 0) ::kill(pid_, SIGKILL);
    if (ended >= 0) ::close(ended);
    ::waitpid(pid_, nullptr, 0);
}

std::string server_process::read_address(int pipe_end)
{
    const std::string prefix = "listening ";
    const std::uint64_t give_up = load::now_ns() + start_limit_ns;
    std::string text;
    for (;;) {
        if (const std::size_t end = text.find('\n'); end != std::string::npos)
            return text.compare(0, prefix.size(), prefix) == 0 ? text.substr(prefix.size(), end - prefix.size()) : std::string();
        const std::uint64_t now = load::now_ns();
        if (now >= give_up) return {};
        pollfd waiting{pipe_end, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>((give_up - now) / 1'000'000 + 1)) <= 0) continue;
        std::array<char, 256> chunk{};
        const ssize_t size = ::read(pipe_end, chunk.data(), chunk.size());
        if (size <= 0) return {};
        text.append(chunk.data(), static_cast<std::size_t>(size));
    }
}

} // namespace coax::bench
