// SPDX-License-Identifier: MIT
#include "protocol/subprotocol.hpp"

namespace coax {

namespace {

constexpr std::string_view unsupported = "actioncable-unsupported";

std::string_view trim(std::string_view text) noexcept
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

} // namespace

negotiated_protocol negotiate_subprotocol(std::string_view offers)
{
    const codec& v1 = json_codec();
    negotiated_protocol agreed{{}, &v1, false};
    while (!offers.empty()) {
        const auto comma = offers.find(',');
        const auto name = trim(offers.substr(0, comma));
        offers = comma == std::string_view::npos ? std::string_view() : offers.substr(comma + 1);
        if (name == unsupported) agreed.offered_unsupported = true;
        if (agreed.response.empty() && (name == unsupported || name == v1.subprotocol())) agreed.response = name;
    }
    return agreed;
}

} // namespace coax
