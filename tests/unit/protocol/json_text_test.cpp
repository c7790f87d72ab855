// SPDX-License-Identifier: MIT
#include "protocol/codec.hpp"

#include "support/catch.hpp"

#include <boost/json.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace coax;

TEST_CASE("one JSON value of any kind is JSON, with white space round it", "[json]")
{
    for (const std::string text : {"{}", "[]", "null", "true", "0", "-1.5e3", "\"\"", " \t\r\n{\"a\":[1,2]} \t\r\n", "123456789012345678901234567890",
                                   R"("\u0000\ud83d\ude00")", "\"\xf0\x9f\x98\x80\"", R"({"a":1,"a":2})", "1e308"}) {
        INFO(text);
        CHECK(is_json(text));
    }
}

TEST_CASE("what is not exactly one JSON value is not JSON", "[json]")
{
    for (const std::string text : {"", " ", "{} {}", "{}x", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "nul", "NaN", "Infinity", "01", "+1", "1.", ".5", "0x1",
                                   "// c\n1", "/* c */1", "\"\\x41\"", "\"\n\"", "\"a", "[", "]", "\xef\xbb\xbf{}"}) {
        INFO(text);
        CHECK_FALSE(is_json(text));
    }
    CHECK_FALSE(is_json(std::string_view("1\0", 2)));
    CHECK_FALSE(is_json(std::string_view("\"a\0b\"", 5)));
}

TEST_CASE("JSON that is no Unicode text is refused", "[json]")
{
    for (const std::string text : {"\"\xff\"", "\"\xc3\"", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", R"("\ud800")", R"("\udc00")", R"("\ud800a")", R"("\ud800\u0041")",
                                   R"({"\ud800":1})", "{\"\xff\":1}"}) {
        INFO(text);
        CHECK_FALSE(is_json(text));
    }
}

TEST_CASE("JSON may be nested 512 deep and no deeper", "[json]")
{
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(is_json(nested(512)));
    CHECK_FALSE(is_json(nested(513)));
    CHECK_FALSE(is_json(std::string(65536, '[')));
    CHECK_FALSE(is_json(std::string(1 << 20, '{')));
}

TEST_CASE("quoted text parses back to itself", "[json]")
{
    std::vector<std::string> samples{"", "plain", "\"quoted\" \\ back", "\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\xe2\x82\xac", "\xf0\x9f\x98\x80<&>", "\x7f"};
    std::string controls;
    for (char c = 0; c < 0x20; ++c) controls += c;
    samples.push_back(controls);
    for (const auto& sample : samples) {
        INFO(sample);
        const auto quoted = quote_json(sample);
        CHECK(is_json(quoted));
        const auto value = boost::json::parse(quoted);
        CHECK(std::string_view(value.as_string()) == sample);
    }
}

TEST_CASE("what could end a script or a line of JavaScript is escaped as Action Cable does", "[json]")
{
    CHECK(quote_json("<script>&") == R"("\u003cscript\u003e\u0026")");
    CHECK(quote_json("a\xe2\x80\xa8" "b\xe2\x80\xa9") == R"("a\u2028b\u2029")");
    CHECK(quote_json("\b\f\n\r\t\x01\x1f") == R"("\b\f\n\r\t\u0001\u001f")");
    CHECK(quote_json("\xc3\xa9") == "\"\xc3\xa9\"");
}

TEST_CASE("bytes that are not UTF-8 are quoted as replacement characters", "[json]")
{
    CHECK(quote_json("a\xff" "b") == "\"a\xef\xbf\xbd" "b\"");
    CHECK(quote_json("\xc3\xa9\xc3") == "\"\xc3\xa9\xef\xbf\xbd\"");
    CHECK(quote_json("\xff\xe2\x80\xa8<") == "\"\xef\xbf\xbd\\u2028\\u003c\"");
    CHECK(is_json(quote_json("\xe2\x80")));
    CHECK(is_json(quote_json("\xed\xa0\x80\xf4\x90\x80\x80")));
}
