// SPDX-License-Identifier: MIT
// L1: the same in the right order; clang-tidy must accept it, or the refusal of the other file would prove nothing.
#include <string>
#include <utility>
#include <vector>

std::size_t remember(std::vector<std::string>& names, std::string name)
{
    const auto size = name.size();
    names.push_back(std::move(name));
    return size;
}
