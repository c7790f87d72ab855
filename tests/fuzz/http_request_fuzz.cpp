// SPDX-License-Identifier: MIT
// A stranger's first bytes: read, route and check them. The first byte says into which pieces the rest is cut.
#include "net/handshake.hpp"
#include "net/http_router.hpp"
#include "net/request_reader.hpp"
#include "net/upgrade.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

using namespace coax;

constexpr std::size_t limit = 2048;

// Not assert: it has to hold in every build type.
void require(bool holds, const char* what)
{
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

request_reader::state feed_in_pieces(request_reader& reader, std::string_view bytes, std::size_t piece)
{
    auto now = request_reader::state::need_more;
    for (std::size_t at = 0; at < bytes.size(); at += piece) now = reader.feed(bytes.substr(at, piece));
    return now;
}

bool is_one_line(std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos; }

void check_request(const http_request& request)
{
    require(request.count("host") <= 1, "at most one Host");
    require(request.target.starts_with('/') || request.target == "*", "the target is a path");
    require(is_one_line(request.target) && is_one_line(request.method), "the request line is one line");
    for (const auto& [name, value] : request.headers) {
        require(name == to_lower(name) && !name.empty(), "header names are lower-case");
        require(is_one_line(name) && is_one_line(value), "a header is one line");
    }
}

bool is_whole_response(std::string_view text)
{
    auto end = text.find("\r\n\r\n");
    return text.starts_with("HTTP/1.1 ") && end != std::string_view::npos;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) return 0;
    std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

    request_reader whole(limit);
    request_reader cut(limit);
    auto state = feed_in_pieces(whole, bytes, std::max<std::size_t>(bytes.size(), 1));
    auto cut_state = feed_in_pieces(cut, bytes, data[0] % 32 + 1);
    // A broken line may be noticed later if it comes in pieces; a good request may not depend on the cut.
    require((state == request_reader::state::complete) == (cut_state == request_reader::state::complete), "the cut decides");
    if (state == request_reader::state::failed) require(whole.status() >= 400 && !whole.reason().empty(), "a failure has a status");
    if (state != request_reader::state::complete) {
        require(bytes.size() < limit || state == request_reader::state::failed, "the limit ends the reading");
        return 0;
    }
    auto request = whole.request();
    require(request.headers == cut.request().headers && request.target == cut.request().target, "the cut changes the request");
    require(bytes.ends_with(whole.leftover()) && whole.leftover() == cut.leftover(), "what follows is left over");
    check_request(request);

    static const http_router router("/cable", "/health");
    auto decision = router.decide(request, true, {});
    require(decision.is_cable != is_whole_response(decision.response), "a request is answered or handed on");

    static const handshake checker(
        [] {
            handshake_config settings;
            settings.allowed_origins = {"https://*.example.com", "http://localhost:*"};
            settings.trusted_proxies = {"10.0.0.0/8"};
            return settings;
        }(),
        true);
    static boost::asio::io_context context(1);
    auto outcome = checker.check(std::move(request), {data[0] % 2 == 0 ? "10.0.0.1" : "192.0.2.1"});
    if (auto* refused = std::get_if<refused_handshake>(&outcome)) {
        require(is_whole_response(refused->response) && refused->status >= 400, "a refusal is a whole response");
        return 0;
    }
    auto& accepted = std::get<accepted_handshake>(outcome);
    require(!accepted.env.remote_address.empty(), "a TCP peer has an address");
    auto answer = make_upgrade_response(context.get_executor(), accepted.key, accepted.protocol.response, accepted.deflate.value_or(""));
    require(answer.starts_with("HTTP/1.1 101 ") && answer.find("\r\n\r\n") + 4 == answer.size(), "a 101 and nothing behind it");
    return 0;
}
