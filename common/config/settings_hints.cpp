#include "common/config/settings_hints.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace defender::config {
namespace {

/// Longer keys are nothing that a person mistyped, and would make the distance costly.
constexpr std::size_t longest_key = 64;

std::vector<std::string> table_names() {
    std::vector<std::string> names;
    for (const auto& section : settings_sections()) names.emplace_back(section.name);
    return names;
}

std::vector<std::string> row_names(const std::vector<SettingRow<Settings>>& rows) {
    std::vector<std::string> names;
    for (const auto& row : rows) names.emplace_back(row.info.name);
    return names;
}

std::vector<std::string> keys_of(std::string_view table) {
    for (const auto& section : settings_sections()) {
        if (section.name != table) continue;
        auto names = row_names(section.rows);
        for (const auto& array : section.arrays) names.emplace_back(array.key);
        return names;
    }
    return {};
}

/// The first table other than `but` that has a setting of this name.
std::optional<std::string> table_with(std::string_view key, std::string_view but) {
    for (const auto& section : settings_sections()) {
        if (section.name == but) continue;
        for (const auto& row : section.rows) {
            if (row.info.name == key) return std::string(section.name);
        }
    }
    return std::nullopt;
}

std::string did_you_mean(const std::string& word) {
    return "did you mean \"" + word + "\"?";
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last;
    std::vector<std::size_t> last(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    const auto same = [](char x, char y) { return text::to_lower(x) == text::to_lower(y); };
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::vector<std::size_t> row(b.size() + 1);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0U : 1U);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
            if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
        }
        before_last = std::move(last);
        last = std::move(row);
    }
    return last[b.size()];
}

std::optional<std::string> nearest(std::string_view key, const std::vector<std::string>& known) {
    if (key.empty() || key.size() > longest_key) return std::nullopt;
    const std::string* best = nullptr;
    std::size_t least = std::max<std::size_t>(2, key.size() / 3) + 1;
    for (const auto& word : known) {
        const auto distance = edit_distance(key, word);
        if (distance >= least || distance >= word.size()) continue;
        least = distance;
        best = &word;
    }
    return best == nullptr ? std::nullopt : std::optional(*best);
}

std::string mend_unknown_table(std::string_view table) {
    if (const auto name = nearest(table, table_names())) return did_you_mean("[" + *name + "]");
    return "remove it; the tables are " + text::join(table_names(), ", ");
}

std::string mend_unknown_key(std::string_view table, std::string_view key) {
    const auto known = keys_of(table);
    if (const auto name = nearest(key, known)) return did_you_mean(*name);
    if (const auto other = table_with(key, table)) return "move it to [" + *other + "]";
    if (known.empty()) return mend_unknown_table(key);
    return "remove it; the settings of [" + std::string(table) + "] are " + text::join(known, ", ");
}

std::string mend_unknown_entry_key(std::string_view table, const SettingsArray& array, std::string_view key) {
    const auto known = row_names(array.rows);
    if (const auto name = nearest(key, known)) return did_you_mean(*name);
    return "remove it; the settings of [[" + std::string(table) + "." + std::string(array.key) + "]] are " +
           text::join(known, ", ");
}

}  // namespace defender::config
