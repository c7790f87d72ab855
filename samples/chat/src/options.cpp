// SPDX-License-Identifier: MIT
#include "options.hpp"

#include <coax/error.hpp>

#include <cstddef>

namespace chat {

const char* const usage =
    "usage: coax_chat [--config FILE] [--listen ADDRESS]... [--set SECTION.KEY=VALUE]...\n"
    "\n"
    "  --config FILE       read settings from FILE, such as coax.toml\n"
    "  --listen ADDRESS    listen there instead: 127.0.0.1:8080, [::]:8080, unix:/run/chat.sock; port 0 takes a free one\n"
    "  --set KEY=VALUE     override one setting, such as session.ping_interval=5s\n"
    "  --help              show this\n";

options parse_options(const std::vector<std::string>& arguments)
{
    options chosen;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& name = arguments[i];
        if (name == "--help" || name == "-h") {
            chosen.help = true;
            continue;
        }
        if (name != "--config" && name != "--listen" && name != "--set")
            throw coax::config_error("unknown argument '" + name + "'; coax_chat --help lists what there is");
        if (++i == arguments.size()) throw coax::config_error(name + " needs a value; see coax_chat --help");
        const std::string& value = arguments[i];

        if (name == "--config") {
            chosen.config_file = value;
        } else if (name == "--listen") {
            chosen.listen.push_back(value);
        } else {
            const auto equals = value.find('=');
            if (equals == std::string::npos || equals == 0)
                throw coax::config_error("--set " + value + ": expected SECTION.KEY=VALUE, such as session.ping_interval=5s");
            chosen.overrides.push_back({value.substr(0, equals), value.substr(equals + 1)});
        }
    }
    return chosen;
}

coax::config make_config(const options& chosen)
{
    coax::config settings = coax::load_config(chosen.config_file, chosen.overrides);
    if (!chosen.listen.empty()) settings.server.listen = chosen.listen;
    return settings;
}

} // namespace chat
