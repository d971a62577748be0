#include "common/config/settings_reader.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "common/base/text.hpp"
#include "common/config/host_name.hpp"
#include "common/config/settings_checks.hpp"
#include "common/config/settings_hints.hpp"
#include "common/config/settings_table.hpp"
#include "common/config/toml_text.hpp"

namespace defender::config {
namespace {

constexpr std::size_t key_octets = 80;

std::string type_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "a list";
        case toml::node_type::string:
            return "text";
        case toml::node_type::integer:
            return "a whole number";
        case toml::node_type::floating_point:
            return "a number with a fraction";
        case toml::node_type::boolean:
            return "true or false";
        default:
            return "a date or a time";
    }
}

/// What to write for a setting that takes this.
std::string wanted(const Takes& takes) {
    const bool bare =
        std::holds_alternative<TakesSwitch>(takes) || std::holds_alternative<TakesNumber>(takes);
    return describe(takes) + (bare ? ", without quotes" : ", in double quotes");
}

class Reader {
  public:
    explicit Reader(const std::string& file_name) : file_name_(file_name) { set_defaults(); }

    SettingsReading read(std::string_view toml) {
        TomlText text = parse_toml(toml, file_name_);
        errors_ = std::move(text.errors);
        if (text.root) {
            read_root(*text.root);
            check_conflicts();
        }
        return result();
    }

  private:
    void set_defaults() {
        for (const auto& section : settings_sections()) {
            for (const auto& row : section.rows) set_default(settings_, row);
        }
    }

    template <typename Target>
    static void set_default(Target& target, const SettingRow<Target>& row) {
        if (row.fallback && !row.set(target, *row.fallback).empty()) {
            throw std::logic_error("the default of " + std::string(row.info.name) + " is no value of it");
        }
    }

    void add(const toml::source_region& place, std::string what, std::string mend) {
        errors_.push_back({file_name_, static_cast<unsigned>(place.begin.line),
                           static_cast<unsigned>(place.begin.column), std::move(what), std::move(mend)});
    }

    void read_root(const toml::table& root) {
        const auto& sections = settings_sections();
        for (const auto& [key, node] : root) {
            const std::string_view name = key.str();
            const auto section = std::find_if(sections.begin(), sections.end(),
                                              [&](const SettingsSection& s) { return s.name == name; });
            if (section == sections.end()) {
                add_unknown_root(key, node);
            } else if (const auto* table = node.as_table()) {
                read_section(*section, *table);
            } else {
                add(node.source(), std::string(name) + " is " + type_of(node) + ", but must be a table",
                    "write [" + std::string(name) + "] on a line of its own and its settings below");
            }
        }
    }

    void add_unknown_root(const toml::key& key, const toml::node& node) {
        const std::string name = text::printable(key.str(), key_octets);
        if (node.is_table() || node.is_array_of_tables()) {
            add(key.source(), "there is no table [" + name + "]", mend_unknown_table(key.str()));
        } else {
            add(key.source(), "there is no setting " + name + " outside a table",
                mend_unknown_key("", key.str()));
        }
    }

    void read_section(const SettingsSection& section, const toml::table& table) {
        for (const auto& [key, node] : table) {
            const std::string full = std::string(section.name) + "." + text::printable(key.str(), key_octets);
            if (section.name == override_section && key.str() == override_key) {
                read_overrides(node);
            } else if (const auto* row = row_of(section.rows, key.str())) {
                read_row(settings_, *row, node, full);
            } else {
                add(key.source(), "there is no setting " + full, mend_unknown_key(section.name, key.str()));
            }
        }
    }

    template <typename Target>
    static const SettingRow<Target>* row_of(const std::vector<SettingRow<Target>>& rows,
                                            std::string_view name) {
        for (const auto& row : rows) {
            if (row.info.name == name) return &row;
        }
        return nullptr;
    }

    template <typename Target>
    void read_row(Target& target, const SettingRow<Target>& row, const toml::node& node,
                  const std::string& full) {
        places_.emplace(full, node.source());
        const auto errors_before = errors_.size();
        if (const auto value = value_of(node, row.takes, full)) {
            for (auto& problem : row.set(target, *value)) {
                const auto& place =
                    problem.item ? node.as_array()->get(*problem.item)->source() : node.source();
                add(place, full + " " + problem.what, std::move(problem.mend));
            }
        }
        if (errors_.size() != errors_before) bad_keys_.insert(full);
    }

    /// The value, where it has the type that the setting takes.
    std::optional<Value> value_of(const toml::node& node, const Takes& takes, const std::string& full) {
        if (std::holds_alternative<TakesSwitch>(takes)) {
            if (const auto* given = node.as_boolean()) return Value(given->get());
        } else if (std::holds_alternative<TakesNumber>(takes)) {
            if (const auto* given = node.as_integer()) return Value(given->get());
        } else if (std::holds_alternative<TakesList>(takes)) {
            if (const auto* given = node.as_array()) return list_of(*given, takes, full);
        } else if (const auto* given = node.as_string()) {
            return Value(given->get());
        }
        add(node.source(), full + " is " + type_of(node), "write " + wanted(takes));
        return std::nullopt;
    }

    std::optional<Value> list_of(const toml::array& array, const Takes& takes, const std::string& full) {
        std::vector<std::string> items;
        for (const auto& node : array) {
            if (const auto* given = node.as_string()) {
                items.push_back(given->get());
            } else {
                add(node.source(), full + " has an item that is " + type_of(node), "write " + wanted(takes));
            }
        }
        if (items.size() != array.size()) return std::nullopt;
        return Value(std::move(items));
    }

    void read_overrides(const toml::node& node) {
        const auto* array = node.as_array();
        const bool tables = array != nullptr && std::all_of(array->begin(), array->end(),
                                                            [](const auto& item) { return item.is_table(); });
        if (!tables) {
            add(node.source(), "policy.override is " + type_of(node) + ", but must be a list of tables",
                "write [[policy.override]], with two brackets, for each exception");
            return;
        }
        for (const auto& item : *array) read_override(*item.as_table());
    }

    void read_override(const toml::table& table) {
        PolicyOverride made;
        const std::string prefix = "policy.override.";
        for (const auto& row : override_rows()) {
            set_default(made, row);
            if (row.fallback || table.contains(row.info.name)) continue;
            add(table.source(), "this [[policy.override]] has no " + std::string(row.info.name),
                "add " + std::string(row.info.name) + " = " + wanted(row.takes));
        }
        for (const auto& [key, node] : table) {
            const std::string full = prefix + text::printable(key.str(), key_octets);
            if (const auto* row = row_of(override_rows(), key.str())) {
                read_row(made, *row, node, full);
            } else {
                add(key.source(), "there is no setting " + full, mend_unknown_override_key(key.str()));
            }
        }
        check_conditions(table);
        settings_.policy.overrides.push_back(std::move(made));
    }

    /// An exception without any list would match every message. A list that is given but wrong counts as
    /// given.
    void check_conditions(const toml::table& table) {
        const bool given = std::any_of(table.begin(), table.end(), [](const auto& entry) {
            const auto* array = entry.second.as_array();
            return array != nullptr && !array->empty();
        });
        if (given) return;
        add(table.source(), "this [[policy.override]] has no condition, and would match every message",
            "add author_domains, networks, dkim_domains or list_ids");
    }

    void check_conflicts() {
        for (auto& conflict : find_conflicts(settings_)) {
            const auto bad = [this](const std::string& key) { return bad_keys_.contains(key); };
            if (std::any_of(conflict.keys.begin(), conflict.keys.end(), bad)) continue;
            toml::source_region place;
            for (const auto& key : conflict.keys) {
                const auto known = places_.find(key);
                if (known == places_.end()) continue;
                place = known->second;
                break;
            }
            add(place, conflict.keys.front() + " " + conflict.what, std::move(conflict.mend));
        }
    }

    SettingsReading result() {
        if (errors_.empty()) {
            if (settings_.milter.authserv_id.empty()) settings_.milter.authserv_id = host_name();
            return {std::make_shared<const Settings>(std::move(settings_)), {}};
        }
        std::stable_sort(errors_.begin(), errors_.end(), [](const SettingsError& a, const SettingsError& b) {
            return std::tie(a.line, a.column) < std::tie(b.line, b.column);
        });
        return {nullptr, std::move(errors_)};
    }

    std::string file_name_;
    Settings settings_;
    std::vector<SettingsError> errors_;
    std::map<std::string, toml::source_region> places_;
    std::set<std::string> bad_keys_;
};

}  // namespace

std::string SettingsError::to_string() const {
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + what + "; " + mend;
}

SettingsReading read_settings(std::string_view toml, const std::string& file_name) {
    return Reader(file_name).read(toml);
}

std::shared_ptr<const Settings> default_settings() {
    auto reading = read_settings("", "defaults");
    if (!reading.settings) throw std::logic_error(reading.errors.front().to_string());
    return reading.settings;
}

}  // namespace defender::config
