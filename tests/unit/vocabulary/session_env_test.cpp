// SPDX-License-Identifier: MIT
#include <coax/session_env.hpp>

#include "support/catch.hpp"

using coax::session_env;
using coax::state_map;

TEST_CASE("a header is found by its lower-case name, the first one if it is repeated", "[session_env]")
{
    session_env env;
    env.headers = {{"cookie", "a=1"}, {"x-token", "t"}, {"cookie", "b=2"}};
    CHECK(env.header("cookie") == "a=1");
    CHECK(env.header("x-token") == "t");
    CHECK(env.header("origin").empty());
}

TEST_CASE("only the named headers are kept, all occurrences of them in their order", "[session_env]")
{
    session_env env;
    env.headers = {{"cookie", "a=1"}, {"authorization", "secret"}, {"cookie", "b=2"}};
    env.keep_headers({"cookie", "origin"});
    REQUIRE(env.headers.size() == 2);
    CHECK(env.headers[0].second == "a=1");
    CHECK(env.headers[1].second == "b=2");
    CHECK(env.header("authorization").empty());
}

TEST_CASE("keeping no header drops them all", "[session_env]")
{
    session_env env;
    env.headers = {{"cookie", "a=1"}};
    env.keep_headers({});
    CHECK(env.headers.empty());
}

TEST_CASE("merged state adds and replaces, and leaves other keys alone", "[session_env]")
{
    state_map state{{"kept", "1"}, {"replaced", "old"}};
    session_env::merge(state, {{"replaced", "new"}, {"added", ""}});
    CHECK(state == state_map{{"kept", "1"}, {"replaced", "new"}, {"added", ""}});
}

TEST_CASE("merging nothing changes nothing", "[session_env]")
{
    state_map state{{"kept", "1"}};
    session_env::merge(state, {});
    CHECK(state == state_map{{"kept", "1"}});
}
