// SPDX-License-Identifier: MIT
// The composition root: builds the parts in order of dependency, and takes them down in the opposite one.
#include <coax/server.hpp>

#include "controller/channel_registry.hpp"
#include "controller/native_controller.hpp"
#include "hub/hub.hpp"
#include "hub/local_adapter.hpp"
#include "net/handshake.hpp"
#include "net/http_router.hpp"
#include "net/listener.hpp"
#include "net/node_state.hpp"
#include "net/shard.hpp"
#include "observe/metric_names.hpp"
#include "plugin/plugin_adapter.hpp"
#include "plugin/plugin_host.hpp"
#include "server/stop_gate.hpp"

#include <coax/error.hpp>
#include <coax/version.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

namespace coax {

namespace {

logger make_logger(const log_config& settings)
{
    log_level level = log_level::info;
    if (!parse_log_level(settings.level, level))
        throw config_error("log.level: '" + settings.level + "' is not a level; use debug, info, warn, error or off");
    if (level == log_level::off) return {};
    if (settings.format == "json") return logger(make_json_sink(STDERR_FILENO), level);
    if (settings.format == "text") return logger(make_text_sink(STDERR_FILENO), level);
    throw config_error("log.format: '" + settings.format + "' is not a format; use text or json");
}

unsigned thread_count(const server_config& settings)
{
    const auto wanted = settings.threads > 0 ? settings.threads : std::max(1u, std::thread::hardware_concurrency());
    return std::min(wanted, max_shards);
}

// The soft limit is often 1024, which a server of sockets would meet at once.
void raise_file_limit(const logger& log)
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    const auto before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) {
        log.info("server.file_limit_raised", {{"from", before}, {"to", limit.rlim_max}});
    } else {
        log.warn("server.file_limit", {{"limit", before}, {"error", std::strerror(errno)}});
    }
}

// Runs one task to its end on this thread. `context` must outlive the plugin: its thread may still hold on to the executor.
result<void> run_on(asio::io_context& context, task<result<void>> work)
{
    result<void> outcome;
    std::exception_ptr failed;
    asio::co_spawn(context.get_executor(), std::move(work), [&](std::exception_ptr error, result<void> answer) {
        failed = error;
        outcome = answer;
    });
    context.restart();
    context.run();
    if (failed) std::rethrow_exception(failed);
    return outcome;
}

} // namespace

struct server::impl {
    explicit impl(config from)
        : settings(std::move(from)), log(make_logger(settings.log)), plugins(plugin_search::standard(settings.adapter.plugin_path)),
          streams(metrics, log), handshakes(settings.handshake, settings.session.deflate),
          routes(settings.server.path, settings.server.health_path)
    {
    }

    ~impl();

    void choose_adapter();
    void open_sockets();
    void start_shards(broadcaster cable);
    void stop_shards();
    std::string health() const;

    config settings;
    metric_registry metrics;
    logger log;
    plugin_host plugins;
    hub streams;
    handshake handshakes;
    http_router routes;
    channel_registry channels;
    native_controller::connection_factory make_connection;
    node_state node;
    std::unique_ptr<native_controller> logic;
    asio::io_context control{1}; ///< of the adapter's start and stop
    std::unique_ptr<local_adapter> local;
    std::unique_ptr<plugin_adapter> plugin;
    std::vector<listening_socket> sockets;
    std::vector<std::string> addresses; ///< of the sockets; stays when they are closed
    // Kept, like the adapter, until the server dies: broadcasts and readers of other threads may come at any time before.
    std::vector<std::unique_ptr<shard>> shards;
    bool has_sessions_left = false;

    std::mutex life; // of the next two
    enum class phase { made, running, stopping, stopped } where = phase::made;
    std::condition_variable ended;
    stop_gate gate;
};

server::impl::~impl()
{
    // Application code that ignores its cancellation is still suspended in there: destroying it would pull the ground from under it.
    if (has_sessions_left)
        for (auto& each : shards) (void)each.release();
}

void server::impl::choose_adapter()
{
    if (settings.adapter.name == "local") {
        local = std::make_unique<local_adapter>(streams);
        streams.use_adapter(*local);
        streams.state_changed(adapter_state::connected, {}, {});
        return;
    }
    const auto* found = plugins.find(plugin_kind::adapter, settings.adapter.name);
    plugin = std::make_unique<plugin_adapter>(*found, streams, log, metrics, settings.adapter.options_json);
    streams.use_adapter(*plugin);
    const auto started = run_on(control, plugin->start(settings.adapter.start_timeout));
    if (!started) {
        const auto why = plugin->failure();
        (void)run_on(control, plugin->stop(settings.adapter.start_timeout));
        const int exit_code = started.error() == errc::invalid_argument ? 78 : 1;
        throw startup_error("adapter " + settings.adapter.name + " did not start (" + started.error().message() +
                                (why.empty() ? "" : ": " + why) + "); see [adapter." + settings.adapter.name + "] in the configuration",
                            exit_code);
    }
}

void server::impl::open_sockets()
{
    if (settings.server.listen.empty()) throw config_error("server.listen is empty; name at least one address, such as \"127.0.0.1:8080\"");
    for (const auto& text : settings.server.listen) {
        auto address = parse_listen_address(text);
        if (!address) throw config_error("server.listen: " + address.error());
        sockets.emplace_back(*address);
        addresses.push_back(sockets.back().address().to_string());
    }
}

void server::impl::start_shards(broadcaster cable)
{
    logic = std::make_unique<native_controller>(channels, make_connection, metrics);
    node.max_connections = settings.server.max_connections;
    const auto count = thread_count(settings.server);
    for (unsigned i = 0; i < count; ++i) {
        shard_parts parts{settings, streams, cable, *logic, handshakes, routes, node, metrics, log, [this] { return health(); }};
        shards.push_back(std::make_unique<shard>(i, std::move(parts)));
        streams.add_shard(shards.back()->streams());
    }
}

std::string server::impl::health() const
{
    std::size_t sessions = 0;
    for (const auto& each : shards) sessions += each->session_count();
    const char* adapter = streams.state() == adapter_state::connected ? "connected" : "disconnected";
    const boost::json::object out{{"status", node.is_serving.load() ? "ok" : "stopping"},
                                  {"sessions", sessions},
                                  {"subscriptions", metrics.value(metric_names::subscriptions.name)},
                                  {"streams", streams.stream_count()},
                                  {"adapter", adapter}};
    return boost::json::serialize(out);
}

void server::impl::stop_shards()
{
    using clock = std::chrono::steady_clock;
    const auto grace = clock::now() + settings.shutdown.grace;
    node.is_serving.store(false);
    log.info("server.stopping", {{"connections", node.connections.load()}});
    if (settings.shutdown.delay.count() > 0) {
        (void)gate.open(1); // nobody finishes it: a pause that a second signal ends
        gate.wait_until(clock::now() + settings.shutdown.delay);
    }

    auto done = gate.open(shards.size());
    for (auto& each : shards) each->stop_accepting(done);
    gate.wait_until(grace);
    sockets.clear();

    done = gate.open(shards.size());
    for (auto& each : shards) each->close_sessions(settings.shutdown.spread, done);
    bool is_clean = gate.wait_until(grace);
    if (!is_clean) {
        log.warn("server.aborting_sessions", {{"connections", node.connections.load()}});
        for (auto& each : shards) each->abort_sessions();
        // Their hooks still run, each with its own limit: skipping the stages must not cost the application its books.
        is_clean = gate.wait_patiently_until(clock::now() + 2 * settings.session.command_grace);
    }

    if (plugin) {
        const auto stopped = run_on(control, plugin->stop(settings.adapter.start_timeout));
        if (!stopped) log.error("adapter.stop_failed", {{"error", stopped.error().message()}});
    }
    for (auto& each : shards) each->stop();
    has_sessions_left = !is_clean;
    if (!is_clean) log.error("server.sessions_left", {{"connections", node.connections.load()}});
}

server::server(config settings) : impl_(std::make_unique<impl>(std::move(settings))) {}

server::~server()
{
    stop();
}

void server::use_connection(std::function<std::unique_ptr<connection>()> factory)
{
    impl_->make_connection = std::move(factory);
}

void server::add_channel_description(channel_description description)
{
    impl_->channels.add(std::move(description));
}

void server::add_plugin(const coax_plugin* descriptor)
{
    impl_->plugins.add_static(descriptor);
}

void server::add_page(std::string path, page content)
{
    impl_->routes.add_page(std::move(path), std::move(content.content_type), std::move(content.body));
}

void server::start()
{
    auto& self = *impl_;
    if (self.settings.server.raise_file_limit) raise_file_limit(self.log);
    self.open_sockets(); // before anything that would have to be taken down again
    self.choose_adapter();
    self.start_shards(cable());
    for (auto& each : self.shards) {
        for (auto& socket : self.sockets) each->add_listener(socket.duplicate());
    }
    for (auto& each : self.shards) each->start();
    {
        const std::lock_guard guard(self.life);
        self.where = impl::phase::running;
    }
    for (const auto& address : addresses())
        self.log.info("server.listening", {{"address", address}, {"path", self.settings.server.path}, {"version", COAX_VERSION}});
    self.log.info("server.started", {{"threads", self.shards.size()}, {"adapter", self.settings.adapter.name}});
}

std::vector<std::string> server::addresses() const
{
    return impl_->addresses;
}

void server::stop()
{
    auto& self = *impl_;
    {
        std::unique_lock lock(self.life);
        if (self.where == impl::phase::stopping) {
            self.gate.hurry();
            self.ended.wait(lock, [&] { return self.where == impl::phase::stopped; });
            return;
        }
        if (self.where != impl::phase::running) return;
        self.where = impl::phase::stopping;
    }
    self.stop_shards();
    self.log.info("server.stopped");
    const std::lock_guard guard(self.life);
    self.where = impl::phase::stopped;
    self.ended.notify_all();
}

int server::run_until_signal(const std::function<void()>& on_started)
{
    asio::io_context context(1);
    asio::signal_set signals(context, SIGINT, SIGTERM); // before the start, which may take its time
    bool is_running = false;
    {
        const std::lock_guard guard(impl_->life);
        is_running = impl_->where == impl::phase::running;
    }
    if (!is_running) start();
    if (on_started) on_started();

    std::thread stopping;
    bool is_over = false;
    std::function<void(error_code, int)> on_signal = [&](error_code error, int number) {
        if (error || is_over) return;
        impl_->log.info("server.signal", {{"signal", number}});
        if (stopping.joinable()) {
            impl_->gate.hurry();
        } else {
            stopping = std::thread([&] {
                stop();
                asio::post(context, [&] {
                    is_over = true;
                    signals.cancel();
                });
            });
        }
        signals.async_wait(on_signal);
    };
    signals.async_wait(on_signal);
    context.run();
    if (stopping.joinable()) stopping.join();
    return 0;
}

broadcaster server::cable() const
{
    return broadcaster(&impl_->streams);
}

metric_registry& server::metrics()
{
    return impl_->metrics;
}

const logger& server::log() const
{
    return impl_->log;
}

std::size_t server::session_count() const
{
    std::size_t out = 0;
    for (const auto& each : impl_->shards) out += each->session_count();
    return out;
}

} // namespace coax
