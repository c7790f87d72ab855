// SPDX-License-Identifier: MIT
// The program `coax` as a user meets it. COAX_PROGRAM names it; ctest sets it.
#include "support/catch.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// An empty working directory that is gone after the test.
class scratch_folder {
public:
    scratch_folder()
    {
        std::string name = (std::filesystem::temp_directory_path() / "coax_cli_XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~scratch_folder() { std::filesystem::remove_all(path_); }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

struct outcome {
    int exit_code; ///< 128 + number, if a signal ended it
    std::string output;
    std::string errors;
};

int exit_code_of(pid_t child)
{
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// `output`: where standard output goes. The environment is `environment` alone.
pid_t start(const std::filesystem::path& folder, std::vector<std::string> arguments, std::vector<std::string> environment, int output, int errors)
{
    const char* const program = std::getenv("COAX_PROGRAM");
    REQUIRE(program != nullptr);
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    std::vector<char*> env;
    for (auto& entry : environment) env.push_back(entry.data());
    env.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(output, 1);
        ::dup2(errors, 2);
        if (::chdir(folder.c_str()) == 0) ::execve(program, argv.data(), env.data());
        ::_exit(127);
    }
    REQUIRE(child > 0);
    return child;
}

outcome run(const scratch_folder& folder, const std::vector<std::string>& arguments, const std::vector<std::string>& environment = {})
{
    const std::string out = folder.path() / "stdout";
    const std::string err = folder.path() / "stderr";
    const int out_fd = ::open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    const int err_fd = ::open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    const pid_t child = start(folder.path(), arguments, environment, out_fd, err_fd);
    const int code = exit_code_of(child);
    ::close(out_fd);
    ::close(err_fd);
    const auto text = [](const std::string& path) {
        std::ifstream in(path);
        return std::string(std::istreambuf_iterator<char>(in), {});
    };
    return {code, text(out), text(err)};
}

} // namespace

TEST_CASE("coax --help and --version end well", "[cli]")
{
    const scratch_folder folder;
    const outcome help = run(folder, {"--help"});
    CHECK(help.exit_code == 0);
    CHECK_THAT(help.output, Contains("serve") && Contains("bench"));
    CHECK_THAT(run(folder, {"serve", "--help"}).output, Contains("--config") && Contains("--listen") && Contains("--set") && Contains("--print-config"));
    const outcome version = run(folder, {"--version"});
    CHECK(version.exit_code == 0);
    CHECK_THAT(version.output, StartsWith("coax ") && Catch::Matchers::EndsWith("\n"));
}

TEST_CASE("a wrong command line is one line on standard error and exit code 64", "[cli]")
{
    const scratch_folder folder;
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {}, {"sevre"}, {"serve", "--bogus"}, {"serve", "extra"}, {"serve", "--set", "log.level"}, {"serve", "--set", "=x"}, {"serve", "--config"}}) {
        const outcome ended = run(folder, arguments);
        INFO(ended.errors);
        CHECK(ended.exit_code == 64);
        CHECK(ended.output.empty());
        CHECK_THAT(ended.errors, StartsWith("coax: "));
        CHECK(ended.errors.find('\n') == ended.errors.size() - 1);
    }
}

TEST_CASE("a wrong configuration is one line on standard error and exit code 78", "[cli]")
{
    const scratch_folder folder;
    folder.write("bad.toml", "[session]\nping_interval = 3\n");
    const outcome bad = run(folder, {"serve", "--config", "bad.toml"});
    CHECK(bad.exit_code == 78);
    CHECK(bad.errors == "coax: session.ping_interval: expected a duration such as \"3s\" or \"off\", got 3 (bad.toml line 2)\n");
    const outcome missing = run(folder, {"serve", "--config", "missing.toml"});
    CHECK(missing.exit_code == 78);
    CHECK_THAT(missing.errors, StartsWith("coax: cannot read the configuration file \"missing.toml\""));
}

TEST_CASE("coax.toml of the working directory is read unless another file is named", "[cli]")
{
    const scratch_folder folder;
    CHECK_THAT(run(folder, {"serve", "--print-config"}).output, Contains("threads = 0  # default\n"));
    folder.write("coax.toml", "[server]\nthreads = 3\n");
    CHECK_THAT(run(folder, {"serve", "--print-config"}).output, Contains("threads = 3  # coax.toml line 2\n"));
    folder.write("other.toml", "[log]\nlevel = \"warn\"\n");
    CHECK_THAT(run(folder, {"serve", "--print-config", "-c", "other.toml"}).output,
        Contains("threads = 0  # default\n") && Contains("level = \"warn\"  # other.toml line 2\n"));
}

TEST_CASE("variables and options of the command line reach the configuration", "[cli]")
{
    const scratch_folder folder;
    const outcome printed = run(folder,
        {"serve", "--print-config", "-l", "127.0.0.1:1", "--listen", "[::1]:2", "--set", "log.level=debug", "--set", "log.format=json"},
        {"COAX_LOG__LEVEL=error", "COAX_SERVER__THREADS=5", "COAX_PLUGIN_PATH=/nowhere"});
    CHECK(printed.exit_code == 0);
    CHECK_THAT(printed.output, Contains("listen = [\"127.0.0.1:1\", \"[::1]:2\"]  # command line\n"));
    CHECK_THAT(printed.output, Contains("level = \"debug\"  # command line\n") && Contains("format = \"json\"  # command line\n"));
    CHECK_THAT(printed.output, Contains("threads = 5  # COAX_SERVER__THREADS\n"));
}

TEST_CASE("an output that nobody reads is an error code, not a signal", "[cli]")
{
    const scratch_folder folder;
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    ::close(ends[0]);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const pid_t child = start(folder.path(), {"serve", "--print-config"}, {}, ends[1], nowhere);
    ::close(ends[1]);
    ::close(nowhere);
    CHECK(exit_code_of(child) == 74);
}
