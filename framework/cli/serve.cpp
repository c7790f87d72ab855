// SPDX-License-Identifier: MIT
#include "serve.hpp"

#include "config/print.hpp"
#include "config/reader.hpp"

#include <coax/error.hpp>
#include <coax/server.hpp>

#include <cstdio>
#include <filesystem>
#include <system_error>

namespace coax::cli {
namespace {

constexpr const char* default_file = "coax.toml";
constexpr int usage_error = 64; // EX_USAGE
constexpr int output_error = 74; // EX_IOERR

std::vector<config_override> overrides_of(const serve_options& options)
{
    std::vector<config_override> overrides;
    for (const std::string& assignment : options.assignments) {
        const std::size_t equals = assignment.find('=');
        if (equals == std::string::npos || equals == 0)
            throw startup_error("--set " + assignment + ": expected section.key=value, such as --set log.level=debug", usage_error);
        overrides.push_back({assignment.substr(0, equals), assignment.substr(equals + 1)});
    }
    if (!options.listen.empty()) {
        std::string all;
        for (const std::string& address : options.listen) all += (all.empty() ? "" : ",") + address;
        overrides.push_back({"server.listen", all});
    }
    return overrides;
}

std::string file_of(const serve_options& options)
{
    std::error_code failed;
    if (!options.config_file.empty() || !std::filesystem::exists(default_file, failed)) return options.config_file;
    return default_file;
}

} // namespace

int run_serve(const serve_options& options)
{
    const resolved_config resolved = resolve_config({file_of(options), process_environment(), overrides_of(options)});
    if (options.print_config) {
        const bool is_written = std::fputs(print_config(resolved).c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
        return is_written ? 0 : output_error;
    }
    server program(resolved.settings);
    return program.run_until_signal();
}

} // namespace coax::cli
