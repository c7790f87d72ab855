// SPDX-License-Identifier: MIT
#include "protocol/deflate.hpp"

#include <coax/error.hpp>

#include "support/catch.hpp"

#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace coax;

namespace {

std::string noise(std::size_t size)
{
    std::mt19937 random(7);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

} // namespace

TEST_CASE("A18: a deflate offer is answered without context takeover both ways", "[deflate]")
{
    const std::string plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    struct row {
        std::string offers;
        std::string answer; ///< empty: declined
    };
    const std::vector<row> rows{
        {"permessage-deflate", plain},
        {"permessage-deflate; client_max_window_bits", plain},
        {"permessage-deflate;client_max_window_bits=8", plain},
        {"permessage-deflate; client_max_window_bits=\"12\"", plain},
        {"Permessage-Deflate; Server_No_Context_Takeover; client_no_context_takeover", plain},
        {"permessage-deflate ; server_max_window_bits = 15", plain + "; server_max_window_bits=15"},
        {"permessage-deflate; server_max_window_bits=\"15\"", plain + "; server_max_window_bits=15"},
        {"x-webkit-deflate-frame, permessage-deflate", plain},
        {"foo; a=1; b=\"c\"; d, permessage-deflate", plain},
        {"permessage-deflate; server_max_window_bits=10, permessage-deflate", plain},
        {"permessage-deflate; server_max_window_bits=15, permessage-deflate", plain + "; server_max_window_bits=15"},
        {",, permessage-deflate ,", plain},

        {"", ""},
        {"foo", ""},
        {"permessage-deflat", ""},
        {"permessage-deflate; server_max_window_bits=14", ""},
        {"permessage-deflate; server_max_window_bits=8", ""},
        {"permessage-deflate; server_max_window_bits", ""},
        {"permessage-deflate; server_max_window_bits=", ""},
        {"permessage-deflate; server_max_window_bits=16", ""},
        {"permessage-deflate; server_max_window_bits=015", ""},
        {"permessage-deflate; server_max_window_bits=\"15", ""},
        {"permessage-deflate; client_max_window_bits=7", ""},
        {"permessage-deflate; client_max_window_bits=16", ""},
        {"permessage-deflate; client_max_window_bits=x", ""},
        {"permessage-deflate; client_max_window_bits; client_max_window_bits", ""},
        {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""},
        {"permessage-deflate; server_no_context_takeover=1", ""},
        {"permessage-deflate; client_no_context_takeover=true", ""},
        {"permessage-deflate; unknown", ""},
        {"permessage-deflate; unknown=1", ""},
        {"permessage-deflate;", ""},
        {"permessage-deflate; ;", ""},
        {"permessage-deflate foo", ""},
        {"; permessage-deflate", ""},
        {"permessage-deflate, foo; =", ""},
        {"permessage-deflate, \"", ""},
        {std::string("permessage-deflate\0", 19), ""},
    };
    for (const auto& row : rows) {
        INFO(row.offers);
        CHECK(negotiate_deflate(row.offers).value_or("") == row.answer);
    }
}

TEST_CASE("what is compressed inflates to itself, one message independent of the other", "[deflate]")
{
    deflater deflate;
    inflater inflate;
    const std::vector<std::string> messages{"", "a", "hello hello hello", std::string(70000, 'x'), noise(70000), std::string(1 << 20, '\0'), "after"};
    std::vector<std::string> packed;
    for (const auto& message : messages) packed.emplace_back(deflate.compress(message));
    // In another order: no message may lean on one before it.
    for (std::size_t i = messages.size(); i-- > 0;) {
        INFO(i);
        const auto unpacked = inflate.inflate(packed[i], messages[i].size());
        REQUIRE(unpacked.has_value());
        CHECK(*unpacked == messages[i]);
    }
    CHECK(packed[0] == std::string(1, '\0')); // RFC 7692 7.2.3.6
    CHECK(packed[3].size() < 1000);
}

TEST_CASE("the examples of RFC 7692 inflate", "[deflate]")
{
    inflater inflate;
    const std::vector<std::string> hello{
        std::string("\xf2\x48\xcd\xc9\xc9\x07\x00", 7),                          // 7.2.3.1
        std::string("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11),         // 7.2.3.3, no compression
        std::string("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8),                      // 7.2.3.4, BFINAL
        std::string("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13), // 7.2.3.5, two blocks
    };
    for (const auto& packed : hello) {
        const auto unpacked = inflate.inflate(packed, 5);
        REQUIRE(unpacked.has_value());
        CHECK(*unpacked == "Hello");
    }
}

TEST_CASE("inflation stops at the limit", "[deflate]")
{
    deflater deflate;
    inflater inflate;
    for (const std::size_t size : {1u, 1023u, 1024u, 1025u, 65536u, 1u << 22}) {
        const std::string packed(deflate.compress(std::string(size, 'z')));
        INFO(size);
        CHECK(inflate.inflate(packed, size).has_value());
        const auto above = inflate.inflate(packed, size - 1);
        REQUIRE_FALSE(above.has_value());
        CHECK(above.error() == errc::payload_too_large);
    }
    CHECK(inflate.inflate(deflate.compress(""), 0).has_value());
    CHECK(inflate.inflate(deflate.compress("a"), 0).error() == errc::payload_too_large);
    CHECK(inflate.inflate(deflate.compress("a"), std::string::npos).has_value());
}

TEST_CASE("broken compressed data is an error, and the next message is not affected", "[deflate]")
{
    deflater deflate;
    inflater inflate;
    const std::string good(deflate.compress("good news good news"));
    const std::vector<std::string> broken{
        "\xff\xff\xff",                          // no such block type
        std::string("\x00\x05\x00\x00\x00", 5),  // stored length and its complement disagree
        std::string("\x00\x05\x00\xfa\xff" "He", 7), // a stored block cut short
        good.substr(0, good.size() / 2),
        "\x4b\x04\x80\x3f",                      // refers to bytes before the beginning
    };
    for (const auto& bytes : broken) {
        INFO(&bytes - broken.data());
        const auto unpacked = inflate.inflate(bytes, 65536);
        REQUIRE_FALSE(unpacked.has_value());
        CHECK(unpacked.error() == errc::malformed_command);
        CHECK(inflate.inflate(good, 65536).value() == "good news good news");
    }
}
