// SPDX-License-Identifier: MIT
#include <coax/log.hpp>

#include "observe/escape.hpp"
#include "observe/line_writer.hpp"

#include <chrono>

namespace coax {
namespace {

class text_sink final : public log_sink {
public:
    explicit text_sink(int fd) : writer_(fd) {}

    void write(const log_event& event) noexcept override
    {
        try {
            std::string line;
            line.reserve(160);
            append_timestamp(line, std::chrono::system_clock::now());
            line += ' ';
            line += level_name(event.level);
            line += ' ';
            append_log_key(line, event.name);
            visit_fields(event, [&](std::string_view key, std::string_view value) {
                line += ' ';
                append_log_key(line, key);
                line += '=';
                append_text_value(line, value);
            });
            line += '\n';
            writer_.write(line);
        } catch (...) { // out of memory: the line is lost
        }
    }

private:
    line_writer writer_;
};

} // namespace

std::shared_ptr<log_sink> make_text_sink(int fd) { return std::make_shared<text_sink>(fd); }

} // namespace coax
