// SPDX-License-Identifier: MIT
#pragma once

#include <coax/broadcaster.hpp>
#include <coax/channel.hpp>
#include <coax/config.hpp>
#include <coax/connection.hpp>
#include <coax/log.hpp>
#include <coax/metrics.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <vector>

struct coax_plugin;

namespace coax {

/// A static answer for a page of the program's own.
struct page {
    std::string content_type;
    std::string body;
};

/// The server: add a connection class, channels and linked-in plugins, then run it.
///
/// Several servers with different configurations can live in one process.
/// Thread rule: set-up and `run` on one thread; `stop`, `cable` and the readers from any thread.
/// Errors: start-up failures throw startup_error (what, where, remedy).
///
/// ```cpp
/// coax::server server(coax::load_config("coax.toml"));
/// server.add_channel<chat_channel>();
/// server.run_until_signal();
/// ```
class server {
public:
    explicit server(config settings);
    /// Stops, if still running.
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    /// The application's connection class, default constructible; without it every connection is accepted anonymously.
    template <std::derived_from<connection> Connection>
    void use_connection()
    {
        use_connection([] { return std::make_unique<Connection>(); });
    }
    void use_connection(std::function<std::unique_ptr<connection>()> factory);

    /// Registers a channel class by its `describe`.
    template <std::derived_from<channel> Channel>
    void add_channel()
    {
        add_channel<Channel>([] { return std::make_unique<Channel>(); });
    }
    /// The same with a factory, for channels that need something of the program.
    template <std::derived_from<channel> Channel, class Factory>
    void add_channel(Factory factory)
    {
        channel_description description;
        channel_spec<Channel> spec(description);
        Channel::describe(spec);
        description.make = std::move(factory);
        add_channel_description(std::move(description));
    }

    /// A plugin linked into the program; wins over a file of the same kind and name.
    void add_plugin(const coax_plugin* descriptor);

    /// A page at an exact path, answered to GET on every listen address.
    void add_page(std::string path, page content);

    /// Binds, loads the adapter and starts all shards; returns when connections are accepted.
    void start();
    /// The addresses listened on, with real port numbers. Valid after `start`.
    std::vector<std::string> addresses() const;
    /// Stops in stages: health 503, no more accepts, disconnect messages, hooks, adapter, threads. Blocks until done; a second
    /// call from another thread while it runs skips to the end.
    void stop();

    /// `start`, then waits for SIGINT or SIGTERM, then `stop`; a second signal skips the stages. Returns the exit code.
    /// `on_started` is called once connections are accepted; a signal that comes meanwhile is not lost.
    int run_until_signal(const std::function<void()>& on_started = {});

    /// Publishes; valid while the server lives.
    broadcaster cable() const;
    metric_registry& metrics();
    const logger& log() const;
    /// Sessions that are open now, all shards.
    std::size_t session_count() const;

private:
    void add_channel_description(channel_description description);
    struct impl;
    std::unique_ptr<impl> impl_;
};

} // namespace coax
