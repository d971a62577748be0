// [store], [report]: what is kept of messages, and what is sent about them.
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

SettingsSection report_section() {
    const auto part = &Settings::report;
    return {
        "report",
        "Aggregate reports to the owners of author domains.",
        {
            switch_row({"enabled", Change::on_reload,
                        "Whether reports are made and sent. With true, org_name and email must be given."},
                       at(part, &ReportSettings::enabled), false),
            text_row({"org_name", Change::on_reload, "Who reports: the name of the organization."},
                     at(part, &ReportSettings::org_name), words_text, ""),
            text_row(
                {"email", Change::on_reload, "The From of report mail, and the contact that reports name."},
                at(part, &ReportSettings::email), optional_address_text, ""),
            text_row({"smtp", Change::on_reload, "The mail server that reports are handed to."},
                     at(part, &ReportSettings::smtp), smtp_url_text, "smtp://127.0.0.1:25"),
            word_row({"schema", Change::on_reload, "The form of the reports."},
                     at(part, &ReportSettings::schema),
                     {{"rfc7489", ReportSchema::rfc7489}, {"rfc9990", ReportSchema::rfc9990}}, "rfc7489"),
        },
    };
}

}  // namespace defender::config
