// SPDX-License-Identifier: MIT
// The program `coax`.
#include "bench.hpp"
#include "serve.hpp"

#include <coax/error.hpp>
#include <coax/version.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

namespace {

constexpr int usage_error = 64; // EX_USAGE

int run(int argc, char** argv)
{
    // A load generator has options of its own, and reads them itself.
    if (argc > 1 && std::string_view(argv[1]) == "bench") return coax::cli::run_bench(argc - 1, argv + 1);

    CLI::App app{"coax: a real-time server for Action Cable clients", "coax"};
    app.set_version_flag("--version", "coax " COAX_VERSION, "Print the version and exit");
    app.require_subcommand(0, 1); // none is refused below: CLI11 would say so of a misspelt one too
    app.footer("Every key of the configuration is described in docs/configuration.md.\n"
               "Exit codes: 0 stopped as asked, 1 cannot start, 64 wrong command line, 78 wrong configuration.");

    coax::cli::serve_options options;
    CLI::App* serve = app.add_subcommand("serve", "Run a server until SIGINT or SIGTERM; a second signal skips the stages of stopping");
    serve->add_option("-c,--config", options.config_file, "Configuration file; without it ./coax.toml, if there is one")->type_name("FILE");
    serve->add_option("-l,--listen", options.listen, "Address to listen on, such as 127.0.0.1:8080, [::]:8080 or unix:/run/coax.sock; may be repeated")
        ->type_name("ADDRESS")->allow_extra_args(false);
    serve->add_option("-s,--set", options.assignments, "Set one key, such as session.ping_interval=5s; may be repeated; wins over file and environment")
        ->type_name("KEY=VALUE")->allow_extra_args(false);
    serve->add_flag("--print-config", options.print_config, "Print the configuration with the origin of each value, secrets masked, and exit");
    serve->footer("Environment: COAX_SECTION__KEY=value, such as COAX_SERVER__LISTEN=0.0.0.0:8080; COAX_PLUGIN_PATH, folders of plugins.");
    app.add_subcommand("bench", "Load an Action Cable server with clients; coax bench --help tells more");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error); // --help and --version come this way too
        throw coax::startup_error(std::string(error.what()) + "; coax --help tells more", usage_error);
    }
    if (!serve->parsed()) throw coax::startup_error("name a command: coax serve, or coax bench; coax --help tells more", usage_error);
    return coax::cli::run_serve(options);
}

// One line, whatever a message holds.
int report(std::string message, int exit_code)
{
    std::replace(message.begin(), message.end(), '\n', ' ');
    std::fprintf(stderr, "coax: %s\n", message.c_str());
    return exit_code;
}

} // namespace

int main(int argc, char** argv)
{
    std::signal(SIGPIPE, SIG_IGN); // a peer or a log reader that went away is an error code, not the end
    try {
        return run(argc, argv);
    } catch (const coax::startup_error& error) {
        return report(error.what(), error.exit_code());
    } catch (const std::exception& error) {
        return report(error.what(), 1);
    }
}
