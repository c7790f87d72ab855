// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace coax {

enum class metric_kind : std::uint8_t { counter, gauge };

/// One number. Thread rule: any thread, wait-free.
class metric {
public:
    void add(std::int64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
    void set(std::int64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
    std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

/// A metric as it was when asked.
struct metric_sample {
    std::string name;
    std::string description;
    metric_kind kind;
    std::int64_t value;
};

/// Owns all metrics of a server; references stay valid as long as it lives.
///
/// Thread rule: any thread; `get` takes a lock, so handles are fetched once, at construction.
class metric_registry {
public:
    metric_registry();
    ~metric_registry();
    metric_registry(const metric_registry&) = delete;
    metric_registry& operator=(const metric_registry&) = delete;

    /// The metric of that name, made on first use.
    metric& get(std::string_view name, metric_kind kind = metric_kind::counter, std::string_view description = {});

    /// All metrics, sorted by name.
    std::vector<metric_sample> snapshot() const;

    /// The value of one metric, 0 if there is none of that name.
    std::int64_t value(std::string_view name) const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace coax
