// Any octets as a settings file: either settings or errors come out, and every error can be acted upon.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/base/text.hpp"
#include "common/config/settings_reader.hpp"
#include "common/config/settings_table.hpp"

namespace {

using namespace defender;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_errors(const config::SettingsReading& reading) {
    for (const auto& error : reading.errors) {
        require(error.file == "f" && !error.what.empty() && !error.mend.empty());
        const auto line = error.to_string();
        require(std::all_of(line.begin(), line.end(), text::is_printable));
        require(error.line == 0 || error.column > 0);
    }
    require(std::is_sorted(reading.errors.begin(), reading.errors.end(),
                           [](const auto& a, const auto& b) { return a.line < b.line; }));
}

/// What was read is within the bounds of the table, so it can be set again.
void check_settings(const config::Settings& settings) {
    require(!settings.milter.authserv_id.empty());
    for (const auto& section : config::settings_sections()) {
        for (const auto& row : section.rows) {
            config::Settings again;
            const auto value = row.get(settings);
            require(row.set(again, value).empty());
            require(row.get(again) == value);
        }
    }
    for (const auto& made : settings.policy.overrides) {
        require(!made.author_domains.empty() || !made.networks.empty() || !made.dkim_domains.empty() ||
                !made.list_ids.empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto reading = config::read_settings({reinterpret_cast<const char*>(data), size}, "f");
    require((reading.settings != nullptr) == reading.errors.empty());
    check_errors(reading);
    if (reading.settings) check_settings(*reading.settings);
    return 0;
}
