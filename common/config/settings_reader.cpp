#include "common/config/settings_reader.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "common/base/text.hpp"
#include "common/config/host_name.hpp"
#include "common/config/settings_change.hpp"
#include "common/config/settings_checks.hpp"
#include "common/config/settings_hints.hpp"
#include "common/config/settings_table.hpp"
#include "common/config/toml_text.hpp"

namespace defender::config {
namespace {

constexpr std::size_t key_octets = 80;
constexpr std::size_t change_octets = 200;

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

/// TABLE.KEY, in the letters that keys have.
bool is_key(std::string_view key) {
    const auto dot = key.find('.');
    return dot != 0 && dot != std::string_view::npos && dot + 1 != key.size() &&
           std::all_of(key.begin(), key.end(),
                       [](char c) { return text::is_alnum(c) || c == '_' || c == '-' || c == '.'; }) &&
           key.find('.', dot + 1) == std::string_view::npos;
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

/// Text that TOML wants in quotes and a shell's user does not write them for.
bool is_plain_word(std::string_view value) {
    return !value.empty() && value != "true" && value != "false" && value != "inf" && value != "nan" &&
           text::is_alpha(value.front()) && std::all_of(value.begin(), value.end(), [](char c) {
               return text::is_alnum(c) || c == '_' || c == '-' || c == '.';
           });
}

class Reader {
  public:
    explicit Reader(const std::string& file_name) : file_name_(file_name) { set_defaults(); }

    explicit Reader(const Settings& settings) : settings_(settings), changing_(true) {}

    SettingsReading change(const std::vector<SettingChange>& changes) {
        for (const auto& change : changes) {
            file_name_ = text::printable(change.key + "=" + change.value, change_octets);
            read_change(change);
        }
        check_conflicts();
        return result();
    }

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

    static void set_default(Settings& settings, const SettingRow<Settings>& row) {
        if (row.fallback && !row.set(settings, *row.fallback).empty()) {
            throw std::logic_error("the default of " + std::string(row.info.name) + " is no value of it");
        }
    }

    /// Each is a text of its own; were they one, a key could not be told from the value before it.
    void read_change(const SettingChange& change) {
        if (!is_key(change.key)) {
            return add({}, "this names no setting", "write TABLE.KEY=VALUE, such as policy.mode=enforce");
        }
        if (std::any_of(change.value.begin(), change.value.end(), is_control)) {
            return add({}, "the value has a control character", "write the value on one line");
        }
        const std::string quote = is_plain_word(change.value) ? "\"" : "";
        auto parsed = parse_toml(change.key + " = " + quote + change.value + quote, file_name_);
        std::move(parsed.errors.begin(), parsed.errors.end(), std::back_inserter(errors_));
        if (parsed.root) read_root(*parsed.root);
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
            if (const auto* array = array_of(section, key.str())) {
                read_array(*array, full, node);
            } else if (const auto* row = row_of(section.rows, key.str())) {
                read_row(*row, node, full);
            } else {
                add(key.source(), "there is no setting " + full, mend_unknown_key(section.name, key.str()));
            }
        }
    }

    static const SettingRow<Settings>* row_of(const std::vector<SettingRow<Settings>>& rows,
                                              std::string_view name) {
        for (const auto& row : rows) {
            if (row.info.name == name) return &row;
        }
        return nullptr;
    }

    static const SettingsArray* array_of(const SettingsSection& section, std::string_view key) {
        for (const auto& array : section.arrays) {
            if (array.key == key) return &array;
        }
        return nullptr;
    }

    void read_row(const SettingRow<Settings>& row, const toml::node& node, const std::string& full) {
        places_.emplace(full, node.source());
        const auto errors_before = errors_.size();
        if (const auto value = value_of(node, row.takes, full)) {
            for (auto& problem : row.set(settings_, *value)) {
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

    void read_array(const SettingsArray& array, const std::string& full, const toml::node& node) {
        const auto* entries = node.as_array();
        const bool tables =
            entries != nullptr &&
            std::all_of(entries->begin(), entries->end(), [](const auto& entry) { return entry.is_table(); });
        if (!tables) {
            add(node.source(), full + " is " + type_of(node) + ", but must be a list of tables",
                "write [[" + full + "]], with two brackets, for each entry");
            return;
        }
        if (changing_) array.clear(settings_);
        for (const auto& entry : *entries) read_entry(array, full, *entry.as_table());
    }

    void read_entry(const SettingsArray& array, const std::string& full, const toml::table& table) {
        array.add(settings_);
        for (const auto& row : array.rows) {
            set_default(settings_, row);
            if (row.fallback || table.contains(row.info.name)) continue;
            add(table.source(), "this [[" + full + "]] has no " + std::string(row.info.name),
                "add " + std::string(row.info.name) + " = " + wanted(row.takes));
        }
        for (const auto& [key, node] : table) {
            const std::string name = full + "." + text::printable(key.str(), key_octets);
            if (const auto* row = row_of(array.rows, key.str())) {
                read_row(*row, node, name);
            } else {
                const auto section = full.substr(0, full.size() - array.key.size() - 1);
                add(key.source(), "there is no setting " + name,
                    mend_unknown_entry_key(section, array, key.str()));
            }
        }
        if (array.without_list && !has_list(table)) {
            add(table.source(), "this [[" + full + "]] " + array.without_list->what,
                array.without_list->mend);
        }
    }

    /// A list that is given but wrong counts as given.
    static bool has_list(const toml::table& table) {
        return std::any_of(table.begin(), table.end(), [](const auto& entry) {
            const auto* array = entry.second.as_array();
            return array != nullptr && !array->empty();
        });
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
    bool changing_ = false;  ///< settings that are there already, not reading a whole file
    std::vector<SettingsError> errors_;
    std::map<std::string, toml::source_region> places_;
    std::set<std::string> bad_keys_;
};

}  // namespace

std::string SettingsError::to_string() const {
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + what + "; " + mend;
}

SettingsReading change_settings(const Settings& settings, const std::vector<SettingChange>& changes) {
    return Reader(settings).change(changes);
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
