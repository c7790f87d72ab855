// SPDX-License-Identifier: MIT
// Compiled by the negative compile test of L4: as it is it compiles; with one COAX_MISUSE_… macro it must not.
#include "hub/synchronized.hpp"

#include <map>

int main()
{
    coax::synchronized<std::map<int, int>> table;
    table.with_lock([](std::map<int, int>& map) { map[1] = 2; });
#if defined(COAX_MISUSE_MEMBER)
    table.value_[1] = 3;
#elif defined(COAX_MISUSE_REFERENCE)
    table.with_lock([](std::map<int, int>& map) -> std::map<int, int>& { return map; });
#elif defined(COAX_MISUSE_COROUTINE)
    table.with_lock([](std::map<int, int>& map) -> coax::task<> {
        map[1] = 3;
        co_return;
    });
#endif
    return table.with_lock([](const std::map<int, int>& map) { return map.at(1); }) - 2;
}
