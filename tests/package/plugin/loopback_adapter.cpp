// SPDX-License-Identifier: MIT
// The least that is an adapter: what is published here is delivered here.
#include <coax/sdk/plugin.hpp>

#include <set>

namespace {

using coax::result;
using coax::task;

class loopback_adapter final : public coax::sdk::subscription_adapter {
public:
    loopback_adapter(coax::sdk::host host, const boost::json::object& config) : host_(host)
    {
        coax::sdk::options(config, "adapter.loopback").finish();
    }

    task<result<void>> start() override
    {
        host_.connected();
        co_return result<void>();
    }

    task<result<void>> stop(std::chrono::milliseconds) override { co_return result<void>(); }

    task<result<void>> subscribe(std::string stream) override
    {
        streams_.insert(std::move(stream));
        co_return result<void>();
    }

    task<result<void>> unsubscribe(std::string stream) override
    {
        streams_.erase(stream);
        co_return result<void>();
    }

    task<result<void>> publish(std::vector<coax::sdk::message> messages) override
    {
        for (const auto& message : messages)
            if (streams_.contains(message.stream)) host_.deliver(message.stream, message.payload);
        co_return result<void>();
    }

private:
    coax::sdk::host host_;
    std::set<std::string> streams_;
};

} // namespace

COAX_ADAPTER_PLUGIN(loopback_adapter, "loopback", "1.0.0")
