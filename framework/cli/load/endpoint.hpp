// SPDX-License-Identifier: MIT
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

namespace coax::load {

/// Where a load test connects: the address behind a `ws://` URL.
struct endpoint {
    sockaddr_storage address{};
    socklen_t address_size = 0;
    std::string host; ///< for the Host header, with port
    std::string path; ///< with the query
    bool is_loopback_v4 = false;

    int family() const noexcept { return address.ss_family; }
};

/// Reads `ws://host[:port][/path]` (path `/cable` if there is none) and resolves the host. Blocks for DNS.
/// Errors: throws startup_error that says what is wrong with the URL.
endpoint resolve_endpoint(std::string_view url);

} // namespace coax::load
