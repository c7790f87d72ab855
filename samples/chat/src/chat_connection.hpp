// SPDX-License-Identifier: MIT
#pragma once

#include <coax/connection.hpp>

#include <string>

namespace chat {

/// Who is chatting: the name from `?name=` or the cookie `chat_name`, else a guest. A name that cannot be shown is refused.
///
/// There are no passwords here: whoever says "ann" is ann, and all of ann's tabs are one person.
class chat_connection : public coax::connection {
public:
    coax::task<> connect() override;

    const std::string& name() const noexcept { return name_; }

private:
    std::string name_;
};

} // namespace chat
