// SPDX-License-Identifier: MIT
#include "protocol/deflate.hpp"

#include <coax/error.hpp>

#include <zlib.h>

#include <boost/assert.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

namespace coax {

namespace {

// A shard's buffer gives back what one unusually large message made of it.
constexpr std::size_t kept_capacity = 256 * 1024;

void trim_capacity(std::string& buffer)
{
    if (buffer.capacity() <= kept_capacity) return;
    buffer.clear();
    buffer.shrink_to_fit();
}

Bytef* writable(char* bytes) noexcept { return reinterpret_cast<Bytef*>(bytes); }

// zlib is built here without ZLIB_CONST, but does not write to its input.
Bytef* input(const char* bytes) noexcept { return reinterpret_cast<Bytef*>(const_cast<char*>(bytes)); }

uInt chunk(std::size_t size) noexcept { return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max())); }

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

/// Reads the grammar of RFC 6455 9.1: names, parameters, values that are tokens or quoted tokens.
class extension_reader {
public:
    explicit extension_reader(std::string_view text) : rest_(text) {}

    /// The next character after white space, or 0 at the end.
    char peek() noexcept
    {
        const auto first = rest_.find_first_not_of(" \t");
        rest_ = first == std::string_view::npos ? std::string_view() : rest_.substr(first);
        return rest_.empty() ? '\0' : rest_.front();
    }

    bool take(char wanted) noexcept
    {
        if (rest_.empty() || peek() != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool at_end() noexcept
    {
        peek();
        return rest_.empty();
    }

    /// Empty: there is no token here.
    std::string_view token() noexcept
    {
        peek();
        std::size_t size = 0;
        while (size < rest_.size() && is_token(rest_[size])) ++size;
        const auto found = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return found;
    }

    /// A quoted value must be a token once it is unquoted (RFC 6455 9.1), so an escape in it serves nobody: refused.
    std::string_view value() noexcept
    {
        if (peek() != '"') return token();
        rest_.remove_prefix(1);
        std::size_t size = 0;
        while (size < rest_.size() && is_token(rest_[size])) ++size;
        const auto found = rest_.substr(0, size);
        rest_.remove_prefix(size);
        if (rest_.empty() || rest_.front() != '"') return {};
        rest_.remove_prefix(1);
        return found;
    }

private:
    static bool is_token(char c) noexcept
    {
        constexpr std::string_view separators = "()<>@,;:\\\"/[]?={} \t";
        return c > 0x20 && c < 0x7f && separators.find(c) == std::string_view::npos;
    }

    std::string_view rest_;
};

/// A window size as RFC 7692 7.1.2 writes it: 8 to 15 without leading zero; 0 if it is none.
int window_bits(std::string_view text) noexcept
{
    if (text.size() == 1 && (text[0] == '8' || text[0] == '9')) return text[0] - '0';
    if (text.size() == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5') return 10 + (text[1] - '0');
    return 0;
}

struct deflate_offer {
    bool is_deflate = false;
    bool is_acceptable = true;
    bool echoes_server_bits = false;
    std::array<bool, 4> seen{};

    void parameter(std::string_view name, bool has_value, std::string_view value) noexcept
    {
        constexpr std::array<std::string_view, 4> names{"server_no_context_takeover", "client_no_context_takeover",
                                                        "server_max_window_bits", "client_max_window_bits"};
        const auto found = std::find_if(names.begin(), names.end(), [&](auto known) { return equals_ignoring_case(known, name); });
        const auto index = static_cast<std::size_t>(found - names.begin());
        if (found == names.end() || seen[index]) {
            is_acceptable = false;
            return;
        }
        seen[index] = true;
        const int bits = window_bits(value);
        switch (index) {
        case 2: // a smaller window on our side would keep frames from being shared
            is_acceptable = is_acceptable && bits == 15;
            echoes_server_bits = true;
            break;
        case 3: // informs only: our inflater has the full window anyway
            is_acceptable = is_acceptable && (!has_value || bits != 0);
            break;
        default: is_acceptable = is_acceptable && !has_value;
        }
    }
};

/// One element of the list. False: the grammar is broken, so nothing of the header can be trusted.
bool read_offer(extension_reader& reader, deflate_offer& offer) noexcept
{
    const auto name = reader.token();
    if (name.empty()) return false;
    offer.is_deflate = equals_ignoring_case(name, "permessage-deflate");
    while (reader.take(';')) {
        const auto parameter = reader.token();
        if (parameter.empty()) return false;
        const bool has_value = reader.take('=');
        const auto value = has_value ? reader.value() : std::string_view();
        if (has_value && value.empty()) return false;
        offer.parameter(parameter, has_value, value);
    }
    return true;
}

} // namespace

std::optional<std::string> negotiate_deflate(std::string_view offers)
{
    extension_reader reader(offers);
    std::optional<std::string> answer;
    for (;;) {
        // Empty list elements are allowed (RFC 9110 5.6.1).
        while (reader.take(',')) {}
        if (reader.at_end()) return answer;
        deflate_offer offer;
        if (!read_offer(reader, offer)) return std::nullopt;
        if (!reader.at_end() && reader.peek() != ',') return std::nullopt;
        if (answer || !offer.is_deflate || !offer.is_acceptable) continue;
        answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        if (offer.echoes_server_bits) *answer += "; server_max_window_bits=15";
    }
}

struct deflater::state {
    z_stream stream{};
    std::string output;

    state()
    {
        // Raw deflate, the fastest level: the reference server's choice for live traffic.
        if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
    }
    state(const state&) = delete;
    ~state() { deflateEnd(&stream); }
};

deflater::deflater() : state_(std::make_unique<state>()) {}
deflater::~deflater() = default;

std::string_view deflater::compress(std::string_view message)
{
    auto& stream = state_->stream;
    auto& output = state_->output;
    trim_capacity(output);
    deflateReset(&stream);
    // deflateBound does not count the empty block of a flush.
    output.resize(std::max(output.capacity(), deflateBound(&stream, message.size()) + 16));

    std::size_t written = 0;
    do {
        stream.next_in = input(message.data());
        stream.avail_in = chunk(message.size());
        message.remove_prefix(stream.avail_in);
        do {
            if (written == output.size()) output.resize(output.size() * 2);
            const auto room = chunk(output.size() - written);
            stream.next_out = writable(output.data() + written);
            stream.avail_out = room;
            deflate(&stream, message.empty() ? Z_SYNC_FLUSH : Z_NO_FLUSH);
            written += room - stream.avail_out;
        } while (stream.avail_out == 0);
    } while (!message.empty());

    BOOST_ASSERT(written >= 4 && std::string_view(output).substr(written - 4, 4) == std::string_view("\0\0\xff\xff", 4));
    return std::string_view(output).substr(0, written - 4);
}

struct inflater::state {
    z_stream stream{};
    std::string output;

    state()
    {
        if (inflateInit2(&stream, -15) != Z_OK) throw std::bad_alloc();
    }
    state(const state&) = delete;
    ~state() { inflateEnd(&stream); }

    /// Inflates `part` behind the `size` bytes that are there.
    result<void> feed(std::string_view part, std::size_t& size, std::size_t limit)
    {
        for (;;) {
            if (size == output.size()) {
                // Grows with what comes out, never with what somebody announces; one byte above the limit tells that there is more.
                if (size > limit) return make_error_code(errc::payload_too_large);
                output.resize(std::min(limit + 1, std::max<std::size_t>(output.size() * 2, 1024)));
            }
            const auto given = chunk(part.size());
            const auto room = chunk(output.size() - size);
            stream.next_in = input(part.data());
            stream.avail_in = given;
            stream.next_out = writable(output.data() + size);
            stream.avail_out = room;
            const int status = ::inflate(&stream, Z_SYNC_FLUSH);
            part.remove_prefix(given - stream.avail_in);
            size += room - stream.avail_out;
            if (status == Z_STREAM_END) inflateReset(&stream); // a block with BFINAL may be followed by others (RFC 7692 7.2.3.4)
            else if (status != Z_OK && status != Z_BUF_ERROR) return make_error_code(errc::malformed_command);
            // What a full output held back comes with the next part: the tail, which itself makes none, follows every message.
            if (part.empty()) return {};
        }
    }

    bool is_at_block_boundary() const noexcept { return (stream.data_type & 128) != 0; }
};

inflater::inflater() : state_(std::make_unique<state>()) {}
inflater::~inflater() = default;

result<std::string_view> inflater::inflate(std::string_view compressed, std::size_t limit)
{
    auto& output = state_->output;
    trim_capacity(output);
    inflateReset(&state_->stream);
    limit = std::min(limit, std::numeric_limits<std::size_t>::max() - 1);
    std::size_t size = 0;
    for (const auto part : {compressed, std::string_view("\0\0\xff\xff", 4)})
        if (const auto fed = state_->feed(part, size, limit); !fed) return fed.error();
    if (!state_->is_at_block_boundary()) return make_error_code(errc::malformed_command);
    if (size > limit) return make_error_code(errc::payload_too_large);
    return std::string_view(output).substr(0, size);
}

} // namespace coax
