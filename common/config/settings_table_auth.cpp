// [dns], [dmarc], [spf], [dkim]: how evidence is collected.
#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {
namespace {

SettingRow<Settings> dns_number(SettingInfo info, std::uint64_t DnsSettings::*member, TakesNumber range,
                                std::int64_t fallback) {
    return number_row(info, at(&Settings::dns, member), std::move(range), fallback);
}

SettingRow<Settings> dns_seconds(SettingInfo info, std::chrono::seconds DnsSettings::*member,
                                 std::int64_t least, std::int64_t most, std::int64_t fallback) {
    return number_row(info, at(&Settings::dns, member), {least, most, "seconds"}, fallback);
}

SettingRow<Settings> dns_milliseconds(SettingInfo info, std::chrono::milliseconds DnsSettings::*member,
                                      std::int64_t most, std::int64_t fallback) {
    return number_row(info, at(&Settings::dns, member), {10, most, "milliseconds"}, fallback);
}

}  // namespace

SettingsSection dns_section() {
    return {
        "dns",
        "Where SPF records, DKIM keys and DMARC policies are asked for. A validating resolver on the same "
        "host is "
        "the best choice: answers that come over a network nobody guards can be forged.",
        {
            list_row({"servers", Change::on_reload,
                      "The DNS servers, asked in this order; port 53 where none is given. Empty: those of "
                      "/etc/resolv.conf."},
                     at(&Settings::dns, &DnsSettings::servers), dns_server_text, {}),
            dns_milliseconds(
                {"try_timeout_ms", Change::on_reload,
                 "How long one server is waited for before the next one, or the same again, is asked."},
                &DnsSettings::try_timeout, 60000, 2000),
            number_row({"tries", Change::on_reload, "How often each server is asked."},
                       at(&Settings::dns, &DnsSettings::tries), {1, 10, "times"}, 2),
            dns_milliseconds(
                {"total_timeout_ms", Change::on_reload,
                 "After this time a question is given up as a temporary failure, whatever servers "
                 "and tries are left."},
                &DnsSettings::total_timeout, 120000, 10000),
            dns_number({"cache_records", Change::on_reload, "Answers that the cache keeps. 0: no cache."},
                       &DnsSettings::cache_records, {0, 10000000, "answers"}, 100000),
            dns_number({"cache_bytes", Change::on_reload, "Memory that the cache's answers may take."},
                       &DnsSettings::cache_bytes, {65536, 17179869184, "octets"}, 33554432),
            dns_seconds(
                {"max_ttl", Change::on_reload, "Answers are kept no longer than this, whatever their TTL."},
                &DnsSettings::max_ttl, 1, 604800, 86400),
            dns_seconds({"max_negative_ttl", Change::on_reload,
                         "That a name or a record does not exist is kept no longer than this."},
                        &DnsSettings::max_negative_ttl, 0, 86400, 3600),
            dns_seconds(
                {"failure_ttl", Change::on_reload,
                 "For so long a failed question is not asked again, so that a dead server is not flooded. "
                 "0: every message asks."},
                &DnsSettings::failure_ttl, 0, 30, 5),
        },
    };
}

SettingsSection dmarc_section() {
    const auto part = &Settings::dmarc;
    return {
        "dmarc",
        "How the author domain's policy is found.",
        {
            word_row({"standard", Change::on_reload,
                      "The standard of DMARC that messages are judged by. rfc7489 finds the organizational "
                      "domain by "
                      "the public suffix list, and takes pct for what it says. rfc9989 finds policy and "
                      "organizational domain by a walk up the DNS tree, knows np, psd and t, and has no pct. "
                      "What either needs is recorded of every message, so that it can be judged again by the "
                      "other.\n\nThe reporter tells by this setting how policies are found."},
                     at(part, &DmarcSettings::standard),
                     {{"rfc7489", DmarcStandard::rfc7489}, {"rfc9989", DmarcStandard::rfc9989}}, "rfc7489"),
            text_row({"public_suffix_list", Change::on_reload,
                      "A file in the format of publicsuffix.org. Empty: the system's list "
                      "(/usr/share/publicsuffix), else the one built into libpsl."},
                     at(part, &DmarcSettings::public_suffix_list), optional_path_text, ""),
            number_row({"max_author_domains", Change::on_reload,
                        "Domains of one From field that are judged. A From with more of them is treated as "
                        "malformed, as policy.on_malformed_from says."},
                       at(part, &DmarcSettings::max_author_domains), {1, 100, "domains"}, 10),
        },
    };
}

SettingsSection spf_section() {
    return {
        "spf",
        "The check of the sending host (RFC 7208). The limits of 10 terms with look-ups and 2 void look-ups "
        "are "
        "the standard's and no settings.",
        {
            number_row(
                {"deadline", Change::on_reload,
                 "An evaluation that takes longer ends with temperror. The standard asks for 20 at least."},
                at(&Settings::spf, &SpfSettings::deadline), {1, 300, "seconds"}, 20),
        },
    };
}

SettingsSection dkim_section() {
    const auto part = &Settings::dkim;
    return {
        "dkim",
        "The verification of signatures (RFC 6376).",
        {
            number_row(
                {"max_signatures", Change::on_reload,
                 "Signatures of one message that are verified, those aligned with the author domain first. "
                 "The others are recorded as not verified."},
                at(part, &DkimSettings::max_signatures), {1, 100, "signatures"}, 10),
            number_row({"min_rsa_bits", Change::on_reload,
                        "Signatures with shorter RSA keys do not pass (RFC 8301 forbids less than 1024)."},
                       at(part, &DkimSettings::min_rsa_bits), {1024, 4096, "bits"}, 1024),
            word_row({"partial_body", Change::on_reload,
                      "What a valid signature is worth whose l= leaves a part of the body unsigned, so that "
                      "anyone "
                      "could have added it. policy: it does not make its domain an authenticated identifier. "
                      "accept: it does."},
                     at(part, &DkimSettings::partial_body),
                     {{"policy", PartialBody::policy}, {"accept", PartialBody::accept}}, "policy"),
        },
    };
}

}  // namespace defender::config
