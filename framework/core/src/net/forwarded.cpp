// SPDX-License-Identifier: MIT
#include "net/forwarded.hpp"

#include <coax/error.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

namespace coax {

namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> parse_address(std::string_view text)
{
    boost::system::error_code error;
    auto address = ip::make_address(std::string(text), error);
    if (error) return std::nullopt;
    if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

bool same_prefix(std::span<const unsigned char> a, std::span<const unsigned char> b, unsigned bits) noexcept
{
    auto bytes = bits / 8;
    if (!std::equal(a.begin(), a.begin() + bytes, b.begin())) return false;
    if (bits % 8 == 0) return true;
    auto mask = static_cast<unsigned char>(0xff << (8 - bits % 8));
    return (a[bytes] & mask) == (b[bytes] & mask);
}

std::string_view last_element(std::string_view list) noexcept { return trimmed(list.substr(list.rfind(',') + 1)); }
std::string_view first_element(std::string_view list) noexcept { return trimmed(list.substr(0, list.find(','))); }

} // namespace

std::string plain_address(std::string_view text)
{
    auto address = parse_address(text);
    return address ? address->to_string() : std::string(text);
}

trusted_proxies::trusted_proxies(const std::vector<std::string>& entries)
{
    for (const auto& entry : entries) {
        auto text = trimmed(entry);
        if (text.empty()) continue;
        if (text == "unix") {
            unix_ = true;
            continue;
        }
        auto slash = text.find('/');
        auto address = parse_address(text.substr(0, slash));
        auto fail = [&] {
            throw config_error("handshake.trusted_proxies: '" + entry + "' is not an IP address, a network such as 10.0.0.0/8, or 'unix'");
        };
        if (!address) fail();
        unsigned most = address->is_v4() ? 32 : 128;
        unsigned prefix = most;
        if (slash != std::string_view::npos) {
            auto digits = text.substr(slash + 1);
            auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
            if (error != std::errc() || end != digits.data() + digits.size() || prefix > most) fail();
        }
        networks_.push_back({*address, prefix});
    }
}

bool trusted_proxies::contains(std::string_view text) const
{
    if (text.empty()) return unix_;
    if (networks_.empty()) return false;
    auto address = parse_address(text);
    if (!address) return false;
    return std::any_of(networks_.begin(), networks_.end(), [&](const network& known) {
        if (known.address.is_v4() != address->is_v4()) return false;
        if (address->is_v4()) return same_prefix(known.address.to_v4().to_bytes(), address->to_v4().to_bytes(), known.prefix);
        return same_prefix(known.address.to_v6().to_bytes(), address->to_v6().to_bytes(), known.prefix);
    });
}

client_view trusted_proxies::seen_by_client(const http_request& request, const peer_info& peer) const
{
    client_view view{peer.is_tls ? "https" : "http", std::string(request.header("host")), plain_address(peer.address)};
    if (!contains(peer.address)) return view;

    auto proto = first_element(request.header("x-forwarded-proto"));
    if (equals_ignoring_case(proto, "https") || equals_ignoring_case(proto, "wss")
        || equals_ignoring_case(request.header("x-forwarded-ssl"), "on"))
        view.scheme = "https";
    else if (!proto.empty())
        view.scheme = "http";

    if (auto hosts = request.joined("x-forwarded-host"); !last_element(hosts).empty()) view.host = last_element(hosts);
    view.address = forwarded_address(request, view.address);
    return view;
}

// From the right, since only what our own proxies appended can be believed; the first one that is not ours is the client.
std::string trusted_proxies::forwarded_address(const http_request& request, const std::string& peer) const
{
    auto list = request.joined("x-forwarded-for");
    std::string_view rest = list;
    std::string nearest = peer;
    while (!rest.empty()) {
        auto comma = rest.rfind(',');
        auto address = parse_address(last_element(rest));
        if (!address) break;
        nearest = address->to_string();
        if (!contains(nearest)) break;
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
    }
    return nearest;
}

} // namespace coax
