// SPDX-License-Identifier: MIT
#include "hub/mailbox.hpp"

#include <utility>

namespace coax {

bool mailbox::push(mailbox_entry entry)
{
    const std::lock_guard guard(mutex_);
    entries_.push_back(std::move(entry));
    return entries_.size() == 1;
}

void mailbox::take(std::vector<mailbox_entry>& into)
{
    const std::lock_guard guard(mutex_);
    entries_.swap(into);
}

std::size_t mailbox::size() const
{
    const std::lock_guard guard(mutex_);
    return entries_.size();
}

} // namespace coax
