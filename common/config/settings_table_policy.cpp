// [policy], [[policy.override]], [trust]: what is done with a judgement.
#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {

namespace {

SettingsArray override_array() {
    const auto part = &Settings::policy;
    const auto list = &PolicySettings::overrides;
    return {
        "override",
        "Exceptions from the policy, tried in the order of the file; the first that matches decides, and its "
        "reason is recorded and reported. Within one exception every list that is given must match, by any "
        "of its items, and at least one list must be given.",
        "[[policy.override]]\n"
        "networks = [\"192.0.2.0/24\"]\n"
        "list_ids = [\"users.lists.example.org\"]\n"
        "action = \"accept\"\n"
        "reason = \"mailing_list\"\n"
        "comment = \"our own list server\"",
        {
            list_row({"author_domains", Change::on_reload,
                      "Domains of From addresses; names below a domain match as well."},
                     at_last(part, list, &PolicyOverride::author_domains), domain_text, {}),
            list_row({"networks", Change::on_reload, "Where the sending host is."},
                     at_last(part, list, &PolicyOverride::networks), network_text, {}),
            list_row({"dkim_domains", Change::on_reload,
                      "Domains with a signature that passed; names below a domain match as well."},
                     at_last(part, list, &PolicyOverride::dkim_domains), domain_text, {}),
            list_row({"list_ids", Change::on_reload,
                      "Ids of mailing lists, as in List-Id between the angle brackets. Anyone can write a "
                      "List-Id: add "
                      "networks or dkim_domains."},
                     at_last(part, list, &PolicyOverride::list_ids), list_id_text, {}),
            list_row({"arc_sealers", Change::on_reload,
                      "Domains of the newest ARC seal, in a chain that passes: whoever passed the message on "
                      "last. Names below a domain do not match."},
                     at_last(part, list, &PolicyOverride::arc_sealers), domain_text, {}),
            word_row({"action", Change::on_reload, "What is done instead of what the policy asks for."},
                     at_last(part, list, &PolicyOverride::action),
                     {{"accept", OverrideAction::accept},
                      {"tag", OverrideAction::tag},
                      {"quarantine", OverrideAction::quarantine},
                      {"reject", OverrideAction::reject}},
                     std::nullopt),
            word_row({"reason", Change::on_reload,
                      "The reason that aggregate reports give (PolicyOverrideType of RFC 7489)."},
                     at_last(part, list, &PolicyOverride::reason),
                     {{"forwarded", OverrideReason::forwarded},
                      {"trusted_forwarder", OverrideReason::trusted_forwarder},
                      {"mailing_list", OverrideReason::mailing_list},
                      {"local_policy", OverrideReason::local_policy},
                      {"other", OverrideReason::other}},
                     "local_policy"),
            text_row({"comment", Change::on_reload,
                      "A remark that goes with the reason into records and reports."},
                     at_last(part, list, &PolicyOverride::comment), words_text, ""),
        },
        [](Settings& settings) { settings.policy.overrides.emplace_back(); },
        Problem{"has no condition, and would match every message",
                "add author_domains, networks, dkim_domains, list_ids or arc_sealers",
                {}},
        [](Settings& settings) { settings.policy.overrides.clear(); },
    };
}

}  // namespace

SettingsSection policy_section() {
    const auto part = &Settings::policy;
    return {
        "policy",
        "What is done with messages that fail DMARC.",
        {
            word_row(
                {"mode", Change::on_reload,
                 "monitor judges, adds the Authentication-Results field and records, and does nothing else. "
                 "enforce acts on the policy of the author domain as the settings below say."},
                at(part, &PolicySettings::mode),
                {{"monitor", PolicyMode::monitor}, {"enforce", PolicyMode::enforce}}, "monitor"),
            word_row(
                {"on_reject", Change::on_reload,
                 "What is done in enforce mode where the author domain's policy is reject: reject refuses "
                 "the "
                 "message with 550; quarantine does what on_quarantine says; tag adds the header field of "
                 "tag_header and delivers; accept delivers; judge refuses, unless there is a sign that the "
                 "message came by a mailing list or a forwarder: a List-Id field, or a signature of an "
                 "aligned domain that was broken on the way. Then it does what on_quarantine says. RFC 9989 "
                 "(sections 5.4 and 7.4) wants such other knowledge beside the policy before mail is "
                 "refused. by_standard is reject where dmarc.standard is rfc7489, and judge where it is "
                 "rfc9989."},
                at(part, &PolicySettings::on_reject),
                {{"by_standard", OnReject::by_standard},
                 {"reject", OnReject::reject},
                 {"judge", OnReject::judge},
                 {"quarantine", OnReject::quarantine},
                 {"tag", OnReject::tag},
                 {"accept", OnReject::accept}},
                "by_standard"),
            word_row(
                {"on_quarantine", Change::on_reload,
                 "What is done in enforce mode where the author domain's policy is quarantine: hold puts the "
                 "message into the MTA's hold queue (quarantine in Sendmail); tag adds the header field of "
                 "tag_header and delivers; reject refuses; accept delivers."},
                at(part, &PolicySettings::on_quarantine),
                {{"hold", OnQuarantine::hold},
                 {"tag", OnQuarantine::tag},
                 {"reject", OnQuarantine::reject},
                 {"accept", OnQuarantine::accept}},
                "tag"),
            word_row({"on_temperror", Change::on_reload,
                      "What is done in enforce mode where DNS failed, so that no verdict is possible: accept "
                      "delivers, tempfail has the sender try again later."},
                     at(part, &PolicySettings::on_temperror),
                     {{"accept", OnTemperror::accept}, {"tempfail", OnTemperror::tempfail}}, "accept"),
            word_row({"on_malformed_from", Change::on_reload,
                      "What is done in enforce mode with a message that has no From field, several of them, "
                      "or one "
                      "without a usable address, and so no author domain whose policy could be asked for."},
                     at(part, &PolicySettings::on_malformed_from),
                     {{"reject", OnMalformedFrom::reject},
                      {"quarantine", OnMalformedFrom::quarantine},
                      {"tag", OnMalformedFrom::tag},
                      {"accept", OnMalformedFrom::accept}},
                     "reject"),
            text_row({"tag_header", Change::on_reload,
                      "The header field that tag adds, with the disposition as its value, for Sieve and the "
                      "like."},
                     at(part, &PolicySettings::tag_header), field_name_text, "X-Defender-Disposition"),
        },
        {override_array()},
    };
}

SettingsSection trust_section() {
    const auto part = &Settings::trust;
    return {
        "trust",
        "Whose messages are let through without being judged, and whose word is taken for what was found out "
        "before.",
        {
            list_row(
                {"networks", Change::on_reload,
                 "Clients here are not judged, marked, recorded or reported: the host itself and relays of "
                 "one's own."},
                at(part, &TrustSettings::networks), network_text, {"127.0.0.0/8", "::1"}),
            switch_row(
                {"authenticated", Change::on_reload,
                 "Whether messages of clients that have logged in (SASL) are let through in the same way."},
                at(part, &TrustSettings::authenticated), true),
            list_row({"arc_sealers", Change::on_reload,
                      "Domains of ARC seals (d=) whose sealed results are believed; names below a domain do "
                      "not match. A message that fails DMARC here is let through, with the reason "
                      "local_policy, where its chain passes, every sealer from some hop to the last is "
                      "listed, and the first of those to say anything of the author domain said that it "
                      "passed."},
                     at(part, &TrustSettings::arc_sealers), domain_text, {}),
        },
    };
}

}  // namespace defender::config
