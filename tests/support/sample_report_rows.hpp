/// A report, its rows and its settings, for tests of report documents and mail.
#pragma once

#include <string>

#include "common/config/settings.hpp"
#include "common/store/report_store.hpp"

namespace defender::test {

inline config::ReportSettings sample_report_settings() {
    config::ReportSettings settings;
    settings.enabled = true;
    settings.org_name = "Example Receiver";
    settings.email = "dmarc-reports@receiver.example";
    settings.contact = "https://receiver.example/dmarc";
    settings.max_size = 10'000'000;
    return settings;
}

inline constexpr UtcSeconds sample_made_at = 1'777'683'600;  // 2026-05-02T01:00:00Z

inline store::Report sample_report_of_day() {
    store::Report report;
    report.id = 7;
    report.day = UtcDay{20574};  // 2026-05-01
    report.policy_domain = "example.com";
    report.policy_record =
        "v=DMARC1; p=reject; sp=quarantine; adkim=s; pct=50; fo=1:d; rua=mailto:dmarc@example.com";
    report.messages = 5;
    report.rows = 2;
    return report;
}

/// A message that passed by both.
inline store::ReportRow sample_row() {
    store::ReportRow row;
    row.source_ip = "192.0.2.1";
    row.disposition = "none";
    row.dkim_aligned = true;
    row.spf_aligned = true;
    row.header_from = "example.com";
    row.envelope_from = "bounce.example.com";
    row.dkim = {{"example.com", "s1", "pass", ""}};
    row.spf = {{"bounce.example.com", "mfrom", "pass"}};
    row.count = 3;
    return row;
}

/// A forged message of a subdomain that was let through for a reason.
inline store::ReportRow sample_failing_row() {
    store::ReportRow row;
    row.source_ip = "2001:DB8:0:0::25";
    row.disposition = "none";
    row.reasons = {{"sampled_out", "pct=50"}, {"mailing_list", "list <a> & \"b\""}};
    row.header_from = "news.example.com";
    row.envelope_from = "lists.example.net";
    row.dkim = {{"example.net", "k", "pass", ""},
                {"news.example.com", "old", "permerror", "no key for signature"}};
    row.spf = {{"lists.example.net", "mfrom", "softfail"}, {"mta.example.net", "helo", "none"}};
    row.count = 2;
    return row;
}

}  // namespace defender::test
