// [report], [[report.destination]], [failure]: what is sent about messages.
#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {
namespace {

constexpr auto part = &Settings::report;
using Rows = std::vector<SettingRow<Settings>>;

const Words<ReportSchema>& schema_words() {
    static const Words<ReportSchema> words{{"rfc7489", ReportSchema::rfc7489},
                                           {"rfc9990", ReportSchema::rfc9990}};
    return words;
}

void add(Rows& rows, Rows more) {
    for (auto& row : more) rows.push_back(std::move(row));
}

Rows identity_rows() {
    return {
        switch_row({"enabled", Change::on_reload,
                    "Whether reports are made and sent. With true, org_name and email must be given."},
                   at(part, &ReportSettings::enabled), false),
        text_row({"org_name", Change::on_reload, "Who reports: the name of the organization."},
                 at(part, &ReportSettings::org_name), words_text, ""),
        text_row({"email", Change::on_reload,
                  "The From of report mail, and the contact that reports name. Mail from and to this address "
                  "is not reported on."},
                 at(part, &ReportSettings::email), optional_address_text, ""),
        text_row({"bounce", Change::on_reload,
                  "The envelope sender of report mail, where bounces go; empty: the address in email. Mail "
                  "from and to this address is not reported on."},
                 at(part, &ReportSettings::bounce), optional_address_text, ""),
        text_row({"contact", Change::on_reload,
                  "More about whom to ask, such as the URL of a page; reports have it as extra_contact_info. "
                  "Empty: left out."},
                 at(part, &ReportSettings::contact), words_text, ""),
    };
}

Rows server_rows() {
    return {
        text_row({"smtp", Change::on_reload, "The mail server that reports are handed to."},
                 at(part, &ReportSettings::smtp), smtp_url_text, "smtp://127.0.0.1:25"),
        word_row({"smtp_tls", Change::on_reload,
                  "TLS by STARTTLS, for smtp://: none does without, opportunistic takes it where the server "
                  "offers it and looks at no certificate, required ends the attempt where there is none with "
                  "a certificate that can be trusted. smtps:// always has TLS with a certificate that can be "
                  "trusted."},
                 at(part, &ReportSettings::smtp_tls),
                 {{"none", SmtpTls::none},
                  {"opportunistic", SmtpTls::opportunistic},
                  {"required", SmtpTls::required}},
                 "opportunistic"),
        text_row({"smtp_user", Change::on_reload,
                  "Whom to log in as at the mail server; empty: no login. Beyond loopback a login needs "
                  "smtps:// or smtp_tls = \"required\"."},
                 at(part, &ReportSettings::smtp_user), words_text, ""),
        text_row({"smtp_password_file", Change::on_reload,
                  "A file whose first line is the password for smtp_user. Only the reporter's user should be "
                  "able to read it."},
                 at(part, &ReportSettings::smtp_password_file), optional_path_text, ""),
        text_row({"smtp_ca_file", Change::on_reload,
                  "Certificates (PEM) that the mail server's must come from; empty: those of the system."},
                 at(part, &ReportSettings::smtp_ca_file), optional_path_text, ""),
        number_row({"smtp_timeout", Change::on_reload,
                    "How long the mail server may take to be connected to, and again for one mail."},
                   at(part, &ReportSettings::smtp_timeout), {1, 3600, "seconds"}, 60),
    };
}

Rows making_rows() {
    return {
        word_row({"schema", Change::on_reload,
                  "The form of the reports. Some addresses can get another by [[report.destination]]."},
                 at(part, &ReportSettings::schema), schema_words(), "rfc7489"),
        number_row(
            {"delay", Change::on_reload,
             "From the end of the day (UTC) until its first report is made. Messages that are recorded "
             "later go into another report of that day."},
            at(part, &ReportSettings::delay), {0, 86400, "seconds"}, 3600),
        number_row({"spread", Change::on_reload,
                    "The time over which the reports of one day are made, so that not all are sent at once."},
                   at(part, &ReportSettings::spread), {0, 86400, "seconds"}, 7200),
        number_row({"keep", Change::on_reload, "Reports made before this are deleted."},
                   at(part, &ReportSettings::keep_days), {1, 3650, "days"}, 180),
        number_row({"max_size", Change::on_reload,
                    "The largest report file, compressed; a larger report is split into several."},
                   at(part, &ReportSettings::max_size), {1000, 104857600, "octets"}, 10485760),
        number_row({"min_messages", Change::on_reload,
                    "With fewer messages in a day a domain gets no report; 1: every domain gets one."},
                   at(part, &ReportSettings::min_messages), {1, 1000000000, "messages"}, 1),
    };
}

Rows sending_rows() {
    return {
        number_row({"max_per_hour", Change::on_reload,
                    "Report mails sent in one hour (UTC) at most; the others wait for the next."},
                   at(part, &ReportSettings::max_per_hour), {1, 100000000, "mails"}, 10000),
        list_row({"never_send", Change::on_reload,
                  "Addresses that get no report, and domains: no address in them or below gets one."},
                 at(part, &ReportSettings::never_send), mail_destination_text, {}),
        text_row({"dkim_domain", Change::on_reload,
                  "The d= of the DKIM signature that report mail gets; to pass DMARC it should be the domain "
                  "of email. Empty: report mail is not signed here."},
                 at(part, &ReportSettings::dkim_domain), optional_domain_text, ""),
        text_row({"dkim_selector", Change::on_reload, "The s= of the DKIM signature."},
                 at(part, &ReportSettings::dkim_selector), optional_selector_text, ""),
        text_row({"dkim_key_file", Change::on_reload,
                  "The private key of the DKIM signature, an RSA key as PEM. Only the reporter's user should "
                  "be able to read it."},
                 at(part, &ReportSettings::dkim_key_file), optional_path_text, ""),
        text_row(
            {"metrics_listen", Change::on_restart,
             "Where the reporter serves /metrics for Prometheus, as metrics.listen is for the milter, with a "
             "port of its own. Empty: nowhere."},
            at(part, &ReportSettings::metrics_listen), loopback_endpoint_text, ""),
    };
}

SettingsArray destination_array() {
    const auto list = &ReportSettings::destinations;
    return {
        "destination",
        "How reports to addresses of some domains differ from the others. Entries are tried in the order of "
        "the file; the first that matches counts.",
        "[[report.destination]]\n"
        "domain = \"example.org\"\n"
        "schema = \"rfc9990\"",
        {
            text_row(
                {"domain", Change::on_reload, "The domain of the addresses; names below it match as well."},
                at_last(part, list, &ReportDestination::domain), domain_text, std::nullopt),
            word_row({"schema", Change::on_reload, "The form of the reports sent there."},
                     at_last(part, list, &ReportDestination::schema), schema_words(), std::nullopt),
        },
        // A domain that never stays: an entry without one of its own is an error.
        [](Settings& settings) {
            settings.report.destinations.push_back(
                {DomainName::parse("invalid").value(), ReportSchema::rfc7489});
        },
        std::nullopt,
        [](Settings& settings) { settings.report.destinations.clear(); },
    };
}

}  // namespace

SettingsSection report_section() {
    Rows rows = identity_rows();
    add(rows, server_rows());
    add(rows, making_rows());
    add(rows, sending_rows());
    return {
        "report",
        "Aggregate reports to the owners of author domains, made and sent by defender-reporter.",
        std::move(rows),
        {destination_array()},
    };
}

SettingsSection failure_section() {
    const auto failure = &Settings::failure;
    return {
        "failure",
        "Failure reports: mails about single messages that fail, to the owners of author domains that ask "
        "for "
        "them by ruf. They tell others about the mail of this site's users, which the law may not allow.",
        {
            switch_row({"enabled", Change::on_reload,
                        "Whether failure reports are made and sent; report.enabled must be true as well."},
                       at(failure, &FailureSettings::enabled), false),
            switch_row({"body", Change::on_reload,
                        "Whether they hold the whole message instead of its header alone."},
                       at(failure, &FailureSettings::body), false),
            switch_row({"redact", Change::on_reload,
                        "Whether the parts of addresses before the @ are made unreadable (RFC 6590)."},
                       at(failure, &FailureSettings::redact), true),
            number_row({"max_per_domain_hour", Change::on_reload,
                        "Failure reports about one author domain in one hour at most; the others are left "
                        "out."},
                       at(failure, &FailureSettings::max_per_domain_hour), {1, 1000000, "reports"}, 10),
            number_row({"max_per_hour", Change::on_reload,
                        "Failure reports in one hour at most, all domains together."},
                       at(failure, &FailureSettings::max_per_hour), {1, 1000000, "reports"}, 100),
        },
    };
}

}  // namespace defender::config
