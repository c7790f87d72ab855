// SPDX-License-Identifier: MIT
// L1: a seeded use after move. Never compiled; clang-tidy must refuse it.
#include <string>
#include <utility>
#include <vector>

std::size_t remember(std::vector<std::string>& names, std::string name)
{
    names.push_back(std::move(name));
    return name.size();
}
