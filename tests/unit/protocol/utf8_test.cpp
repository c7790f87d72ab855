// SPDX-License-Identifier: MIT
#include "protocol/utf8.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace coax;

namespace {

/// UTF-8's definition (Unicode, table 3-7), decoded the slow way: an independent judge.
bool is_one_character(const std::string& bytes)
{
    const auto at = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(bytes[i])); };
    unsigned code = 0;
    unsigned least = 0;
    if (bytes.size() == 1) return at(0) < 0x80;
    if (bytes.size() == 2 && (at(0) & 0xe0) == 0xc0) code = at(0) & 0x1f, least = 0x80;
    else if (bytes.size() == 3 && (at(0) & 0xf0) == 0xe0) code = at(0) & 0x0f, least = 0x800;
    else if (bytes.size() == 4 && (at(0) & 0xf8) == 0xf0) code = at(0) & 0x07, least = 0x10000;
    else return false;
    for (std::size_t i = 1; i < bytes.size(); ++i) {
        if ((at(i) & 0xc0) != 0x80) return false;
        code = code << 6 | (at(i) & 0x3f);
    }
    return code >= least && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

} // namespace

TEST_CASE("every sequence of two or three bytes is judged as Unicode defines it", "[utf8]")
{
    unsigned wrong = 0;
    for (unsigned a = 0x80; a < 0x100; ++a)
        for (unsigned b = 0; b < 0x100; ++b) {
            std::string bytes{static_cast<char>(a), static_cast<char>(b)};
            // The first byte is no character of its own here, so the pair is valid only as one.
            wrong += is_valid_utf8(bytes) != is_one_character(bytes);
            bytes += '\x80';
            wrong += is_valid_utf8(bytes) != is_one_character(bytes);
            bytes.back() = '\xbf';
            wrong += is_valid_utf8(bytes) != is_one_character(bytes);
            bytes += '\x80';
            wrong += is_valid_utf8(bytes) != is_one_character(bytes);
        }
    CHECK(wrong == 0);
}

TEST_CASE("the limits of the code space are kept", "[utf8]")
{
    CHECK(is_valid_utf8("\xf4\x8f\xbf\xbf"));
    CHECK_FALSE(is_valid_utf8("\xf4\x90\x80\x80"));
    CHECK(is_valid_utf8("\xed\x9f\xbf"));
    CHECK_FALSE(is_valid_utf8("\xed\xa0\x80"));
    CHECK_FALSE(is_valid_utf8("\xed\xbf\xbf"));
    CHECK_FALSE(is_valid_utf8("\xc0\x80"));
    CHECK_FALSE(is_valid_utf8("\xe0\x9f\xbf"));
    CHECK_FALSE(is_valid_utf8("\xf0\x8f\xbf\xbf"));
    CHECK_FALSE(is_valid_utf8("\xff"));
    CHECK(is_valid_utf8(""));
    CHECK(is_valid_utf8(std::string_view("\0", 1)));
}

TEST_CASE("a wrong byte is found at any offset in long ASCII text", "[utf8]")
{
    for (std::size_t size = 1; size <= 40; ++size)
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, 'a');
            text[at] = '\x80';
            INFO(size << " " << at);
            REQUIRE_FALSE(is_valid_utf8(text));
        }
}

TEST_CASE("text may be cut inside a character, but not end there", "[utf8]")
{
    const std::string_view text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        utf8_validator validator;
        INFO(cut);
        REQUIRE(validator.feed(text.substr(0, cut)));
        CHECK(validator.is_complete() == is_valid_utf8(text.substr(0, cut)));
        REQUIRE(validator.feed(text.substr(cut)));
        CHECK(validator.is_complete());
    }
}

TEST_CASE("a validator refuses as soon as the text cannot become valid", "[utf8]")
{
    utf8_validator validator;
    CHECK(validator.feed("\xe0"));
    CHECK_FALSE(validator.feed("\x80"));
    CHECK_FALSE(validator.feed("a"));
    validator.reset();
    CHECK(validator.feed("a"));
}
