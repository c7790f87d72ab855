// SPDX-License-Identifier: MIT
#include <coax/log.hpp>

#include "observe/escape.hpp"
#include "observe/line_writer.hpp"

#include <chrono>

namespace coax {
namespace {

class json_sink final : public log_sink {
public:
    explicit json_sink(int fd) : writer_(fd) {}

    void write(const log_event& event) noexcept override
    {
        try {
            std::string line;
            line.reserve(200);
            line += R"({"ts":")";
            append_timestamp(line, std::chrono::system_clock::now());
            line += R"(","level":")";
            line += level_name(event.level);
            line += R"(","event":)";
            append_json_string(line, event.name);
            visit_fields(event, [&](std::string_view key, std::string_view value) {
                line += ',';
                // A field must not replace one of ours in the reader's eyes: readers take the last of equal keys.
                const bool is_reserved = key == "ts" || key == "level" || key == "event";
                append_json_string(line, is_reserved ? std::string(key) + '_' : std::string(key));
                line += ':';
                append_json_string(line, value);
            });
            line += "}\n";
            writer_.write(line);
        } catch (...) { // out of memory: the line is lost
        }
    }

private:
    line_writer writer_;
};

} // namespace

std::shared_ptr<log_sink> make_json_sink(int fd) { return std::make_shared<json_sink>(fd); }

} // namespace coax
