// SPDX-License-Identifier: MIT
#pragma once

#include <coax/sdk/detail/instance.hpp>

#include <coax/abi/adapter.h>
#include <coax/abi/plugin.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/version.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <utility>

/// The C functions of a plugin: `noexcept`, and each only hands over to the executor.
namespace coax::sdk::detail {

inline instance& instance_of(void* self) noexcept { return *static_cast<instance*>(self); }

template <class Adapter>
void* create(const coax_host* table, coax_str config_json, coax_done report) noexcept
{
    try {
        if (!table || table->struct_size < sizeof(coax_host)) throw failure(errc::invalid_argument, "the host's function table is too short");
        auto config = boost::json::parse(from_abi(config_json));
        if (!config.is_object()) throw failure(errc::invalid_argument, "the plugin's options must be a JSON object");
        auto made = std::make_unique<instance>(*table);
        made->run(std::make_unique<Adapter>(made->the_host(), std::as_const(config).get_object()));
        return made.release();
    } catch (...) {
        complete(report, std::current_exception(), {});
        return nullptr;
    }
}

inline void destroy(void* self) noexcept { instance::destroy(static_cast<instance*>(self)); }

inline coax_call* start(void* self, coax_done done) noexcept
{
    return instance_of(self).begin(done, [](subscription_adapter& adapter) { return adapter.start(); });
}

inline coax_call* stop(void* self, std::uint32_t limit_ms, coax_done done) noexcept
{
    return instance_of(self).begin_stop(std::chrono::milliseconds(limit_ms), done);
}

inline coax_call* subscribe(void* self, coax_str stream, coax_done done) noexcept
{
    try {
        return instance_of(self).begin(done, [name = std::string(from_abi(stream))](subscription_adapter& adapter) mutable {
            return adapter.subscribe(std::move(name));
        });
    } catch (...) {
        complete_out_of_memory(done);
        return nullptr;
    }
}

inline coax_call* unsubscribe(void* self, coax_str stream, coax_done done) noexcept
{
    try {
        return instance_of(self).begin(done, [name = std::string(from_abi(stream))](subscription_adapter& adapter) mutable {
            return adapter.unsubscribe(std::move(name));
        });
    } catch (...) {
        complete_out_of_memory(done);
        return nullptr;
    }
}

inline coax_call* publish(void* self, const coax_message* messages, std::size_t count, std::size_t stride, coax_done done) noexcept
{
    try {
        return instance_of(self).begin(done, [batch = from_abi(messages, count, stride)](subscription_adapter& adapter) mutable {
            return adapter.publish(std::move(batch));
        });
    } catch (...) {
        complete_out_of_memory(done);
        return nullptr;
    }
}

inline void cancel(coax_call* handle) noexcept
{
    try {
        call::cancel(call_ptr(call::from_handle(handle)));
    } catch (...) { // advisory: out of memory, the operation goes on
    }
}

/// Takes back the host's share.
inline void release(coax_call* handle) noexcept { call_ptr(call::from_handle(handle), false); }

template <class Adapter>
inline constexpr coax_adapter_vtable adapter_table{sizeof(coax_adapter_vtable), 0, &create<Adapter>, &destroy, &start, &stop, &subscribe,
    &unsubscribe, &publish, &cancel, &release};

#define COAX_DETAIL_TEXT_(x) #x
#define COAX_DETAIL_TEXT(x) COAX_DETAIL_TEXT_(x)
#if defined(__clang__)
inline constexpr const char* build_info = "Clang " __clang_version__ ", Boost " BOOST_LIB_VERSION;
#else
inline constexpr const char* build_info = "GCC " COAX_DETAIL_TEXT(__GNUC__) "." COAX_DETAIL_TEXT(__GNUC_MINOR__) ", Boost " BOOST_LIB_VERSION;
#endif
#undef COAX_DETAIL_TEXT
#undef COAX_DETAIL_TEXT_

template <class Adapter>
constexpr coax_plugin describe_adapter(const char* name, const char* version) noexcept
{
    return {COAX_PLUGIN_MAGIC, COAX_ABI_MAJOR, COAX_ABI_MINOR, sizeof(coax_plugin), COAX_KIND_ADAPTER, name, version, build_info, 0, 0,
        &adapter_table<Adapter>};
}

} // namespace coax::sdk::detail
