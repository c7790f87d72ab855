// SPDX-License-Identifier: MIT
#include "config/source.hpp"

#include "config/checked_toml.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace coax {
namespace {

// Far above any real file; keeps a file given by mistake (a log, a device) from filling the memory.
constexpr std::size_t max_file_size = 1024 * 1024;
// toml++ bounds nested values but not dotted keys, and Boost.JSON, which reads an adapter's options, stops at 32 by default.
constexpr int max_depth = 32;
constexpr int max_path_depth = 16;
constexpr std::string_view prefix = "COAX_";

std::string origin_of(const toml::node& node, const std::string& name)
{
    return name + " line " + std::to_string(node.source().begin.line);
}

template <class Value>
std::string to_text(const Value& value)
{
    std::ostringstream out;
    out << value;
    return out.str();
}

config_node convert(const toml::node& from, const std::string& name, int depth)
{
    config_node to;
    to.origin = origin_of(from, name);
    if (depth > max_depth) throw config_problem(to.origin + ": tables are nested more than " + std::to_string(max_depth) + " deep");
    from.visit([&](const auto& value) {
        using type = std::remove_cvref_t<decltype(value)>;
        if constexpr (toml::is_table<type>) {
            to.type = config_node::kind::table;
            for (const auto& [key, child] : value) {
                to.children.push_back(convert(child, name, depth + 1));
                to.children.back().key = std::string(key.str());
            }
        } else if constexpr (toml::is_array<type>) {
            to.type = config_node::kind::list;
            for (const auto& child : value) to.children.push_back(convert(child, name, depth + 1));
        } else if constexpr (toml::is_string<type>) {
            to.type = config_node::kind::text;
            to.text = value.get();
        } else if constexpr (toml::is_integer<type>) {
            to.type = config_node::kind::integer;
            to.integer = value.get();
        } else if constexpr (toml::is_floating_point<type>) {
            to.type = config_node::kind::number;
            to.number = value.get();
        } else if constexpr (toml::is_boolean<type>) {
            to.type = config_node::kind::flag;
            to.flag = value.get();
        } else {
            to.type = config_node::kind::date;
            to.text = to_text(value.get());
        }
    });
    return to;
}

// TOML forbids control characters everywhere. toml++ 3.3 does not refuse all of them: `[` and a zero byte end in an assertion.
void refuse_control_characters(std::string_view text, const std::string& name)
{
    std::size_t line = 1;
    std::size_t line_begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte == '\n') {
            ++line;
            line_begin = i + 1;
        } else if ((byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7f) {
            throw config_problem(name + " line " + std::to_string(line) + ", column " + std::to_string(i - line_begin + 1) +
                                 ": a control character, which TOML does not allow; write it as an escape such as \"\\u0000\"");
        }
    }
}

// The line at which the parser stops with an assertion: it reads forwards, so every longer beginning of the text stops too.
std::size_t find_broken_line(std::string_view text)
{
    std::vector<std::size_t> line_ends;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] == '\n') line_ends.push_back(i);
    line_ends.push_back(text.size());
    const auto stops_before = [&](std::size_t end) {
        try {
            static_cast<void>(toml::parse(text.substr(0, end)));
        } catch (const broken_toml&) {
            return true;
        } catch (const toml::parse_error&) { // cut in the middle of something
        }
        return false;
    };
    const auto found = std::partition_point(line_ends.begin(), line_ends.end(), [&](std::size_t end) { return !stops_before(end); });
    return static_cast<std::size_t>(found - line_ends.begin()) + 1;
}

std::string read_file(const std::string& file)
{
    const std::string remedy = "; name another file with --config, or leave it out to run with the defaults";
    struct ::stat status {};
    if (::stat(file.c_str(), &status) != 0) {
        const std::string why = std::generic_category().message(errno);
        throw config_problem("cannot read the configuration file " + quote_toml(file) + ": " + why + remedy);
    }
    if (S_ISDIR(status.st_mode)) throw config_problem("the configuration file " + quote_toml(file) + " is a directory" + remedy);
    std::ifstream in(file, std::ios::binary);
    if (!in) throw config_problem("cannot open the configuration file " + quote_toml(file) + "; check its permissions" + remedy);
    std::string text(max_file_size + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) throw config_problem("cannot read the configuration file " + quote_toml(file) + remedy);
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > max_file_size) throw config_problem("the configuration file " + quote_toml(file) + " is larger than 1MiB" + remedy);
    return text;
}

void set_untyped(config_node& root, const std::string& path, std::string value, const std::string& origin)
{
    config_node* at = &root;
    std::size_t begin = 0;
    for (int depth = 0;; ++depth) {
        const std::size_t dot = path.find('.', begin);
        const bool is_last = dot == std::string::npos;
        const std::string part = path.substr(begin, is_last ? dot : dot - begin);
        if (part.empty() || depth > max_path_depth)
            throw config_problem(origin + ": " + quote_toml(path) + " is not the path of a key such as \"server.listen\"");
        config_node* child = at->find(part);
        if (!child) {
            child = &at->children.emplace_back();
            child->key = part;
            child->origin = origin;
        } else if ((child->type == config_node::kind::table) == is_last) {
            throw config_problem(path.substr(0, dot) + (is_last ? ": is a table; set one of its keys (" : ": is not a table (") + origin + ")");
        }
        if (is_last) {
            child->type = config_node::kind::untyped;
            child->text = std::move(value);
            child->origin = origin;
            child->children.clear();
            return;
        }
        at = child;
        begin = dot + 1;
    }
}

// SERVER__LISTEN to server.listen.
std::string path_of_variable(std::string_view name)
{
    std::string path;
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name.substr(i, 2) == "__") {
            path += '.';
            ++i;
        } else {
            path += name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] - 'A' + 'a') : name[i];
        }
    }
    return path;
}

void apply_environment(config_node& root, const std::vector<std::string>& environment)
{
    for (const std::string& entry : environment) {
        const std::size_t equals = entry.find('=');
        if (!entry.starts_with(prefix) || equals == std::string::npos) continue;
        const std::string name = entry.substr(0, equals);
        // A variable without "__" is not a key: COAX_PLUGIN_PATH, or one of the user's own. The reader looks for misspelt ones.
        if (name.find("__") == std::string::npos) continue;
        set_untyped(root, path_of_variable(std::string_view(name).substr(prefix.size())), entry.substr(equals + 1), name);
    }
}

} // namespace

const config_node* config_node::find(std::string_view name) const noexcept
{
    const auto found = std::find_if(children.begin(), children.end(), [&](const config_node& child) { return child.key == name; });
    return found == children.end() ? nullptr : &*found;
}

config_node* config_node::find(std::string_view name) noexcept { return const_cast<config_node*>(std::as_const(*this).find(name)); }

config_node parse_config_text(std::string_view text, const std::string& name)
{
    refuse_control_characters(text, name);
    try {
        return convert(toml::parse(text, name), name, 0);
    } catch (const toml::parse_error& error) {
        const auto at = error.source().begin;
        throw config_problem(name + " line " + std::to_string(at.line) + ", column " + std::to_string(at.column) + ": " +
                             std::string(error.description()));
    } catch (const broken_toml&) {
        throw config_problem(name + " line " + std::to_string(find_broken_line(text)) + ": this is not TOML");
    }
}

config_node read_sources(const config_sources& sources)
{
    config_node root;
    if (!sources.file.empty()) root = parse_config_text(read_file(sources.file), sources.file);
    apply_environment(root, sources.environment);
    for (const config_override& item : sources.overrides) set_untyped(root, item.path, item.value, "command line");
    return root;
}

startup_error config_problem(std::string message)
{
    std::replace_if(message.begin(), message.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return config_error(message);
}

std::vector<std::string> process_environment()
{
    std::vector<std::string> entries;
    for (char** entry = environ; entry && *entry; ++entry)
        if (std::string_view(*entry).starts_with(prefix)) entries.emplace_back(*entry);
    return entries;
}

} // namespace coax
