// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include "observe/line_writer.hpp"

#include <coax/log.hpp>

#include <boost/json.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

using coax::log_level;
using coax::logger;

/// A pipe whose write end a sink gets.
class test_pipe {
public:
    explicit test_pipe(int flags = 0) { REQUIRE(::pipe2(fds_.data(), O_CLOEXEC | flags) == 0); }
    ~test_pipe()
    {
        close_reader();
        close_writer();
    }
    test_pipe(const test_pipe&) = delete;
    test_pipe& operator=(const test_pipe&) = delete;

    int writer() const { return fds_[1]; }
    void close_reader() { close_end(0); }
    void close_writer() { close_end(1); }

    /// What one read(2) gives: with a pipe, what is there.
    std::string read_some() const
    {
        std::array<char, 1 << 16> buffer;
        const auto n = ::read(fds_[0], buffer.data(), buffer.size());
        return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : std::string();
    }
    /// Everything up to the end; the write end must be closed.
    std::string read_all() const
    {
        std::string all;
        for (;;) {
            const std::string part = read_some();
            if (part.empty()) return all;
            all += part;
        }
    }

private:
    void close_end(std::size_t i)
    {
        if (fds_[i] >= 0) ::close(fds_[i]);
        fds_[i] = -1;
    }
    std::array<int, 2> fds_{-1, -1};
};

std::vector<std::string> split_lines(const std::string& text)
{
    std::vector<std::string> lines;
    std::size_t begin = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
        lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    REQUIRE(begin == text.size());
    return lines;
}

std::string text_of(const std::string& value)
{
    test_pipe pipe;
    logger(coax::make_text_sink(pipe.writer()), log_level::info).info("e", {{"k", value}, {"after", 1}});
    const std::string line = pipe.read_some();
    const auto at = line.find(" k=");
    REQUIRE(at != std::string::npos);
    REQUIRE(line.ends_with(" after=1\n"));
    return line.substr(at + 3, line.size() - at - 3 - std::string(" after=1\n").size());
}

boost::json::object json_of(const std::string& key, const std::string& value)
{
    test_pipe pipe;
    logger(coax::make_json_sink(pipe.writer()), log_level::info).info("e", {{key, value}});
    const std::string line = pipe.read_some();
    REQUIRE(line.ends_with("\n"));
    REQUIRE(line.find('\n') == line.size() - 1);
    return boost::json::parse(line.substr(0, line.size() - 1)).as_object();
}

} // namespace

TEST_CASE("a text line is timestamp, level, event and fields", "[log]")
{
    test_pipe pipe;
    const logger log = logger(coax::make_text_sink(pipe.writer()), log_level::info).with("sid", "s-1");
    log.warn("session.slow", {{"bytes", 17}, {"path", "/cable"}, {"ok", true}});
    std::string line = pipe.read_some();
    const std::string shape = "0000-00-00T00:00:00.000Z";
    REQUIRE(line.size() > shape.size());
    for (std::size_t i = 0; i < shape.size(); ++i)
        if (line[i] >= '0' && line[i] <= '9') line[i] = '0';
    CHECK(line == shape + " warn session.slow sid=s-1 bytes=17 path=/cable ok=true\n");
}

TEST_CASE("a timestamp is UTC with milliseconds", "[log]")
{
    const auto at = [](std::int64_t ms) {
        std::string text;
        coax::append_timestamp(text, std::chrono::system_clock::time_point(std::chrono::milliseconds(ms)));
        return text;
    };
    CHECK(at(1'000'000'000'123) == "2001-09-09T01:46:40.123Z");
    CHECK(at(-1) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("a line below the level is not written", "[log]")
{
    test_pipe pipe;
    const logger log(coax::make_text_sink(pipe.writer()), log_level::warn);
    log.info("quiet", {});
    log.warn("loud", {}); // comes first, so the other was not written
    CHECK(pipe.read_some().ends_with(" warn loud\n"));
}

TEST_CASE("a value of a client cannot end its line or forge a field", "[log]")
{
    CHECK(text_of("plain-1.0:/x") == "plain-1.0:/x");
    CHECK(text_of("") == R"("")");
    CHECK(text_of("a b") == R"("a b")");
    CHECK(text_of("x\n2026 error forged") == R"("x\n2026 error forged")");
    CHECK(text_of(R"(a" k2="v)") == R"("a\" k2=\"v")");
    CHECK(text_of("k=v") == R"("k=v")");
    CHECK(text_of(std::string("nul\0byte", 8)) == R"("nul\u0000byte")");
    CHECK(text_of("\x1b[31mred") == R"("\u001b[31mred")");
    CHECK(text_of("\xc2\x9b") == R"("\u009b")");         // C1 control as UTF-8
    CHECK(text_of("\xe2\x80\xa8") == R"("\u2028")");     // line separator
    CHECK(text_of("\xff\xc3(") == R"("\xff\xc3(")");      // not UTF-8
    CHECK(text_of("\xed\xa0\x80") == R"("\xed\xa0\x80")"); // a surrogate
    CHECK(text_of("gr\xc3\xbc\xc3\x9f") == "\"gr\xc3\xbc\xc3\x9f\"");
}

TEST_CASE("an event name or key with strange bytes stays one word", "[log]")
{
    test_pipe pipe;
    logger(coax::make_text_sink(pipe.writer()), log_level::info).info("a b\n", {{"k =\n", "v"}});
    CHECK(pipe.read_some().ends_with(" info a_b_ k___=v\n"));
}

TEST_CASE("a JSON line parses and gives back the values byte for byte", "[log]")
{
    using namespace std::string_literals;
    const std::string value = "q\" \\ \n\t\0\x01\x7f gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xe2\x80\xa8"s;
    const auto line = json_of("k", value);
    CHECK(line.at("k").as_string() == value);
    CHECK(line.at("event").as_string() == "e");
    CHECK(line.at("level").as_string() == "info");
    CHECK(line.at("ts").as_string().size() == std::string("2026-11-22T10:00:00.000Z").size());
}

TEST_CASE("a JSON line stays valid when a value is not UTF-8", "[log]")
{
    CHECK(json_of("k", "a\xff\xc3z").at("k").as_string() == "a\xef\xbf\xbd\xef\xbf\xbdz");
    CHECK(json_of("k\xff", "v").contains("k\xef\xbf\xbd"));
}

TEST_CASE("a field cannot replace the level or the event of a JSON line", "[log]")
{
    const auto line = json_of("level", "error");
    CHECK(line.at("level").as_string() == "info");
    CHECK(line.at("level_").as_string() == "error");
}

TEST_CASE("a field replaces one of the context instead of standing beside it", "[log]")
{
    test_pipe pipe;
    const logger log = logger(coax::make_text_sink(pipe.writer()), log_level::info).with("a", "1").with("a", "2").with("b", "3");
    log.info("e", {{"b", 4}});
    CHECK(pipe.read_some().ends_with(" e a=2 b=4\n"));
}

TEST_CASE("a huge value is cut and says by how much", "[log]")
{
    const std::string shown = text_of(std::string(5000, 'x'));
    CHECK(shown == '"' + std::string(4096, 'x') + "...(904 bytes more)\"");
    // The cut falls into a character of two bytes: it goes as a whole.
    const std::string wide = text_of(std::string(4095, 'x') + "\xc3\xbc");
    CHECK(wide == '"' + std::string(4095, 'x') + "...(2 bytes more)\"");
}

TEST_CASE("lines of several threads never mix", "[log]")
{
    test_pipe pipe;
    const logger log(coax::make_text_sink(pipe.writer()), log_level::info);
    constexpr int threads = 4;
    constexpr int lines_each = 50;
    std::string all;
    std::thread reader([&] { all = pipe.read_all(); });
    std::vector<std::thread> writers;
    for (int t = 0; t < threads; ++t)
        writers.emplace_back([&log, t] {
            // Above PIPE_BUF with both fields, where the kernel alone would let lines interleave.
            const std::string long_value(4000, static_cast<char>('a' + t));
            for (int i = 0; i < lines_each; ++i) log.info("e", {{"v", long_value}, {"w", long_value}, {"id", t * lines_each + i}});
        });
    for (auto& writer : writers) writer.join();
    pipe.close_writer();
    reader.join();

    std::set<int> ids;
    const auto lines = split_lines(all);
    for (const auto& line : lines) {
        const auto v = line.find(" v=");
        const auto id = line.rfind(" id=");
        REQUIRE(v != std::string::npos);
        REQUIRE(id != std::string::npos);
        const char letter = line[v + 3];
        CHECK(line.substr(v, id - v) == " v=" + std::string(4000, letter) + " w=" + std::string(4000, letter));
        ids.insert(std::stoi(line.substr(id + 4)));
    }
    CHECK(lines.size() == threads * lines_each);
    CHECK(ids.size() == threads * lines_each);
}

TEST_CASE("a full descriptor loses lines but never blocks, and later lines are whole", "[log]")
{
    test_pipe pipe(O_NONBLOCK);
    const logger log(coax::make_text_sink(pipe.writer()), log_level::info);
    const std::string value(3000, 'x');
    for (int i = 0; i < 200; ++i) log.info("filler", {{"v", value}, {"v2", value}});
    for (std::string part = pipe.read_some(); !part.empty();) part = pipe.read_some();
    log.info("after", {});
    const std::string last = pipe.read_some();
    CHECK(last.ends_with(" info after\n"));
    CHECK(split_lines(last).back().find("after") != std::string::npos);
}

TEST_CASE("a broken descriptor is survived and errno is kept", "[log]")
{
    const auto previous = std::signal(SIGPIPE, SIG_IGN);
    test_pipe pipe;
    pipe.close_reader();
    const logger log(coax::make_json_sink(pipe.writer()), log_level::info);
    errno = ENOENT;
    log.error("lost", {});
    CHECK(errno == ENOENT);
    const logger closed(coax::make_text_sink(-1), log_level::info);
    closed.error("lost", {});
    CHECK(errno == ENOENT);
    std::signal(SIGPIPE, previous);
}

TEST_CASE("a level is known by its name only", "[log]")
{
    log_level level = log_level::error;
    CHECK(coax::parse_log_level("debug", level));
    CHECK(level == log_level::debug);
    CHECK(coax::parse_log_level("off", level));
    CHECK(level == log_level::off);
    CHECK_FALSE(coax::parse_log_level("INFO", level));
    CHECK_FALSE(coax::parse_log_level("", level));
    CHECK(level == log_level::off);
}

TEST_CASE("a logger without a sink and one that is off write nothing", "[log]")
{
    CHECK_FALSE(logger().enabled(log_level::error));
    logger().error("nothing", {});
    test_pipe pipe;
    CHECK_FALSE(logger(coax::make_text_sink(pipe.writer()), log_level::off).enabled(log_level::error));
}
