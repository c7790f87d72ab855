// SPDX-License-Identifier: MIT
// The baseline: what one gets by writing an Action Cable server on Beast in the usual way, that of its own chat example. A strand per
// session, to which every message is posted, a queue, and for each message and client one async_write whose completion starts the
// next. A message's text is built once and shared. No compression, no origin check, no limits, no authentication.
// With --bare also without what one thread does not need: no strands, no posts, plain pointers as members.
#include "payload.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using shared_text = std::shared_ptr<const std::string>;

bool is_bare = false;

class session;

/// Sessions by stream, and the identifier under which they know it (one for all, as in this benchmark).
struct stream {
    std::string identifier;
    std::vector<std::pair<session*, std::weak_ptr<session>>> members;
};
using stream_table = std::unordered_map<std::string, stream>;

std::string envelope(std::string_view identifier, std::string_view message)
{
    std::string text = R"({"identifier":)";
    text += json::serialize(json::value(identifier));
    text += R"(,"message":)";
    text += message;
    text += '}';
    return text;
}

class session : public std::enable_shared_from_this<session> {
public:
    session(tcp::socket socket, stream_table& streams) : ws_(std::move(socket)), streams_(streams) {}
    ~session() { leave(); }
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    void start()
    {
        beast::get_lowest_layer(ws_).socket().set_option(tcp::no_delay(true));
        ws_.set_option(websocket::stream_base::timeout::suggested(beast::role_type::server));
        ws_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
            response.set(beast::http::field::sec_websocket_protocol, "actioncable-v1-json");
        }));
        ws_.async_accept(beast::bind_front_handler(&session::on_accept, shared_from_this()));
    }

    /// From a publisher: the session may live on another thread.
    void post(shared_text text) { asio::post(ws_.get_executor(), beast::bind_front_handler(&session::send, shared_from_this(), std::move(text))); }

    void send(shared_text text)
    {
        queue_.push_back(std::move(text));
        if (queue_.size() == 1) write_next();
    }

private:
    void on_accept(error_code error)
    {
        if (error) return;
        send(std::make_shared<const std::string>(R"({"type":"welcome"})"));
        read_next();
    }

    void read_next() { ws_.async_read(buffer_, beast::bind_front_handler(&session::on_read, shared_from_this())); }

    void on_read(error_code error, std::size_t)
    {
        if (error) return leave();
        const json::value command = json::parse(beast::buffers_to_string(buffer_.data()), error);
        buffer_.consume(buffer_.size());
        if (!error && command.is_object()) run(command.get_object());
        read_next();
    }

    void write_next() { ws_.async_write(asio::buffer(*queue_.front()), beast::bind_front_handler(&session::on_write, shared_from_this())); }

    void on_write(error_code error, std::size_t)
    {
        if (error) return leave();
        queue_.erase(queue_.begin());
        if (!queue_.empty()) write_next();
    }

    void run(const json::object& command)
    {
        const auto name = text_of(command, "command");
        const auto identifier = text_of(command, "identifier");
        error_code error;
        if (name == "subscribe") {
            const json::value params = json::parse(identifier, error);
            if (!error && params.is_object()) subscribe(identifier, params.get_object());
        } else if (name == "message" && identifier == identifier_) {
            const json::value data = json::parse(text_of(command, "data"), error);
            if (!error && data.is_object()) perform(data.get_object());
        }
    }

    void subscribe(const std::string& identifier, const json::object& params)
    {
        if (!stream_.empty()) return;
        static std::uint64_t sessions = 0;
        const json::value* own = params.if_contains("own");
        stream_ = own != nullptr && own->is_bool() && own->get_bool() ? "own:" + std::to_string(++sessions) : text_of(params, "stream");
        identifier_ = identifier;
        stream& joined = streams_[stream_];
        joined.identifier = identifier;
        joined.members.emplace_back(this, weak_from_this());
        json::object confirmation{{"identifier", identifier}, {"type", "confirm_subscription"}};
        send(std::make_shared<const std::string>(json::serialize(confirmation)));
    }

    void perform(const json::object& data)
    {
        const auto action = text_of(data, "action");
        if (action == "echo") {
            send(std::make_shared<const std::string>(envelope(identifier_, json::serialize(data.at("value")))));
        } else if (action == "publish") {
            const auto count = data.at("count").to_number<std::uint64_t>();
            for (std::uint64_t index = 0; index < count; ++index) {
                const std::string payload = coax::bench::make_payload(data.at("seq").to_number<std::uint64_t>() + index,
                                                                      data.at("at").to_number<std::uint64_t>(), data.at("size").to_number<std::size_t>());
                const stream& target = streams_[stream_];
                const auto text = std::make_shared<const std::string>(envelope(target.identifier, payload));
                for (const auto& [member, weak] : target.members) {
                    if (is_bare) {
                        member->send(text);
                    } else if (const auto locked = weak.lock()) {
                        locked->post(text);
                    }
                }
            }
        }
    }

    void leave()
    {
        const auto found = streams_.find(stream_);
        if (found == streams_.end()) return;
        std::erase_if(found->second.members, [this](const auto& member) { return member.first == this; });
        if (found->second.members.empty()) streams_.erase(found);
        stream_.clear();
    }

    static std::string text_of(const json::object& object, std::string_view key)
    {
        const json::value* value = object.if_contains(key);
        return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
    }

    websocket::stream<beast::tcp_stream> ws_;
    stream_table& streams_;
    beast::flat_buffer buffer_;
    std::vector<shared_text> queue_;
    std::string identifier_;
    std::string stream_;
};

void accept_next(tcp::acceptor& acceptor, stream_table& streams)
{
    const auto accepted = [&acceptor, &streams](error_code error, auto socket) {
        if (!acceptor.is_open()) return;
        if (!error) std::make_shared<session>(tcp::socket(std::move(socket)), streams)->start();
        accept_next(acceptor, streams);
    };
    if (is_bare) {
        acceptor.async_accept(accepted);
    } else {
        acceptor.async_accept(asio::make_strand(acceptor.get_executor()), accepted);
    }
}

} // namespace

int main(int argc, char** argv)
{
    is_bare = argc > 1 && std::string_view(argv[1]) == "--bare";
    stream_table streams; // outlives the io_context, whose destructor ends the sessions
    asio::io_context io(1);
    tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0));
    acceptor.listen(4096);
    asio::signal_set signals(io, SIGTERM, SIGINT);
    signals.async_wait([&io](error_code, int) { io.stop(); });
    accept_next(acceptor, streams);
    std::printf("listening 127.0.0.1:%u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
    std::fflush(stdout);
    io.run();
    return 0;
}
