// SPDX-License-Identifier: MIT
// A configuration file: any bytes are either a config that is within its rules or one startup_error of one line.
// The first byte says what the rest is: a file, a variable, or an override of the command line.
#include "config/print.hpp"
#include "config/reader.hpp"

#include <coax/error.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace coax;

// Not assert: it has to hold in every build type.
void require(bool holds, const char* what)
{
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

bool is_one_line(const std::string& text)
{
    return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

resolved_config read(std::uint8_t choice, const std::string& text)
{
    if (choice % 3 == 0) return read_config(parse_config_text(text, "f.toml"));
    if (choice % 3 == 1) return resolve_config({"", {"COAX_" + text}, {}});
    const std::size_t equals = std::min(text.find('='), text.size());
    return resolve_config({"", {}, {{text.substr(0, equals), text.substr(std::min(equals + 1, text.size()))}}});
}

void check(const resolved_config& resolved)
{
    const config& settings = resolved.settings;
    require(!settings.server.listen.empty() && settings.server.threads <= 64, "a config is within its rules");
    require(settings.session.ping_interval.count() == 0 || settings.session.ping_interval.count() >= 1000, "pings are not a flood");
    boost::system::error_code failed;
    const auto options = boost::json::parse(settings.adapter.options_json, failed);
    require(!failed && options.is_object(), "the adapter's options are a JSON object");
    const std::string printed = print_config(resolved);
    require(!printed.empty() && printed.back() == '\n', "a config can be printed");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
    try {
        check(read(data[0], text));
    } catch (const startup_error& error) {
        require(error.exit_code() == 78, "the exit code is that of a configuration");
        require(is_one_line(error.what()), "a message is one line");
    }
    return 0;
}
