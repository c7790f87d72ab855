// SPDX-License-Identifier: MIT
#include "config/reader.hpp"

#include "config/sections.hpp"
#include "config/units.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

namespace coax {
namespace {

using kind = config_node::kind;

std::string shorten(const std::string& text)
{
    constexpr std::size_t longest = 80;
    return text.size() <= longest ? text : text.substr(0, longest) + "...";
}

std::string describe(const config_node& node)
{
    switch (node.type) {
    case kind::text:
    case kind::untyped: return quote_toml(shorten(node.text));
    case kind::integer: return std::to_string(node.integer);
    case kind::number: return "a number with a fraction";
    case kind::flag: return node.flag ? "true" : "false";
    case kind::date: return "the date " + node.text;
    case kind::list: return "a list";
    case kind::table: return "a table";
    }
    return "";
}

[[noreturn]] void fail(const std::string& path, const std::string& expected, const std::string& got, const std::string& origin)
{
    throw config_problem(path + ": expected " + expected + ", got " + got + " (" + origin + ")");
}

std::string expected_type(const config_rule& rule)
{
    switch (rule.kind) {
    case config_kind::text: return "a string";
    case config_kind::choice: {
        std::string all;
        for (const auto choice : rule.choices) all += (all.empty() ? "one of " : ", ") + quote_toml(choice);
        return all;
    }
    case config_kind::text_list: return "a list of strings";
    case config_kind::flag: return "true or false";
    case config_kind::count: return "a whole number";
    case config_kind::size: return "a size such as \"64KiB\", or a number of bytes";
    case config_kind::duration: return rule.has_off ? "a duration such as \"3s\" or \"off\"" : "a duration such as \"3s\"";
    }
    return "";
}

std::string expected_range(const config_rule& rule)
{
    const auto show = [&](std::int64_t value) {
        if (rule.kind == config_kind::duration) return quote_toml(format_duration(std::chrono::milliseconds(value)));
        return rule.kind == config_kind::size ? format_size(value) : std::to_string(value);
    };
    const std::string_view noun = rule.kind == config_kind::duration ? "a duration" : rule.kind == config_kind::size ? "a size" : "a number";
    return std::string(noun) + " from " + show(rule.min) + " to " + show(rule.max) + (rule.has_off ? ", or \"off\"" : "");
}

// Sets one slot from one node, by the field's rule.
class field_reader {
public:
    field_reader(const config_field& field, const config_node& node) : field_(field), rule_(field.rule), node_(node) {}

    void read_into(config& settings) const
    {
        const config_slot slot = field_.slot(settings);
        if (const auto* text = std::get_if<std::string*>(&slot)) **text = read_text();
        else if (const auto* list = std::get_if<std::vector<std::string>*>(&slot)) **list = read_list();
        else if (const auto* flag = std::get_if<bool*>(&slot)) **flag = read_flag();
        else if (const auto* narrow = std::get_if<unsigned*>(&slot)) **narrow = static_cast<unsigned>(read_number());
        else if (const auto* wide = std::get_if<std::size_t*>(&slot)) **wide = static_cast<std::size_t>(read_number());
        else if (const auto* duration = std::get_if<std::chrono::milliseconds*>(&slot)) **duration = std::chrono::milliseconds(read_number());
    }

private:
    [[noreturn]] void fail_type() const { fail(field_.path, expected_type(rule_), describe(node_), node_.origin); }

    bool is_text() const { return node_.type == kind::text || node_.type == kind::untyped; }

    void check(const std::string& text) const
    {
        if (!rule_.check) return;
        const std::string_view expected = rule_.check(text);
        if (!expected.empty()) fail(field_.path, std::string(expected), quote_toml(shorten(text)), node_.origin);
    }

    std::string read_text() const
    {
        if (!is_text()) fail_type();
        const auto& choices = rule_.choices;
        if (!choices.empty() && std::find(choices.begin(), choices.end(), node_.text) == choices.end()) fail_type();
        check(node_.text);
        return node_.text;
    }

    // A list in a variable or on the command line is separated by commas; empty text is the empty list.
    std::vector<std::string> read_list() const
    {
        std::vector<std::string> list;
        if (node_.type == kind::untyped) {
            for (std::size_t begin = 0; !node_.text.empty() && begin <= node_.text.size();) {
                const std::size_t end = std::min(node_.text.find(',', begin), node_.text.size());
                std::string_view item = std::string_view(node_.text).substr(begin, end - begin);
                while (item.starts_with(' ')) item.remove_prefix(1);
                while (item.ends_with(' ')) item.remove_suffix(1);
                list.emplace_back(item);
                begin = end + 1;
            }
        } else if (node_.type == kind::list) {
            for (const config_node& item : node_.children) {
                if (item.type != kind::text) fail(field_.path, expected_type(rule_), "a list with " + describe(item), item.origin);
                list.push_back(item.text);
            }
        } else {
            fail_type();
        }
        for (const std::string& item : list) check(item);
        return list;
    }

    bool read_flag() const
    {
        if (node_.type == kind::flag) return node_.flag;
        if (node_.type != kind::untyped || (node_.text != "true" && node_.text != "false")) fail_type();
        return node_.text == "true";
    }

    std::int64_t read_number() const
    {
        const std::optional<std::int64_t> value = parse_number();
        if (!value) fail_type();
        if (rule_.has_off && *value == 0 && is_text() && node_.text == "off") return 0;
        if (*value < rule_.min || *value > rule_.max) fail(field_.path, expected_range(rule_), describe(node_), node_.origin);
        return *value;
    }

    std::optional<std::int64_t> parse_number() const
    {
        if (rule_.kind == config_kind::duration) {
            if (!is_text()) return std::nullopt;
            if (rule_.has_off && node_.text == "off") return 0;
            const auto duration = parse_duration(node_.text);
            return duration ? std::optional(duration->count()) : std::nullopt;
        }
        if (node_.type == kind::integer) return node_.integer;
        if (rule_.kind == config_kind::size) return is_text() ? parse_size(node_.text) : std::nullopt;
        return node_.type == kind::untyped ? parse_count(node_.text) : std::nullopt;
    }

    const config_field& field_;
    const config_rule& rule_;
    const config_node& node_;
};

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t k = 0; k < b.size(); ++k) {
            const std::size_t above = row[k + 1];
            row[k + 1] = std::min({above + 1, row[k] + 1, diagonal + (a[i] == b[k] ? 0 : 1)});
            diagonal = above;
        }
    }
    return row.back();
}

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('.') + 1); }

std::string nearest_key(const std::string& unknown)
{
    const std::string text = unknown.substr(0, 200); // bounds the work for an absurd key
    const config_field* best = nullptr;
    std::size_t best_distance = 0;
    for (const config_field& field : config_fields()) {
        // The right key in the wrong section is nearer than a similar key in the right one.
        const std::size_t distance = std::min(edit_distance(text, field.path), edit_distance(last_part(text), last_part(field.path)) + 1);
        if (!best || distance < best_distance) {
            best = &field;
            best_distance = distance;
        }
    }
    return best->path;
}

// A key of the user's as it goes into a message.
std::string show_path(const std::string& path)
{
    const std::string quoted = quote_toml(shorten(path));
    const bool is_plain = quoted.size() == path.size() + 2 && path.find(' ') == std::string::npos;
    return is_plain ? path : quoted;
}

[[noreturn]] void fail_unknown(const std::string& path, const std::string& origin)
{
    std::string message = show_path(path) + ": unknown key; the nearest known key is " + nearest_key(path);
    if (path.starts_with("adapter.")) message += "; options of an adapter stand in a table of their own, such as [adapter.redis]";
    throw config_problem(message + " (" + origin + ")");
}

boost::json::value to_json(const config_node& node, const std::string& path);

// A file is checked by its parser; variables and arguments are any bytes.
void require_utf8(const std::string& text, const std::string& path, const std::string& origin)
{
    boost::system::error_code failed;
    boost::json::parse(boost::json::serialize(boost::json::string(text)), failed);
    if (failed) fail(path, "text in UTF-8", "other bytes", origin);
}

// Text without a type, for an adapter whose keys are not known here: a whole number, true, false, a text in double quotes
// (JSON), else the text itself.
boost::json::value untyped_to_json(const config_node& node, const std::string& path)
{
    if (node.text == "true" || node.text == "false") return node.text == "true";
    if (const auto number = parse_count(node.text)) return *number;
    boost::system::error_code failed;
    if (node.text.starts_with('"') || node.text.starts_with('[')) {
        boost::json::parse_options options;
        options.max_depth = 16; // with the depth of its path still within what an adapter's parser takes
        boost::json::value value = boost::json::parse(node.text, failed, {}, options);
        if (!failed) return value;
    }
    require_utf8(node.text, path, node.origin);
    return boost::json::value(node.text);
}

boost::json::value to_json(const config_node& node, const std::string& path)
{
    switch (node.type) {
    case kind::text:
    case kind::date: return boost::json::value(node.text);
    case kind::integer: return node.integer;
    case kind::flag: return node.flag;
    case kind::number:
        if (!std::isfinite(node.number)) fail(path, "a finite number", "inf or nan", node.origin);
        return node.number;
    case kind::untyped: return untyped_to_json(node, path);
    case kind::list: {
        boost::json::array list;
        for (const config_node& item : node.children) list.push_back(to_json(item, path));
        return list;
    }
    case kind::table: break;
    }
    boost::json::object table;
    for (const config_node& child : node.children) {
        require_utf8(child.key, path, child.origin);
        table[child.key] = to_json(child, path + '.' + child.key);
    }
    return table;
}

void read_section(const config_node& section, resolved_config& out)
{
    const auto& fields = config_fields();
    for (const config_node& node : section.children) {
        const std::string path = section.key + '.' + node.key;
        const auto field = std::find_if(fields.begin(), fields.end(), [&](const config_field& f) { return f.path == path; });
        if (field == fields.end()) {
            const bool is_adapter_table = section.key == "adapter" && node.type == kind::table;
            if (!is_adapter_table) fail_unknown(path, node.origin);
            continue;
        }
        field_reader(*field, node).read_into(out.settings);
        out.origins[path] = node.origin;
    }
}

// COAX_SERVER_LISTEN with one underscore would be skipped in silence.
void reject_misspelt_variables(const std::vector<std::string>& environment)
{
    constexpr std::string_view prefix = "COAX_";
    for (const std::string& entry : environment) {
        const std::string name = entry.substr(0, entry.find('='));
        if (!name.starts_with(prefix)) continue;
        for (const config_field& field : config_fields()) {
            std::string flat;
            std::string wanted(prefix);
            for (const char c : field.path) {
                const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
                flat += c == '.' ? '_' : upper;
                wanted += c == '.' ? std::string("__") : std::string(1, upper);
            }
            if (name.substr(prefix.size()) == flat)
                throw config_problem(name + ": unknown variable; section and key are separated by two underscores: " + wanted);
        }
    }
}

} // namespace

resolved_config read_config(const config_node& root)
{
    const auto is_section = [](const std::string& name) {
        const auto& fields = config_fields();
        return std::any_of(fields.begin(), fields.end(), [&](const config_field& f) { return f.path.starts_with(name + '.'); });
    };
    resolved_config out;
    for (const config_node& node : root.children) {
        if (!is_section(node.key)) {
            if (node.type == kind::table && !node.children.empty()) fail_unknown(node.key + '.' + node.children.front().key, node.children.front().origin);
            fail_unknown(node.key, node.origin);
        }
        if (node.type != kind::table) fail(node.key, "a table, [" + node.key + "]", describe(node), node.origin);
        read_section(node, out);
    }
    const std::string contradiction = find_contradiction(out.settings);
    if (!contradiction.empty()) throw config_problem(contradiction);

    const config_node* adapter = root.find("adapter");
    const config_node* options = adapter ? adapter->find(out.settings.adapter.name) : nullptr;
    if (options && options->type == kind::table) { // not so for an adapter that is called like a key, such as `name`
        out.adapter_options = *options;
        out.settings.adapter.options_json = boost::json::serialize(to_json(*options, "adapter." + options->key));
    }
    return out;
}

resolved_config resolve_config(const config_sources& sources)
{
    reject_misspelt_variables(sources.environment);
    return read_config(read_sources(sources));
}

config load_config(const std::string& file, const std::vector<config_override>& overrides)
{
    return resolve_config({file, process_environment(), overrides}).settings;
}

} // namespace coax
