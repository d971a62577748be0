// Any octets as a setting that is given apart from the file, its key in the first line, its value behind it:
// either settings or errors come out, and no other setting than the one that is named is changed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/base/text.hpp"
#include "common/config/settings_change.hpp"
#include "common/config/settings_table.hpp"

namespace {

using namespace defender;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_errors(const config::SettingsReading& reading) {
    for (const auto& error : reading.errors) {
        require(!error.what.empty() && !error.mend.empty());
        const auto line = error.to_string();
        require(std::all_of(line.begin(), line.end(), text::is_printable));
    }
}

void check_settings(const config::Settings& before, const config::Settings& after, std::string_view key) {
    for (const auto& section : config::settings_sections()) {
        for (const auto& row : section.rows) {
            if (std::string(section.name) + "." + std::string(row.info.name) == key) continue;
            require(row.get(after) == row.get(before));
        }
    }
    if (key != "policy.override") require(after.policy.overrides.size() == before.policy.overrides.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto before = config::read_settings(
        "[milter]\nauthserv_id = \"mx.example.net\"\n"
        "[[policy.override]]\nlist_ids = [\"a.example\"]\naction = \"accept\"\n",
        "f");
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto line = input.find('\n');
    if (line == std::string_view::npos) return 0;
    const std::string key(input.substr(0, line));
    const auto reading =
        config::change_settings(*before.settings, {{key, std::string(input.substr(line + 1))}});
    require((reading.settings != nullptr) == reading.errors.empty());
    check_errors(reading);
    if (reading.settings) check_settings(*before.settings, *reading.settings, key);
    return 0;
}
