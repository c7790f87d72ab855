// SPDX-License-Identifier: MIT
#include "load/delivery_audit.hpp"

#include <utility>

namespace coax::load {

delivery_faults& delivery_faults::operator+=(const delivery_faults& other) noexcept
{
    lost += other.lost;
    extra += other.extra;
    misordered += other.misordered;
    damaged += other.damaged;
    return *this;
}

void delivery_audit::begin(std::size_t clients, std::size_t count, std::vector<std::string> payloads)
{
    received_.assign(clients, 0);
    payloads_ = std::move(payloads);
    texts_.assign(count, {});
    count_ = count;
    arrived_ = 0;
    expected_ = static_cast<std::uint64_t>(clients) * count;
    faults_ = {};
}

void delivery_audit::deliver(std::size_t client, std::string_view text)
{
    if (client >= received_.size() || received_[client] >= count_) {
        ++faults_.extra;
        return;
    }
    const std::size_t position = received_[client]++;
    ++arrived_;
    if (text != texts_[position]) inspect(position, text);
}

void delivery_audit::inspect(std::size_t position, std::string_view text)
{
    if (texts_[position].empty() && is_good_copy(position, text)) {
        texts_[position].assign(text);
        return;
    }
    for (std::size_t other = 0; other < count_; ++other) {
        if (other == position) continue;
        const bool is_other = texts_[other].empty() ? !payloads_.empty() && is_good_copy(other, text) : text == texts_[other];
        if (is_other) {
            ++faults_.misordered;
            return;
        }
    }
    ++faults_.damaged;
}

bool delivery_audit::is_good_copy(std::size_t position, std::string_view text) const
{
    return payloads_.empty() || text.find(payloads_[position]) != std::string_view::npos;
}

delivery_faults delivery_audit::end()
{
    faults_.lost += expected_ - arrived_;
    delivery_faults found = faults_;
    begin(0, 0, {});
    return found;
}

} // namespace coax::load
