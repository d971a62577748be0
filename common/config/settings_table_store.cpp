// [store]: what is kept of messages.
#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {
namespace {

/// Kept nowhere: it has one value.
SettingRow<Settings> postgresql_row() {
    const SettingInfo info{
        "postgresql", Change::on_restart,
        "Reserved for a libpq connection string. This version keeps its records in the file "
        "above and takes only the empty text here."};
    return {info, TakesText{"empty"}, fallback_of(std::string()),
            // The text itself is not repeated: it may hold a password.
            [](Settings&, const Value& value) {
                if (std::get<std::string>(value).empty()) return Problems{};
                return Problems{{"is set, but this version has no PostgreSQL store",
                                 "write \"\" or remove the line; records are kept in store.path",
                                 {}}};
            },
            [](const Settings&) { return Value(std::string()); }};
}

}  // namespace

SettingsSection store_section() {
    const auto part = &Settings::store;
    return {
        "store",
        "What is kept of each message judged, for \"defenderctl explain\" and for reports.",
        {
            text_row({"path", Change::on_restart,
                      "The file of the records, an SQLite database. Its folder must be writable, since "
                      "SQLite puts "
                      "two more files next to it."},
                     at(part, &StoreSettings::path), path_text, "/var/lib/defender/defender.db"),
            postgresql_row(),
            number_row({"keep", Change::on_reload, "Records older than this are deleted."},
                       at(part, &StoreSettings::keep_days), {1, 3650, "days"}, 90),
            word_row(
                {"addresses", Change::on_reload,
                 "How much of sender addresses is kept: domain keeps no local parts, full keeps addresses as "
                 "they are."},
                at(part, &StoreSettings::addresses),
                {{"domain", StoredAddresses::domain}, {"full", StoredAddresses::full}}, "domain"),
            number_row(
                {"queue_max", Change::on_restart,
                 "Records that may wait for the disk. Beyond it records are lost, logged and counted, rather "
                 "than mail held up."},
                at(part, &StoreSettings::queue_max), {1, 1000000, "records"}, 10000),
        },
    };
}

}  // namespace defender::config
