// SPDX-License-Identifier: MIT
#include "protocol/subprotocol.hpp"

#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace coax;

TEST_CASE("A18: the first name in the client's list that we know is agreed on", "[subprotocol]")
{
    struct row {
        std::string offers;
        std::string response;
        bool unsupported;
    };
    const std::vector<row> rows{
        {"actioncable-v1-json", "actioncable-v1-json", false},
        {"actioncable-v1-json, actioncable-unsupported", "actioncable-v1-json", true},
        {"foo, actioncable-unsupported, actioncable-v1-json", "actioncable-unsupported", true},
        {"actioncable-unsupported", "actioncable-unsupported", true},
        {"foo,bar ,\tactioncable-v1-json\t", "actioncable-v1-json", false},
        {"actioncable-v1-json,actioncable-v1-json", "actioncable-v1-json", false},
        {", ,actioncable-v1-json,", "actioncable-v1-json", false},
        {"", "", false},
        {"foo", "", false},
        {"Actioncable-v1-json", "", false},
        {"actioncable-v1-jsonx", "", false},
        {"actioncable-v1-json actioncable-unsupported", "", false},
        {"actioncable-v1-ext-json, actioncable-v1-json", "actioncable-v1-json", false},
        {"actioncable-v1-msgpack, anycable-token.abc", "", false},
    };
    for (const auto& row : rows) {
        INFO(row.offers);
        const auto agreed = negotiate_subprotocol(row.offers);
        CHECK(agreed.response == row.response);
        CHECK(agreed.offered_unsupported == row.unsupported);
        CHECK(agreed.protocol == &json_codec());
    }
}
