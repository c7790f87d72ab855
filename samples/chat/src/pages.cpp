// SPDX-License-Identifier: MIT
#include "pages.hpp"

#include <span>
#include <stdexcept>
#include <string>

namespace chat {

std::span<const embedded_file> embedded_files(); // generated

namespace {

struct route {
    std::string_view path, file, content_type;
};

constexpr route routes[] = {
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/app.js", "app.js", "text/javascript; charset=utf-8"},
    {"/style.css", "style.css", "text/css; charset=utf-8"},
    {"/actioncable.js", "actioncable.esm.js", "text/javascript; charset=utf-8"},
};

std::string_view content_of(std::string_view name)
{
    for (const embedded_file& file : embedded_files())
        if (file.name == name) return file.content;
    throw std::logic_error("not embedded: " + std::string(name));
}

} // namespace

void add_pages(coax::server& server)
{
    for (const route& each : routes) {
        coax::page content{std::string(each.content_type), std::string(content_of(each.file))};
        server.add_page(std::string(each.path), std::move(content));
    }
}

} // namespace chat
