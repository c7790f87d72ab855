// SPDX-License-Identifier: MIT
#pragma once

#include <boost/json/value.hpp>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Exchanges of client and server as data; `README.md` beside this file tells what a line may say.
namespace coax::testing {

/// The transcript cannot be read, or the server did something else than it says. The text begins with file and line.
class transcript_failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One exchange, read and checked.
struct transcript {
    struct step {
        std::string where; ///< file and line
        std::string kind;
        boost::json::value what;
    };

    std::string name;
    std::vector<step> steps;
};

/// Errors: throws transcript_failure for a line of unknown kind, one that is no object with one field, a transcript that does not begin with a
/// connect, or an exchange that ends in neither silence nor a close: what the server says too much would go unseen.
transcript parse_transcript(std::string name, std::string_view text);

/// Every `*.jsonl` of a directory, by name. Errors: throws transcript_failure if there is none.
std::vector<transcript> read_transcripts(const std::filesystem::path& directory);

/// Plays it against the server at `address`. Errors: throws transcript_failure at the first line that is not so.
void play(const transcript& what, std::string_view address);

} // namespace coax::testing
