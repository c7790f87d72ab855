// SPDX-License-Identifier: MIT
#include <coax/metrics.hpp>

#include <map>
#include <mutex>

namespace coax {
namespace {

struct entry {
    metric_kind kind;
    std::string description;
    metric number;

    entry(metric_kind k, std::string_view d) : kind(k), description(d) {}
};

} // namespace

struct metric_registry::state {
    mutable std::mutex mutex;
    std::map<std::string, entry, std::less<>> entries; // nodes do not move: references stay valid
};

metric_registry::metric_registry() : state_(std::make_unique<state>()) {}
metric_registry::~metric_registry() = default;

metric& metric_registry::get(std::string_view name, metric_kind kind, std::string_view description)
{
    const std::lock_guard lock(state_->mutex);
    auto found = state_->entries.find(name);
    if (found == state_->entries.end()) found = state_->entries.try_emplace(std::string(name), kind, description).first;
    else if (found->second.description.empty()) found->second.description = description;
    return found->second.number;
}

std::vector<metric_sample> metric_registry::snapshot() const
{
    const std::lock_guard lock(state_->mutex);
    std::vector<metric_sample> samples;
    samples.reserve(state_->entries.size());
    for (const auto& [name, e] : state_->entries) samples.push_back({name, e.description, e.kind, e.number.value()});
    return samples;
}

std::int64_t metric_registry::value(std::string_view name) const
{
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->entries.find(name);
    return found == state_->entries.end() ? 0 : found->second.number.value();
}

} // namespace coax
