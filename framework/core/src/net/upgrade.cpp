// SPDX-License-Identifier: MIT
#include "net/upgrade.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/assert.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <utility>

namespace coax {

namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

// A next layer without a socket: what Beast writes is kept, and there is nothing to read.
class capture {
public:
    using executor_type = boost::asio::io_context::executor_type;

    explicit capture(executor_type executor) : executor_(std::move(executor)) {}

    executor_type get_executor() const noexcept { return executor_; }
    std::string& written() noexcept { return written_; }

    template <class Buffers>
    std::size_t write_some(const Buffers& buffers, beast::error_code& error)
    {
        error = {};
        auto before = written_.size();
        for (auto buffer : beast::buffers_range_ref(buffers)) written_.append(static_cast<const char*>(buffer.data()), buffer.size());
        return written_.size() - before;
    }
    template <class Buffers>
    std::size_t write_some(const Buffers& buffers)
    {
        beast::error_code error;
        return write_some(buffers, error);
    }
    template <class Buffers>
    std::size_t read_some(const Buffers&, beast::error_code& error)
    {
        error = boost::asio::error::eof;
        return 0;
    }
    template <class Buffers>
    std::size_t read_some(const Buffers& buffers)
    {
        beast::error_code error;
        auto size = read_some(buffers, error);
        throw beast::system_error(error);
        return size;
    }

private:
    executor_type executor_;
    std::string written_;
};

beast::string_view view(std::string_view text) noexcept { return {text.data(), text.size()}; }

} // namespace

std::string make_upgrade_response(boost::asio::io_context::executor_type executor, std::string_view key, std::string_view subprotocol,
                                  std::string_view extensions)
{
    // What Beast looks at, in the form that `handshake::check` has established.
    http::request<http::empty_body> request{http::verb::get, "/", 11};
    request.set(http::field::host, "coax");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::sec_websocket_key, view(key));
    request.set(http::field::sec_websocket_version, "13");

    // Without Beast's deflate: the extension is ours (`protocol/deflate`), only its answer travels through here.
    websocket::stream<capture, false> stream(std::move(executor));
    stream.set_option(websocket::stream_base::decorator([&](websocket::response_type& response) {
        response.set(http::field::server, "coax");
        if (!subprotocol.empty()) response.set(http::field::sec_websocket_protocol, view(subprotocol));
        if (!extensions.empty()) response.set(http::field::sec_websocket_extensions, view(extensions));
    }));
    beast::error_code error;
    stream.accept(request, error);
    BOOST_ASSERT(!error);
    return std::move(stream.next_layer().written());
}

} // namespace coax
