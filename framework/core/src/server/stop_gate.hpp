// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

namespace coax {

/// Waits for several parties to finish a stage of stopping, with a limit, unless told to hurry. Thread rule: any thread.
class stop_gate {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// A callable for each of `parties`; late calls, after the wait was given up, do nothing.
    std::function<void()> open(std::size_t parties)
    {
        const std::lock_guard guard(state_->mutex);
        state_->left = parties;
        const auto stage = ++state_->stage;
        return [state = state_, stage] {
            const std::lock_guard inner(state->mutex);
            if (state->stage != stage) return;
            --state->left;
            state->changed.notify_all();
        };
    }

    /// True if all have finished.
    bool wait_until(time_point limit)
    {
        std::unique_lock lock(state_->mutex);
        state_->changed.wait_until(lock, limit, [&] { return state_->left == 0 || state_->is_hurried; });
        return state_->left == 0;
    }

    /// The same for a stage that is waited for even in a hurry.
    bool wait_patiently_until(time_point limit)
    {
        std::unique_lock lock(state_->mutex);
        return state_->changed.wait_until(lock, limit, [&] { return state_->left == 0; });
    }

    /// From now on no stage is waited for.
    void hurry()
    {
        const std::lock_guard guard(state_->mutex);
        state_->is_hurried = true;
        state_->changed.notify_all();
    }

private:
    struct state {
        std::mutex mutex;
        std::condition_variable changed;
        std::size_t left = 0;
        std::size_t stage = 0;
        bool is_hurried = false;
    };
    std::shared_ptr<state> state_ = std::make_shared<state>();
};

} // namespace coax
