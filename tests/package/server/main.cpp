// SPDX-License-Identifier: MIT
#include <coax/coax.hpp>

class chat_channel final : public coax::channel {
public:
    static void describe(coax::channel_spec<chat_channel>& spec)
    {
        spec.name("ChatChannel").action("speak", &chat_channel::speak);
    }

    coax::task<> subscribed() override
    {
        const auto* room = params().if_contains("room");
        if (!room || !room->is_string()) co_return reject(); // the client is told; nothing else happens
        room_ = room->get_string();
        co_await stream_for(room_); // the client's confirmation waits for the adapter
    }

private:
    coax::task<> speak(boost::json::object data)
    {
        broadcast_to(room_, {{"text", data["text"]}});
        co_return;
    }

    std::string room_;
};

int main(int argc, char** argv)
{
    coax::server server(coax::load_config(argc > 1 ? argv[1] : ""));
    server.add_channel<chat_channel>();
    return server.run_until_signal();
}
