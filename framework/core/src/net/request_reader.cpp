// SPDX-License-Identifier: MIT
#include "net/request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <string>

namespace coax {

namespace {

namespace http = boost::beast::http;
using beast_error = boost::beast::error_code;

std::string_view view(boost::beast::string_view text) noexcept { return {text.data(), text.size()}; }

// Writes straight into our request: Beast's own header container would cost an allocation per field and a copy.
class parser final : public http::basic_parser<true> {
public:
    explicit parser(http_request& request) : request_(request) {}

private:
    void on_request_impl(http::verb, boost::beast::string_view method, boost::beast::string_view target, int version,
                         beast_error&) override
    {
        request_.method = view(method);
        request_.target = view(target);
        request_.version = static_cast<unsigned>(version);
    }
    void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value, beast_error&) override
    {
        request_.headers.emplace_back(to_lower(view(name)), trimmed(view(value)));
    }
    void on_response_impl(int, boost::beast::string_view, int, beast_error&) override {}
    void on_header_impl(beast_error&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast_error&) override {}
    std::size_t on_body_impl(boost::beast::string_view, beast_error&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, beast_error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view, beast_error&) override { return 0; }
    void on_finish_impl(beast_error&) override {}

    http_request& request_;
};

bool is_host_character(char c) noexcept
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
        || std::string_view("-._~%!$&'()*+,;=:[]").find(c) != std::string_view::npos;
}

bool is_host(std::string_view text) noexcept { return std::all_of(text.begin(), text.end(), is_host_character); }

} // namespace

struct request_reader::impl {
    explicit impl(std::size_t limit) : max_size(limit), parse(request)
    {
        parse.header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(limit, UINT32_MAX)));
    }

    state fail(unsigned code, std::string_view why)
    {
        status = code;
        reason = why;
        return now = state::failed;
    }

    state parse_more();
    state check();
    bool take_absolute_target();

    std::size_t max_size;
    http_request request;
    parser parse;
    std::string bytes;
    std::size_t parsed = 0;
    state now = state::need_more;
    unsigned status = 0;
    std::string_view reason;
};

request_reader::state request_reader::impl::parse_more()
{
    beast_error error;
    // Beast applies its own limit to what one call sees, so a header that comes line by line has to be counted here.
    auto visible = std::min(bytes.size(), max_size);
    while (!parse.is_header_done() && parsed < visible) {
        parsed += parse.put(boost::asio::buffer(bytes.data() + parsed, visible - parsed), error);
        if (error) break;
    }
    bool ended_early = !error && !parse.is_header_done();
    if (error == http::error::header_limit || ((error == http::error::need_more || ended_early) && bytes.size() >= max_size))
        return fail(431, "Request header is too large");
    if (error == http::error::need_more) return now;
    if (error == http::error::bad_version) return fail(505, "Only HTTP/1.0 and HTTP/1.1 are spoken here");
    if (error == http::error::body_limit) return fail(413, "A request must not have a body");
    if (error) return fail(400, "Malformed HTTP request");
    return parse.is_header_done() ? check() : now;
}

request_reader::state request_reader::impl::check()
{
    auto length = parse.content_length();
    if ((length && *length > 0) || request.count("transfer-encoding") > 0) return fail(413, "A request must not have a body");
    auto hosts = request.count("host");
    if (hosts > 1 || (hosts == 0 && request.version == 11)) return fail(400, "A request needs exactly one Host header");
    if (!is_host(request.header("host"))) return fail(400, "Malformed Host header");
    if (!request.target.starts_with('/') && request.target != "*" && !take_absolute_target())
        return fail(400, "Malformed request target");
    return now = state::complete;
}

// `GET http://host/path`: a server has to take it, and its authority wins over the Host header (RFC 9112 3.2.2).
bool request_reader::impl::take_absolute_target()
{
    auto scheme = to_lower(std::string_view(request.target).substr(0, 8));
    std::size_t begin = scheme == "https://" ? 8 : scheme.starts_with("http://") ? 7 : 0;
    if (begin == 0) return false;
    auto end = std::min(request.target.find_first_of("/?#", begin), request.target.size());
    auto authority = request.target.substr(begin, end - begin);
    if (authority.empty() || !is_host(authority)) return false;
    auto rest = request.target.substr(end);
    request.target = rest.starts_with('/') ? rest : "/" + rest;
    std::erase_if(request.headers, [](const auto& header) { return header.first == "host"; });
    request.headers.emplace_back("host", std::move(authority));
    return true;
}

request_reader::request_reader(std::size_t max_size) : impl_(std::make_unique<impl>(max_size)) {}
request_reader::~request_reader() = default;
request_reader::request_reader(request_reader&&) noexcept = default;
request_reader& request_reader::operator=(request_reader&&) noexcept = default;

request_reader::state request_reader::feed(std::string_view bytes)
{
    if (impl_->now == state::failed) return state::failed;
    impl_->bytes.append(bytes);
    return impl_->now == state::complete ? state::complete : impl_->parse_more();
}

http_request& request_reader::request() noexcept { return impl_->request; }
std::string_view request_reader::leftover() const noexcept { return std::string_view(impl_->bytes).substr(impl_->parsed); }
unsigned request_reader::status() const noexcept { return impl_->status; }
std::string_view request_reader::reason() const noexcept { return impl_->reason; }

} // namespace coax
