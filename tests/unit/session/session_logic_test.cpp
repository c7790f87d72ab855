// SPDX-License-Identifier: MIT
// What a session does with the answers of logic other than the native channels: an RPC application's, or one that breaks its word.
#include "session_world.hpp"

#include <coax/error.hpp>

#include "support/catch.hpp"

#include <functional>
#include <optional>
#include <stdexcept>

using namespace coax;
using namespace coax::test;

namespace {

/// What each call answers; an empty function succeeds.
struct answers {
    using command_answer = std::function<result<command_result>()>;
    std::function<result<connect_result>()> connect;
    command_answer subscribe, perform, unsubscribe;
    std::vector<std::string> calls;

    result<command_result> give(const char* call, const command_answer& from)
    {
        calls.push_back(call);
        return from ? from() : result<command_result>(command_result());
    }
};

class answering_subscription final : public subscription_logic {
public:
    explicit answering_subscription(answers& from) : from_(from) {}
    task<result<command_result>> subscribe() override { co_return from_.give("subscribe", from_.subscribe); }
    task<result<command_result>> perform(std::string) override { co_return from_.give("perform", from_.perform); }
    task<result<command_result>> unsubscribe() override { co_return from_.give("unsubscribe", from_.unsubscribe); }

private:
    answers& from_;
};

class answering_connection final : public connection_logic {
public:
    explicit answering_connection(answers& from) : from_(from) {}
    task<result<connect_result>> connect() override { co_return from_.connect ? from_.connect() : result<connect_result>(connect_result()); }
    result<std::unique_ptr<subscription_logic>> open_subscription(subscription_port&) override
    {
        return std::unique_ptr<subscription_logic>(std::make_unique<answering_subscription>(from_));
    }
    task<> disconnect() override
    {
        from_.calls.push_back("disconnect");
        co_return;
    }

private:
    answers& from_;
};

class answering_controller final : public controller {
public:
    explicit answering_controller(answers& from) : from_(from) {}
    std::unique_ptr<connection_logic> open(session_port&) override { return std::make_unique<answering_connection>(from_); }

private:
    answers& from_;
};

struct fixture {
    session_world world;
    answers given;
    answering_controller logic{given};
    session_context context{world.io.get_executor(), world.shard, world.context.cable, logic, world.context.limits, {},
                            world.context.log, session_metrics(world.metrics), world.deadlines, world.load, nullptr,
                            [this] { return world.now; }, 100};
    client* peer = &world.accept({}, &context);

    strings open()
    {
        peer->who->open();
        world.turn();
        return peer->said();
    }
    ~fixture()
    {
        if (peer->finish()) peer->destroy();
    }
};

connect_result answer(command_status status, std::vector<std::string> transmissions)
{
    connect_result made;
    made.status = status;
    made.transmissions = std::move(transmissions);
    return made;
}

result<command_result> with_status(command_status status)
{
    command_result made;
    made.status = status;
    return made;
}

} // namespace

TEST_CASE("transmissions of an accepted connect take the place of the welcome", "[session]")
{
    fixture f;
    f.given.connect = [] { return answer(command_status::success, {R"({"type":"welcome"})", R"({"n":1})"}); };
    CHECK(f.open() == strings{"welcome", R"({"n":1})"});
    CHECK(f.peer->who->phase() == session_phase::open);
}

TEST_CASE("transmissions of a refused connect take the place of our disconnect message; close is 1000", "[session]")
{
    fixture f;
    f.given.connect = [] { return answer(command_status::failure, {R"({"n":1})"}); };
    CHECK(f.open() == strings{R"({"n":1})", "close 1000"});
    REQUIRE(f.peer->finish());
    CHECK(f.given.calls == strings{"disconnect"});
}

TEST_CASE("a connect that fails as a call, breaks, or throws closes with server_error and 1011", "[session]")
{
    fixture f;
    SECTION("an error") { f.given.connect = [] { return result<connect_result>(make_error_code(errc::plugin_failed)); }; }
    SECTION("a status") { f.given.connect = [] { return answer(command_status::error, {}); }; }
    SECTION("an exception") { f.given.connect = []() -> result<connect_result> { throw std::runtime_error("broken"); }; }
    CHECK(f.open() == strings{"disconnect server_error reconnect", "close 1011"});
}

TEST_CASE("a subscribe that fails as a call is logged, cleaned up and rejected", "[session]")
{
    fixture f;
    f.given.subscribe = [] { return result<command_result>(make_error_code(errc::plugin_failed)); };
    f.open();
    f.peer->subscribe("a");
    CHECK(f.peer->said() == strings{"reject a"});
    CHECK(f.given.calls == strings{"subscribe", "unsubscribe"});
    CHECK(f.world.log->has({"subscribe.failed", "plugin failed", "identifier=a"}));
    CHECK(f.world.metric("commands_failed_total") == 1);
}

TEST_CASE("a message that fails as a call is logged and counted; the next one runs", "[session]")
{
    fixture f;
    f.given.perform = [] { return result<command_result>(make_error_code(errc::timed_out)); };
    f.open();
    f.peer->subscribe("a");
    f.peer->message("a", "{}");
    f.peer->message("a", "{}");
    CHECK(f.peer->said() == strings{"confirm a"});
    CHECK(f.world.metric("commands_failed_total") == 2);
    CHECK(f.given.calls == strings{"subscribe", "perform", "perform"});
}

TEST_CASE("an unsubscribe ends the subscription whatever its logic answers", "[session]")
{
    fixture f;
    SECTION("an error") { f.given.unsubscribe = [] { return result<command_result>(make_error_code(errc::plugin_failed)); }; }
    SECTION("a status") { f.given.unsubscribe = [] { return with_status(command_status::error); }; }
    SECTION("an exception") { f.given.unsubscribe = []() -> result<command_result> { throw std::runtime_error("broken"); }; }
    f.open();
    f.peer->subscribe("a");
    f.peer->unsubscribe("a");
    CHECK(f.peer->who->subscription_count() == 0);
    CHECK(f.world.metric("subscriptions") == 0);
    f.peer->subscribe("a");
    CHECK(f.peer->said() == strings{"confirm a", "confirm a"});
}

TEST_CASE("logic that throws where it must not costs that one command, and the session and its end go on", "[session]")
{
    fixture f;
    std::string failing;
    SECTION("in subscribe")
    {
        failing = "subscribe";
        f.given.subscribe = []() -> result<command_result> { throw std::runtime_error("broken"); };
    }
    SECTION("in perform")
    {
        failing = "perform";
        f.given.perform = []() -> result<command_result> { throw std::runtime_error("broken"); };
    }
    f.open();
    f.peer->subscribe("a");
    f.peer->message("a", "{}");
    CHECK(f.peer->said() == (failing == "subscribe" ? strings{"reject a"} : strings{"confirm a"}));
    CHECK(f.world.log->count({"error logic.failed", "call=" + failing, "identifier=a", "error=broken"}) == 1);
    CHECK(f.world.metric("commands_failed_total") == (failing == "subscribe" ? 2 : 1));
    f.given.subscribe = {};
    f.given.perform = {};
    f.peer->subscribe("b");
    f.peer->message("b", "{}");
    CHECK(f.peer->said() == strings{"confirm b"});
    CHECK(f.given.calls.back() == "perform");
    f.given.calls.clear();
    REQUIRE(f.peer->finish());
    CHECK(f.given.calls == (failing == "subscribe" ? strings{"unsubscribe", "disconnect"} : strings{"unsubscribe", "unsubscribe", "disconnect"}));
}
