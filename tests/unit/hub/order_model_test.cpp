// SPDX-License-Identifier: MIT
#include "order_model.hpp"

#include "support/catch.hpp"

#include <cstdlib>
#include <random>
#include <string>

namespace {

using coax::model::fault;
using coax::model::order_model;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
constexpr std::uint64_t usual_steps = 100'000;
#else
constexpr std::uint64_t usual_steps = 1'000'000;
#endif

// What the seeds of one adapter make together.
std::uint64_t total_steps()
{
    const char* chosen = std::getenv("COAX_MODEL_STEPS");
    return chosen ? std::strtoull(chosen, nullptr, 10) : usual_steps;
}

void run_seeds(order_model::with adapter)
{
    std::vector<std::uint64_t> seeds{1, 2, 3, 5, 8, 13, 21, 34, 55};
    seeds.push_back(std::random_device()());
    if (const char* chosen = std::getenv("COAX_MODEL_SEED")) seeds = {std::strtoull(chosen, nullptr, 10)};
    const auto steps_each = total_steps() / seeds.size();
    std::int64_t refused = 0;
    for (const auto seed : seeds) {
        order_model model(adapter, seed, fault::none);
        const auto broken = model.run(steps_each);
        INFO("COAX_MODEL_SEED=" << seed);
        if (broken) FAIL(*broken);
        // The run was about something.
        CHECK(model.received_messages() > steps_each / 10);
        refused += model.count("mailbox_overloaded_total");
    }
    CHECK(refused > 0);
    WARN("the last seed was " << seeds.back());
}

} // namespace

TEST_CASE("F8, N3: whatever is joined, left, sent and published, each session gets what the oracle says, with the local adapter", "[model]")
{
    run_seeds(order_model::with::local);
}

TEST_CASE("F8, N3: the same with an adapter that answers and delivers whenever it likes", "[model]")
{
    run_seeds(order_model::with::erratic);
}

TEST_CASE("the oracle finds each mistake that is made on purpose", "[model]")
{
    const auto wrong = GENERATE(fault::drop_frame, fault::double_frame, fault::swap_frames, fault::flip_byte, fault::lose_byte,
                                fault::unicast_without_pull, fault::release_before_confirmation, fault::overtake_outbox, fault::leave_late);
    const auto adapter = GENERATE(order_model::with::local, order_model::with::erratic);
    order_model model(adapter, 7, wrong);
    const auto broken = model.run(20'000);
    INFO("mistake " << static_cast<int>(wrong));
    REQUIRE(broken);
}
