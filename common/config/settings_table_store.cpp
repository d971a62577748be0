// [store]: what is kept of messages.
#include <algorithm>

#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {
namespace {

/// Where PostgreSQL is, as libpq reads it. A problem never repeats the text: it may hold a password.
SettingRow<Settings> postgresql_row() {
    const SettingInfo info{
        "postgresql", Change::on_restart,
        "The PostgreSQL database that records are moved to and reports are made in, as a libpq connection "
        "string: \"host=db.example.net dbname=defender user=defender sslmode=verify-full\", or a URI. "
        "Several "
        "gateways and reporters may share one database. The file of store.path is then a journal: each "
        "record "
        "is written there first, and while PostgreSQL is away it waits there. With the empty text all is "
        "kept "
        "in the file.\n\n"
        "Keep the password out of it: name a file for it (passfile=/etc/defender/pgpass) or a service of "
        "libpq's (service=defender), or let PostgreSQL know the account that asks (peer, certificates). The "
        "database must be empty at first, with the encoding UTF8; the milter, the reporter or \"defenderctl "
        "migrate\" make the tables. Switch to it right after a day's reports were sent: reports that the "
        "file "
        "has begun are not carried over."};
    return {info, TakesText{"a libpq connection string, or empty"}, fallback_of(std::string()),
            [](Settings& settings, const Value& value) {
                const auto& text = std::get<std::string>(value);
                const auto is_control = [](char c) {
                    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
                };
                if (std::any_of(text.begin(), text.end(), is_control)) {
                    return Problems{
                        {"has control characters", "write a libpq connection string on one line", {}}};
                }
                settings.store.postgresql = text;
                return Problems{};
            },
            [](const Settings& settings) { return Value(settings.store.postgresql); }};
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
            number_row({"journal_max", Change::on_restart,
                        "Records that may wait in the file for PostgreSQL; a record takes some 5 kilobytes. "
                        "Beyond it records are lost, logged and counted, rather than mail held up."},
                       at(part, &StoreSettings::journal_max), {1000, 1000000000, "records"}, 1000000),
            number_row({"keep", Change::on_reload,
                        "Records older than this are deleted, in PostgreSQL by whole days (UTC)."},
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
