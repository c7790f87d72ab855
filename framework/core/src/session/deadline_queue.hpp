// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace coax {

/// The limits that are running on one shard: calls to make at a time, unless taken back. Sans-I/O: time is passed in.
///
/// One timer of the shard serves them all. Adding and taking back are logarithmic; an idle session has none.
/// Thread rule: shard-affine.
class deadline_queue {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using key = std::pair<time_point, std::uint64_t>;

    /// `changed` is called when the earliest time has become earlier: the timer must be set anew.
    explicit deadline_queue(std::function<void()> changed) : changed_(std::move(changed)) {}

    key add(time_point when, std::function<void()> call)
    {
        const key made(when, ++last_);
        const auto added = calls_.emplace(made, std::move(call)).first;
        if (added == calls_.begin() && changed_) changed_();
        return made;
    }

    /// A key that has passed or was taken back already is ignored.
    void cancel(const key& which) { calls_.erase(which); }

    std::optional<time_point> next() const
    {
        if (calls_.empty()) return std::nullopt;
        return calls_.begin()->first.first;
    }

    /// Makes every call whose time has come. A call may add and take back others.
    void run(time_point now)
    {
        while (!calls_.empty() && calls_.begin()->first.first <= now) {
            auto due = calls_.extract(calls_.begin());
            due.mapped()();
        }
    }

private:
    std::map<key, std::function<void()>> calls_;
    std::function<void()> changed_;
    std::uint64_t last_ = 0;
};

/// A limit that is taken back when it goes out of scope, however that happens.
class scoped_deadline {
public:
    scoped_deadline(deadline_queue& queue, deadline_queue::time_point when, std::function<void()> call)
        : queue_(queue), key_(queue.add(when, std::move(call)))
    {
    }
    ~scoped_deadline() { queue_.cancel(key_); }
    scoped_deadline(const scoped_deadline&) = delete;
    scoped_deadline& operator=(const scoped_deadline&) = delete;

private:
    deadline_queue& queue_;
    deadline_queue::key key_;
};

} // namespace coax
