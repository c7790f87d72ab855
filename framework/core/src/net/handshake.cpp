// SPDX-License-Identifier: MIT
#include "net/handshake.hpp"

#include "net/http_response.hpp"
#include "protocol/deflate.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace coax {

namespace {

bool is_base64(char c) noexcept
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

// Base64 of 16 bytes: 22 characters and two signs of padding.
bool is_key(std::string_view key) noexcept
{
    return key.size() == 24 && key.ends_with("==") && std::all_of(key.begin(), key.begin() + 22, is_base64);
}

refused_handshake refuse(unsigned status, std::string_view body, std::string reason)
{
    return {status, std::move(reason), http_error_response(status, body, {{"Sec-WebSocket-Version", "13"}})};
}

refused_handshake refuse(unsigned status, std::string_view body) { return refuse(status, body, std::string(body)); }

} // namespace

handshake::handshake(const handshake_config& settings, bool deflate)
    : proxies_(settings.trusted_proxies), origins_(settings), deflate_(deflate)
{
}

std::variant<accepted_handshake, refused_handshake> handshake::check(http_request request, const peer_info& peer) const
{
    if (request.version != 11) return refuse(400, "A WebSocket needs HTTP/1.1");
    if (!request.is_websocket_upgrade()) return refuse(404, "Page not found", "not a WebSocket upgrade");
    if (request.joined("sec-websocket-version") != "13") return refuse(426, "WebSocket version 13 is needed");

    auto client = proxies_.seen_by_client(request, peer);
    if (auto why = origins_.refusal(request, client)) return refuse(403, "Request origin not allowed", std::move(*why));

    std::string key(request.header("sec-websocket-key"));
    if (request.count("sec-websocket-key") != 1 || !is_key(key)) return refuse(400, "Sec-WebSocket-Key is missing or malformed");

    std::optional<std::string> extensions;
    if (deflate_ && request.count("sec-websocket-extensions") > 0) extensions = negotiate_deflate(request.joined("sec-websocket-extensions"));
    auto protocol = negotiate_subprotocol(request.joined("sec-websocket-protocol"));

    session_env env;
    env.url = std::move(request.target);
    env.headers = std::move(request.headers);
    env.remote_address = std::move(client.address);
    return accepted_handshake{std::move(env), std::move(key), std::move(protocol), std::move(extensions)};
}

} // namespace coax
