// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include "config_text.hpp"
#include "source_tree.hpp"

#include <map>
#include <set>

namespace {

std::string document(const std::string& path)
{
    const std::string text = slurp(std::string(source_tree) + '/' + path);
    INFO(path);
    REQUIRE_FALSE(text.empty());
    return text;
}

// The docstring of each member of coax/config.hpp, by `struct.member`.
std::map<std::string, std::string> member_docstrings(const std::string& header)
{
    std::map<std::string, std::string> found;
    std::istringstream lines(header);
    std::string line, section, doc;
    while (std::getline(lines, line)) {
        const std::size_t begin = line.find_first_not_of(' ');
        if (begin == std::string::npos) continue;
        line.erase(0, begin);
        if (line.starts_with("/// ")) {
            doc += (doc.empty() ? "" : " ") + line.substr(4);
            continue;
        }
        if (line == "};") section.clear();
        if (line.starts_with("struct ")) section = line.substr(7, line.find(" {") - 7);
        const std::size_t end = line.find_first_of(";={");
        if (line.ends_with(';') && end != std::string::npos && !section.empty()) {
            std::string declaration = line.substr(0, line[end] == '=' ? end - 1 : end);
            found[section + '.' + declaration.substr(declaration.rfind(' ') + 1)] = doc;
        }
        doc.clear();
    }
    return found;
}

} // namespace

TEST_CASE("the description of a key is the member's docstring, and every member is a key", "[config]")
{
    const auto docstrings = member_docstrings(document("framework/core/include/coax/config.hpp"));
    std::set<std::string> members;
    for (const auto& key : coax::describe_config()) {
        const std::size_t dot = key.path.find('.');
        const std::string member = key.path.substr(0, dot) + "_config" + key.path.substr(dot);
        INFO(member);
        REQUIRE(docstrings.count(member) == 1);
        CHECK(docstrings.at(member) == key.doc);
        members.insert(member);
    }
    for (const auto& [member, doc] : docstrings) {
        const bool is_of_section = member.find("_config.") != std::string::npos && member != "adapter_config.options_json";
        INFO(member);
        if (is_of_section) CHECK(members.count(member) == 1);
    }
    CHECK(members.size() > 35); // the scan found the structs at all
}

TEST_CASE("docs/configuration.md has every key with its type, default and meaning", "[config]")
{
    const std::string page = document("docs/configuration.md");
    for (const char* section : {"server", "handshake", "session", "adapter", "log", "shutdown"}) {
        const std::string table = coax::config_table(section);
        INFO("expected:\n" << table);
        CHECK(page.find(table) != std::string::npos);
    }
}

TEST_CASE("the sample file is the current list of keys, loads as it is, and holds the defaults", "[config]")
{
    const std::string sample = document("framework/cli/coax.toml");
    CHECK(sample == coax::sample_config());
    CHECK(values_of(read_text(sample).settings) == values_of(coax::config()));

    std::string uncommented;
    std::size_t keys = 0;
    std::istringstream lines(sample);
    for (std::string line; std::getline(lines, line);) {
        const bool is_key = line.size() > 1 && line[0] == '#' && line[1] != ' ';
        keys += is_key ? 1 : 0;
        uncommented += line.substr(is_key ? 1 : 0) + '\n';
    }
    CHECK(keys == coax::config_fields().size());
    const auto resolved = read_text(uncommented);
    CHECK(values_of(resolved.settings) == values_of(coax::config()));
    CHECK(resolved.origins.size() == keys);
}
