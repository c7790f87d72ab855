// SPDX-License-Identifier: MIT
#pragma once

#include "observe/log_limiter.hpp"
#include "observe/metric_names.hpp"
#include "session/deadline_queue.hpp"

#include <coax/broadcaster.hpp>
#include <coax/config.hpp>
#include <coax/log.hpp>
#include <coax/metrics.hpp>
#include <coax/task.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace coax {

class controller;
class deflater;
class hub_shard;

/// The metrics that sessions touch, looked up once.
struct session_metrics {
    explicit session_metrics(metric_registry& registry)
        : sessions(metric_names::sessions.in(registry)), opened(metric_names::sessions_opened_total.in(registry)),
          subscriptions(metric_names::subscriptions.in(registry)), commands(metric_names::commands_total.in(registry)),
          commands_failed(metric_names::commands_failed_total.in(registry)),
          malformed(metric_names::client_messages_malformed_total.in(registry)),
          binary_ignored(metric_names::binary_frames_ignored_total.in(registry)), slow(metric_names::slow_disconnects_total.in(registry)),
          sent(metric_names::bytes_sent_total.in(registry)), pending(metric_names::pending_bytes.in(registry))
    {
    }

    metric& sessions;
    metric& opened;
    metric& subscriptions;
    metric& commands;
    metric& commands_failed;
    metric& malformed;
    metric& binary_ignored;
    metric& slow;
    metric& sent;
    metric& pending;
};

/// What all shards of a node share about load. Thread rule: any thread.
struct node_load {
    std::atomic<std::size_t> pending_bytes{0}; ///< waiting in all outboxes
};

/// What the sessions of one shard have in common; outlives them. Thread rule: shard-affine.
struct session_context {
    executor where;
    hub_shard& streams;
    broadcaster cable;
    controller& logic;
    session_config limits;
    std::vector<std::string> keep_headers;
    logger log;
    session_metrics metrics;
    deadline_queue& deadlines;
    node_load& load;
    deflater* deflate;                                             ///< null unless permessage-deflate is on
    std::function<std::chrono::steady_clock::time_point()> now;
    unsigned client_errors_per_second = 10;                        ///< lines of one event that clients can cause
    std::map<std::string, log_limiter, std::less<>> limiters{};    ///< by event, so that a loud one hides no other

    /// May a line of that event, which a client can cause, be written now? How many were held back since the last one, or nothing.
    std::optional<std::uint64_t> may_log(std::string_view event);
    /// A line that a client can cause, at most so many a second; the rest is counted and told with the next one.
    void log_client_error(const logger& to, std::string_view event, std::string_view what, std::string_view identifier = {});
};

} // namespace coax
