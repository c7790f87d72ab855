// SPDX-License-Identifier: MIT
#include "chat_connection.hpp"

#include "names.hpp"

namespace chat {

coax::task<> chat_connection::connect()
{
    // The query arrives decoded, a cookie as it was sent.
    if (const auto given = query("name"))
        name_ = trimmed(*given);
    else if (const auto remembered = cookie("chat_name"))
        name_ = trimmed(percent_decoded(*remembered));
    if (name_.empty()) name_ = make_guest_name();
    if (!is_display_name(name_)) reject_unauthorized();
    identified_by("name", name_);
    co_return;
}

} // namespace chat
