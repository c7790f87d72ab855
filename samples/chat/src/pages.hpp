// SPDX-License-Identifier: MIT
#pragma once

#include <coax/server.hpp>

#include <string_view>

namespace chat {

/// A file of `public/`, embedded into the program by cmake/embed.cmake so that it runs from any folder.
struct embedded_file {
    std::string_view name; ///< such as `index.html`
    std::string_view content;
};

/// Gives the server the chat's page, script, style and the stock Action Cable client.
void add_pages(coax::server& server);

} // namespace chat
