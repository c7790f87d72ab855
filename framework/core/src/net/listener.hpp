// SPDX-License-Identifier: MIT
#pragma once

#include "net/listen_address.hpp"

#include <coax/log.hpp>
#include <coax/metrics.hpp>
#include <coax/task.hpp>

#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <functional>
#include <string>

namespace coax {

/// A bound and listening socket of the node, opened once; each shard accepts on a duplicate of it.
///
/// Bound without SO_REUSEPORT, so that a port in use is seen. A stale unix socket file, that nobody listens on, is replaced.
/// Thread rule: set-up.
class listening_socket {
public:
    /// Errors: startup_error that names address, cause and remedy.
    explicit listening_socket(const listen_address& where);
    ~listening_socket();
    listening_socket(listening_socket&& other) noexcept;
    listening_socket& operator=(listening_socket&&) = delete;

    /// A descriptor of its own for one shard.
    int duplicate() const;
    /// With the real port.
    const listen_address& address() const noexcept { return address_; }

private:
    int descriptor_;
    listen_address address_;
};

/// Accepts on one shard. Out of descriptors it waits and tries again; nothing else is affected. Thread rule: shard-affine.
class listener {
public:
    using on_accept = std::function<void(int descriptor, int family, std::string peer)>;

    listener(executor where, int descriptor, on_accept accepted, logger log, metric& errors);

    /// Until `stop`.
    task<> run();
    void stop();

private:
    bool accept_some();

    asio::posix::basic_stream_descriptor<executor> descriptor_;
    steady_timer pause_;
    on_accept accepted_;
    logger log_;
    metric& errors_;
    bool is_stopped_ = false;
    bool is_out_of_descriptors_ = false;
};

} // namespace coax
