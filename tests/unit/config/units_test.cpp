// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include "config/units.hpp"

using namespace std::chrono_literals;

TEST_CASE("a duration is a whole number with a unit", "[config]")
{
    CHECK(coax::parse_duration("3s") == 3000ms);
    CHECK(coax::parse_duration("500ms") == 500ms);
    CHECK(coax::parse_duration("2m") == 2min);
    CHECK(coax::parse_duration("1h") == 1h);
    for (const char* wrong : {"", "3", "s", "3 s", " 3s", "3s ", "-3s", "+3s", "1.5s", "3sec", "3S", "off", "99999999999999999999s", "9223372036854775807h"}) {
        INFO(wrong);
        CHECK_FALSE(coax::parse_duration(wrong));
    }
}

TEST_CASE("a size is a whole number with a binary unit or none", "[config]")
{
    CHECK(coax::parse_size("0") == 0);
    CHECK(coax::parse_size("1500") == 1500);
    CHECK(coax::parse_size("64KiB") == 65536);
    CHECK(coax::parse_size("1MiB") == 1048576);
    CHECK(coax::parse_size("2GiB") == 2147483648);
    for (const char* wrong : {"", "KiB", "64KB", "64kib", "64 KiB", "-1", "1.5MiB", "64B", "9223372036854775807KiB"}) {
        INFO(wrong);
        CHECK_FALSE(coax::parse_size(wrong));
    }
}

TEST_CASE("durations and sizes are written in their shortest form and read back", "[config]")
{
    CHECK(coax::format_duration(90s) == "90s");
    CHECK(coax::format_duration(120s) == "2m");
    CHECK(coax::format_duration(1500ms) == "1500ms");
    CHECK(coax::format_duration(0ms) == "0ms");
    CHECK(coax::format_size(65536) == "64KiB");
    CHECK(coax::format_size(1000) == "1000");
    CHECK(coax::format_size(0) == "0");
    for (const std::int64_t n : {0LL, 1LL, 999LL, 1024LL, 60'000LL, 3'600'000LL, 5'368'709'120LL}) {
        CHECK(coax::parse_duration(coax::format_duration(std::chrono::milliseconds(n))) == std::chrono::milliseconds(n));
        CHECK(coax::parse_size(coax::format_size(n)) == n);
    }
}

TEST_CASE("quoted text stays on one line", "[config]")
{
    CHECK(coax::quote_toml("a\"b\\c\n\t\x1b") == R"("a\"b\\c\n\t\u001b")");
}
