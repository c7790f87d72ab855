// SPDX-License-Identifier: MIT
#pragma once

#include "session_world.hpp"

namespace coax::test {

/// A world with one welcomed client.
struct welcomed {
    explicit welcomed(bool confirms_duplicates = false) : peer(&world.connect(start(confirms_duplicates)))
    {
        peer->said();
        world.trace.clear();
    }
    static session_start start(bool confirms_duplicates)
    {
        auto made = plain_start();
        made.confirms_duplicates = confirms_duplicates;
        return made;
    }
    session_world world;
    client* peer;
};

} // namespace coax::test
