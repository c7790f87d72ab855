// SPDX-License-Identifier: MIT
#include <coax/error.hpp>

#include "support/catch.hpp"

#include <set>
#include <string>
#include <vector>

namespace {

// A second class with the same ids stands for the copy that a plugin has in its own shared object.
class copy_in_a_plugin final : public boost::system::error_category {
public:
    constexpr copy_in_a_plugin() noexcept : boost::system::error_category(0x8f3d2c61a70b49e5) {}
    const char* name() const noexcept override { return "coax"; }
    std::string message(int) const override { return "the plugin's text"; }
};

class copy_without_id final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "coax"; }
    std::string message(int) const override { return "the plugin's text"; }
};

constexpr int first_code = 1;
constexpr int last_code = 20;

} // namespace

TEST_CASE("a code made in another shared object equals ours, because the category's id is fixed", "[error]")
{
    const copy_in_a_plugin theirs;
    const boost::system::error_code code(static_cast<int>(coax::errc::timed_out), theirs);
    CHECK(code == make_error_code(coax::errc::timed_out));
    CHECK(code != make_error_code(coax::errc::cancelled));
}

TEST_CASE("a category without the fixed id compares unequal even under the same name", "[error]")
{
    const copy_without_id theirs;
    const boost::system::error_code code(static_cast<int>(coax::errc::timed_out), theirs);
    CHECK(code != make_error_code(coax::errc::timed_out));
}

TEST_CASE("a code made in another shared object still meets our conditions", "[error]")
{
    const copy_in_a_plugin theirs;
    const boost::system::error_code code(static_cast<int>(coax::errc::timed_out), theirs);
    CHECK(code == coax::condition::retryable);
    CHECK(code != coax::condition::protocol_violation);
}

TEST_CASE("the numbers that cross the plugin boundary are pinned", "[error]")
{
    CHECK(static_cast<int>(coax::errc::malformed_command) == 1);
    CHECK(static_cast<int>(coax::errc::channel_not_found) == 6);
    CHECK(static_cast<int>(coax::errc::adapter_unavailable) == 11);
    CHECK(static_cast<int>(coax::errc::timed_out) == 12);
    CHECK(static_cast<int>(coax::errc::shutting_down) == 14);
    CHECK(static_cast<int>(coax::errc::overloaded) == 18);
    CHECK(static_cast<int>(coax::errc::invalid_argument) == last_code);
}

TEST_CASE("every code has a text of its own", "[error]")
{
    std::set<std::string> texts;
    for (int value = first_code; value <= last_code; ++value) {
        const auto text = make_error_code(static_cast<coax::errc>(value)).message();
        INFO(value << ": " << text);
        CHECK(text != "unknown coax error");
        CHECK(texts.insert(text).second);
    }
    CHECK(make_error_code(static_cast<coax::errc>(last_code + 1)).message() == "unknown coax error");
}

TEST_CASE("each code meets exactly the condition that its comment names", "[error]")
{
    const std::vector<coax::errc> violations{coax::errc::malformed_command, coax::errc::unknown_command, coax::errc::unknown_subscription,
        coax::errc::missing_identifier, coax::errc::channel_not_found, coax::errc::action_not_found};
    const std::vector<coax::errc> retryable{coax::errc::adapter_unavailable, coax::errc::timed_out, coax::errc::overloaded};
    const auto holds = [](const std::vector<coax::errc>& list, int value) {
        return std::find(list.begin(), list.end(), static_cast<coax::errc>(value)) != list.end();
    };
    for (int value = first_code; value <= last_code; ++value) {
        const auto code = make_error_code(static_cast<coax::errc>(value));
        INFO(code.message());
        CHECK((code == coax::condition::protocol_violation) == holds(violations, value));
        CHECK((code == coax::condition::retryable) == holds(retryable, value));
    }
}

TEST_CASE("a foreign category with the same number meets none of our conditions", "[error]")
{
    const boost::system::error_code code(static_cast<int>(coax::errc::timed_out), boost::system::generic_category());
    CHECK(code != coax::condition::retryable);
    CHECK(code != coax::condition::protocol_violation);
}

TEST_CASE("a broken configuration exits with 78, any other start-up failure with 1", "[error]")
{
    CHECK(coax::config_error("adapter.url: expected a string").exit_code() == 78);
    CHECK(coax::startup_error("port in use").exit_code() == 1);
    CHECK(std::string(coax::startup_error("port in use").what()) == "port in use");
}
