// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace coax::test {

/// What Beast's server makes of a client's bytes: `text:…`, `binary:…`, `ping:…`, `pong:…` in order, and at the end at most one of
/// `close:code:reason` (1005: the client sent no code), `failure:code` with the code that Beast sent, or `error: …` where it just gave up.
std::vector<std::string> beast_events_of(const std::vector<std::string_view>& pieces, std::size_t max_message_size, bool deflates);

} // namespace coax::test
