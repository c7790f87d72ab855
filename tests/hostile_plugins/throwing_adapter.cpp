// SPDX-License-Identifier: MIT
// An author whose code throws wherever it can. Built by coax_add_plugin, with its own Asio and Boost.JSON.
#include <coax/sdk/plugin.hpp>

#include <stdexcept>

namespace {

struct not_an_exception {};

class throwing_adapter final : public coax::sdk::subscription_adapter {
public:
    throwing_adapter(coax::sdk::host, const boost::json::object& config)
    {
        coax::sdk::options read(config, "adapter.throwing");
        if (read.flag("at_create", false)) throw std::runtime_error("thrown at create");
        read.finish();
    }
    coax::task<coax::result<void>> start() override { co_return coax::result<void>(); }
    coax::task<coax::result<void>> stop(std::chrono::milliseconds) override { throw not_an_exception(); }
    coax::task<coax::result<void>> subscribe(std::string) override
    {
        co_await boost::asio::this_coro::executor;
        throw std::runtime_error("thrown at subscribe");
    }
    coax::task<coax::result<void>> unsubscribe(std::string) override
    {
        co_await boost::asio::this_coro::executor;
        throw coax::sdk::failure(coax::errc::adapter_unavailable, "thrown at unsubscribe");
    }
    coax::task<coax::result<void>> publish(std::vector<coax::sdk::message>) override { throw not_an_exception(); }
};

} // namespace

COAX_ADAPTER_PLUGIN(throwing_adapter, "throwing", "1.0.0")
