// SPDX-License-Identifier: MIT
#include "chat_channel.hpp"
#include "chat_connection.hpp"
#include "chat_store.hpp"
#include "options.hpp"
#include "pages.hpp"

#include <coax/coax.hpp>

#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

/// The address to open in a browser: `0.0.0.0` and `[::]` mean every address, and are none themselves.
std::string url_of(std::string address)
{
    for (const std::string wildcard : {"0.0.0.0:", "[::]:"})
        if (address.starts_with(wildcard)) address.replace(0, wildcard.size(), "localhost:");
    return "http://" + address + "/";
}

void announce(const coax::server& server)
{
    for (const std::string& address : server.addresses()) {
        if (address.starts_with("unix:")) continue; // nothing a browser could open
        std::cout << "Chat is at " << url_of(address) << std::endl;
        return;
    }
}

int run(const std::vector<std::string>& arguments)
{
    const chat::options chosen = chat::parse_options(arguments);
    if (chosen.help) {
        std::cout << chat::usage;
        return 0;
    }

    chat::chat_store store; // before the server: channels refer to it until the server has stopped
    coax::server server(chat::make_config(chosen));
    server.use_connection<chat::chat_connection>();
    server.add_channel<chat::chat_channel>([&store] { return std::make_unique<chat::chat_channel>(store); });
    chat::add_pages(server);

    return server.run_until_signal([&server] { announce(server); });
}

} // namespace

int main(int argc, char** argv)
{
    try {
        return run({argv + 1, argv + argc});
    } catch (const coax::startup_error& error) {
        std::cerr << "coax_chat: " << error.what() << '\n';
        return error.exit_code();
    } catch (const std::exception& error) {
        std::cerr << "coax_chat: " << error.what() << '\n';
        return 1;
    }
}
