// SPDX-License-Identifier: MIT
#include "protocol/transcript.hpp"

#include "support/ws_client.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <optional>

namespace coax::testing {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 7> kinds{"about", "connect", "client", "server", "server_text", "silence", "close"};

constexpr std::string_view ping_begin = R"({"type":"ping",)";

[[noreturn]] void fail(const std::string& where, const std::string& what)
{
    throw transcript_failure(where + ": " + what);
}

bool is_end(const transcript::step& step) { return step.kind == "silence" || step.kind == "close"; }

/// What a field of a connect says; an unknown one is an error like an unknown kind.
void check_connect(const transcript::step& step)
{
    if (!step.what.is_object()) fail(step.where, "connect takes an object");
    for (const auto& [key, value] : step.what.get_object())
        if (key != "path" && key != "protocols" && key != "headers" && key != "agreed") fail(step.where, "unknown field of connect: " + std::string(key));
}

transcript::step parse_line(std::string where, std::string_view line)
{
    boost::system::error_code error;
    auto value = json::parse(line, error);
    if (error || !value.is_object() || value.get_object().size() != 1) fail(where, "a line is an object with one field");
    auto& [key, what] = *value.get_object().begin();
    transcript::step out{std::move(where), std::string(key), what};
    if (std::find(kinds.begin(), kinds.end(), out.kind) == kinds.end()) fail(out.where, "unknown kind of line: " + out.kind);
    const bool is_text = out.kind == "client" || out.kind == "server_text" || out.kind == "about";
    if (is_text && !out.what.is_string()) fail(out.where, out.kind + " takes a string");
    if (out.kind == "server" && !out.what.is_object()) fail(out.where, "server takes an object");
    if (out.kind == "close" && !out.what.is_int64()) fail(out.where, "close takes a number");
    if (out.kind == "silence" && out.what != json::value("sentinel")) fail(out.where, "silence takes \"sentinel\"");
    if (out.kind == "connect") check_connect(out);
    return out;
}

/// The value of the answer's `Sec-WebSocket-Protocol`, or null.
json::value agreed_protocol(std::string_view head)
{
    static constexpr std::string_view name = "\r\nsec-websocket-protocol: ";
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    const auto found = std::search(head.begin(), head.end(), name.begin(), name.end(), same);
    if (found == head.end()) return nullptr;
    const auto begin = static_cast<std::size_t>(found - head.begin()) + name.size();
    return json::value(head.substr(begin, head.find('\r', begin) - begin));
}

/// `"*"` stands for any session id that is not empty, and for any time in a ping.
bool is_as_said(json::object got, const json::object& said)
{
    const auto is_any = [&](std::string_view key) { return said.contains(key) && said.at(key) == json::value("*"); };
    const auto take_over = [&](std::string_view key) { got[key] = "*"; };
    if (is_any("sid") && got.contains("sid") && got.at("sid").is_string() && !got.at("sid").get_string().empty()) take_over("sid");
    const bool is_ping = said.contains("type") && said.at("type") == json::value("ping");
    if (is_ping && is_any("message") && got.contains("message") && got.at("message").is_int64()) take_over("message");
    return got == said;
}

class player {
public:
    explicit player(std::string_view address) : address_(address) {}

    void play(const transcript::step& step)
    {
        where_ = step.where;
        if (step.kind == "connect") connect(step.what.get_object());
        else if (step.kind == "client") client_->send_text(std::string_view(step.what.get_string()));
        else if (step.kind == "server") expect(step.what.get_object());
        else if (step.kind == "server_text") expect_text(std::string_view(step.what.get_string()));
        else if (step.kind == "close") expect_close(step.what.get_int64());
        else if (step.kind == "silence") expect_silence();
    }

private:
    void connect(const json::object& how)
    {
        ws_request request;
        if (const auto* path = how.if_contains("path")) request.path = json::value_to<std::string>(*path);
        if (const auto* protocols = how.if_contains("protocols")) {
            request.protocol.clear();
            for (const auto& one : protocols->as_array()) request.protocol += (request.protocol.empty() ? "" : ", ") + json::value_to<std::string>(one);
        }
        if (const auto* headers = how.if_contains("headers"))
            for (const auto& [name, value] : headers->as_object()) request.headers.emplace_back(std::string(name), json::value_to<std::string>(value));
        client_.emplace(address_);
        client_->send_raw(request.text());
        const auto agreed = agreed_protocol(client_->expect_open());
        if (const auto* said = how.if_contains("agreed"); said && agreed != *said)
            fail(where_, "agreed on " + json::serialize(agreed) + " instead of " + json::serialize(*said));
    }

    /// The next text. Pings come by the clock, so they are passed over except where one is waited for.
    std::string next(bool wants_ping = false)
    {
        for (;;) {
            auto frame = client_->next_frame();
            if (frame.opcode == 8) fail(where_, "a close instead of a message");
            if (frame.opcode != 1) fail(where_, "a frame with opcode " + std::to_string(frame.opcode));
            if (wants_ping || !frame.payload.starts_with(ping_begin)) return std::move(frame.payload);
        }
    }

    void expect(const json::object& said)
    {
        const auto text = next(said.contains("type") && said.at("type") == json::value("ping"));
        boost::system::error_code error;
        auto got = json::parse(text, error);
        if (error || !got.is_object() || !is_as_said(std::move(got.get_object()), said)) fail(where_, "instead came " + text);
    }

    void expect_text(std::string_view said)
    {
        if (const auto text = next(); text != said) fail(where_, "instead came " + text);
    }

    /// Twice there and back: the first pong may overtake a command that has only been queued, but that command has had its turn before
    /// the server reads what is sent next. That is a ping of the WebSocket, whose pong cannot be taken for another one.
    void expect_silence()
    {
        client_->send_text(R"({"command":"ping"})");
        expect_text(R"({"type":"pong"})");
        const auto sentinel = "sentinel " + std::to_string(++sentinels_);
        client_->send_raw(client_frame(first_byte::ping, sentinel));
        for (;;) {
            const auto frame = client_->next_frame();
            if (frame.opcode == 1 && frame.payload.starts_with(ping_begin)) continue;
            if (frame.opcode != 10 || frame.payload != sentinel) fail(where_, "instead of the sentinel came " + frame.payload);
            return;
        }
    }

    void expect_close(std::int64_t said)
    {
        const auto frame = client_->next_frame();
        if (frame.opcode != 8) fail(where_, "instead of a close came " + frame.payload);
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(frame.payload.at(i)); };
        const auto got = frame.payload.size() < 2 ? 1005 : byte(0) << 8 | byte(1);
        if (got != said) fail(where_, "closed with " + std::to_string(got));
    }

    std::string_view address_;
    std::string where_;
    int sentinels_ = 0;
    std::optional<ws_client> client_;
};

} // namespace

transcript parse_transcript(std::string name, std::string_view text)
{
    transcript out{std::move(name), {}};
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        auto step = parse_line(out.name + ':' + std::to_string(number), line);
        if (step.kind == "about") continue;
        const bool must_connect = out.steps.empty() || out.steps.back().kind == "close";
        if (must_connect && step.kind != "connect") fail(step.where, "there is no connection");
        if (step.kind == "connect" && !out.steps.empty() && !is_end(out.steps.back())) fail(step.where, "no silence or close before this");
        out.steps.push_back(std::move(step));
    }
    if (out.steps.empty() || !is_end(out.steps.back())) fail(out.name, "does not end in silence or a close");
    return out;
}

std::vector<transcript> read_transcripts(const std::filesystem::path& directory)
{
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(directory))
        if (entry.path().extension() == ".jsonl") paths.push_back(entry.path());
    if (paths.empty()) fail(directory.string(), "no transcript here");
    std::sort(paths.begin(), paths.end());

    std::vector<transcript> out;
    for (const auto& path : paths) {
        std::ifstream file(path, std::ios::binary);
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        out.push_back(parse_transcript(path.filename().string(), text));
    }
    return out;
}

void play(const transcript& what, std::string_view address)
{
    player one(address);
    std::string where = what.name;
    try {
        for (const auto& step : what.steps) {
            where = step.where;
            one.play(step);
        }
    } catch (const transcript_failure&) {
        throw;
    } catch (const std::exception& error) { // of the client: the server has gone, or said nothing till the deadline
        fail(where, error.what());
    }
}

} // namespace coax::testing
