// SPDX-License-Identifier: MIT
#include "protocol/codec.hpp"

#include "protocol/deflate.hpp"
#include "protocol/frame_codec.hpp"
#include "protocol/utf8.hpp"

#include <coax/error.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace coax {

namespace {

/// Takes every event of the parser and keeps nothing.
struct null_handler {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

    using text = boost::json::string_view;

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code&) { return true; }
    bool on_object_end(std::size_t, error_code&) { return true; }
    bool on_array_begin(error_code&) { return true; }
    bool on_array_end(std::size_t, error_code&) { return true; }
    bool on_key_part(text, std::size_t, error_code&) { return true; }
    bool on_key(text, std::size_t, error_code&) { return true; }
    bool on_string_part(text, std::size_t, error_code&) { return true; }
    bool on_string(text, std::size_t, error_code&) { return true; }
    bool on_number_part(text, error_code&) { return true; }
    bool on_int64(std::int64_t, text, error_code&) { return true; }
    bool on_uint64(std::uint64_t, text, error_code&) { return true; }
    bool on_double(double, text, error_code&) { return true; }
    bool on_bool(bool, error_code&) { return true; }
    bool on_null(error_code&) { return true; }
    bool on_comment_part(text, error_code&) { return true; }
    bool on_comment(text, error_code&) { return true; }
};

/// One of the command's fields; the last of several with the same key counts, as everywhere in JSON.
struct command_field {
    enum class kind : std::uint8_t { missing, text, other };
    kind what = kind::missing;
    std::string text;
};

/// Picks the three known fields off the top level and lets everything else pass, without building a tree.
struct command_handler : null_handler {
    command_field command;
    command_field identifier;
    command_field data;
    bool is_object = false;

    bool on_object_begin(error_code&)
    {
        if (depth_ == 0) is_object = true;
        return open();
    }
    bool on_object_end(std::size_t, error_code&) { return close(); }
    bool on_array_begin(error_code&) { return open(); }
    bool on_array_end(std::size_t, error_code&) { return close(); }

    bool on_key_part(text part, std::size_t, error_code&)
    {
        if (depth_ == 1) append_key(part);
        return true;
    }
    bool on_key(text part, std::size_t, error_code&)
    {
        if (depth_ != 1) return true;
        append_key(part);
        const std::string_view key(key_.data(), key_size_);
        current_ = nullptr;
        if (key == "command") current_ = &command;
        else if (key == "identifier") current_ = &identifier;
        else if (key == "data") current_ = &data;
        key_size_ = 0;
        if (current_) {
            current_->what = command_field::kind::missing;
            current_->text.clear();
        }
        return true;
    }
    bool on_string_part(text part, std::size_t, error_code&)
    {
        if (depth_ == 1 && current_) current_->text.append(part.data(), part.size());
        return true;
    }
    bool on_string(text part, std::size_t, error_code&)
    {
        if (depth_ == 1 && current_) {
            current_->text.append(part.data(), part.size());
            current_->what = command_field::kind::text;
        }
        return true;
    }
    bool on_int64(std::int64_t, text, error_code&) { return other(); }
    bool on_uint64(std::uint64_t, text, error_code&) { return other(); }
    bool on_double(double, text, error_code&) { return other(); }
    bool on_bool(bool, error_code&) { return other(); }

private:
    bool open()
    {
        other();
        ++depth_;
        return true;
    }
    bool close()
    {
        --depth_;
        return true;
    }
    bool other()
    {
        if (depth_ == 1 && current_) current_->what = command_field::kind::other;
        return true;
    }
    void append_key(text part)
    {
        const auto room = key_.size() - key_size_;
        const auto size = std::min(part.size(), room);
        std::copy_n(part.data(), size, key_.data() + key_size_);
        key_size_ += size;
    }

    std::size_t depth_ = 0;
    std::size_t key_size_ = 0;
    command_field* current_ = nullptr;
    std::array<char, 16> key_; // longer than the longest known key, so that a key cut short equals none of them
};

template <class Parser>
bool parse_whole(Parser& parser, std::string_view text)
{
    error_code error;
    const auto used = parser.write_some(false, text.data(), text.size(), error);
    return !error && used == text.size();
}

bool is_blank(std::string_view text) noexcept { return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos; }

template <class Command>
result<command> with_identifier(command_field& identifier, std::size_t max_size)
{
    if (identifier.what == command_field::kind::other) return make_error_code(errc::malformed_command);
    if (identifier.what == command_field::kind::missing || is_blank(identifier.text)) return make_error_code(errc::missing_identifier);
    if (identifier.text.size() > max_size) return make_error_code(errc::malformed_command);
    Command made;
    made.identifier = std::move(identifier.text);
    return command(std::move(made));
}

void append_escaped(std::string& out, unsigned code)
{
    constexpr std::string_view digits = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[(code >> shift) & 15];
}

/// What a byte that is not copied as it is becomes; nothing for those that are.
constexpr std::string_view short_escape(char c) noexcept
{
    switch (c) {
    case '"': return "\\\"";
    case '\\': return "\\\\";
    case '\b': return "\\b";
    case '\f': return "\\f";
    case '\n': return "\\n";
    case '\r': return "\\r";
    case '\t': return "\\t";
    default: return {};
    }
}

bool is_line_separator(std::string_view text, std::size_t at) noexcept
{
    return text.size() - at >= 3 && text[at + 1] == '\x80' && (text[at + 2] == '\xa8' || text[at + 2] == '\xa9');
}

/// The length of the valid UTF-8 character at `at`, or 0.
std::size_t character_size(std::string_view text, std::size_t at) noexcept
{
    for (std::size_t size = 1; size <= 4 && at + size <= text.size(); ++size)
        if (is_valid_utf8(text.substr(at, size))) return size;
    return 0;
}

void append_quoted(std::string& out, std::string_view text)
{
    const bool valid = is_valid_utf8(text);
    out += '"';
    std::size_t copied = 0;
    const auto flush = [&](std::size_t to) { out.append(text.substr(copied, to - copied)); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        std::size_t used = 1;
        if (const auto escape = short_escape(text[i]); !escape.empty()) {
            flush(i);
            out += escape;
        } else if (byte < 0x20 || byte == '<' || byte == '>' || byte == '&') {
            flush(i);
            append_escaped(out, byte);
        } else if (byte == 0xe2 && is_line_separator(text, i)) {
            flush(i);
            append_escaped(out, text[i + 2] == '\xa8' ? 0x2028 : 0x2029);
            used = 3;
        } else if (!valid && byte >= 0x80) {
            // A text frame must be UTF-8, whatever an application passes as a reason.
            if (const auto size = character_size(text, i)) {
                i += size - 1;
                continue;
            }
            flush(i);
            out += "\xef\xbf\xbd";
        } else {
            continue;
        }
        i += used - 1;
        copied = i + 1;
    }
    flush(text.size());
    out += '"';
}

class actioncable_v1_json final : public codec {
public:
    std::string_view subprotocol() const noexcept override { return "actioncable-v1-json"; }

    result<command> decode(std::string_view text, std::size_t max_identifier_size) const override
    {
        boost::json::basic_parser<command_handler> parser{boost::json::parse_options()};
        auto& fields = parser.handler();
        if (!parse_whole(parser, text) || !fields.is_object) return make_error_code(errc::malformed_command);

        if (fields.command.what == command_field::kind::other) return make_error_code(errc::malformed_command);
        const std::string_view name = fields.command.text;
        if (name == "subscribe") return with_identifier<subscribe_command>(fields.identifier, max_identifier_size);
        if (name == "unsubscribe") return with_identifier<unsubscribe_command>(fields.identifier, max_identifier_size);
        if (name == "ping") return command(ping_command());
        if (name == "pong") return command(pong_command());
        if (name != "message") return make_error_code(errc::unknown_command);

        auto made = with_identifier<message_command>(fields.identifier, max_identifier_size);
        if (!made) return made;
        if (fields.data.what != command_field::kind::text) return make_error_code(errc::malformed_command);
        std::get<message_command>(*made).data = std::move(fields.data.text);
        return made;
    }

    std::string welcome(std::string_view session_id) const override
    {
        std::string text = R"({"type":"welcome","sid":)";
        append_quoted(text, session_id);
        return text += '}';
    }

    std::string ping(std::int64_t unix_seconds) const override { return R"({"type":"ping","message":)" + std::to_string(unix_seconds) + '}'; }

    std::string pong() const override { return R"({"type":"pong"})"; }

    std::string confirm(std::string_view identifier) const override { return answer(identifier, "confirm_subscription"); }

    std::string reject(std::string_view identifier) const override { return answer(identifier, "reject_subscription"); }

    std::string disconnect(std::string_view reason, bool reconnect) const override
    {
        std::string text = R"({"type":"disconnect","reason":)";
        if (reason.empty()) text += "null";
        else append_quoted(text, reason);
        text += R"(,"reconnect":)";
        text += reconnect ? "true" : "false";
        return text += '}';
    }

    shared_frame message_frame(std::string_view quoted_identifier, std::string_view payload, deflater* deflate,
                               std::size_t threshold) const override
    {
        const std::array<std::string_view, 5> pieces{R"({"identifier":)", quoted_identifier, R"(,"message":)", payload, "}"};
        std::size_t size = 0;
        for (const auto piece : pieces) size += piece.size();
        if (!deflate || size < threshold) return encode_frame(opcode::text, pieces);

        std::string message;
        message.reserve(size);
        for (const auto piece : pieces) message += piece;
        return encode_frame(opcode::text, deflate->compress(message), true);
    }

private:
    static std::string answer(std::string_view identifier, std::string_view type)
    {
        std::string text;
        text.reserve(identifier.size() + identifier.size() / 4 + 64);
        text += R"({"identifier":)";
        append_quoted(text, identifier);
        text += R"(,"type":")";
        text += type;
        return text += R"("})";
    }
};

} // namespace

const codec& json_codec() noexcept
{
    static const actioncable_v1_json codec;
    return codec;
}

std::string quote_json(std::string_view text)
{
    std::string quoted;
    quoted.reserve(text.size() + text.size() / 4 + 2);
    append_quoted(quoted, text);
    return quoted;
}

bool is_json(std::string_view text) noexcept
{
    boost::json::parse_options options;
    options.max_depth = 512;
    boost::json::basic_parser<null_handler> parser{options};
    return parse_whole(parser, text);
}

} // namespace coax
