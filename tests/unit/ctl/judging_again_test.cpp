#include "ctl/judging_again.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/settings_reader.hpp"
#include "common/store/evidence_json.hpp"
#include "common/store/json_fields.hpp"
#include "ctl/what_if_settings.hpp"
#include "tests/support/message_evidence.hpp"
#include "tests/support/tree_walks.hpp"

namespace defender::ctl {
namespace {

using auth::Action;
using auth::DmarcResult;
using auth::SpfResult;
using testing::SizeIs;
using tests::MessageEvidence;

store::StoredRecord stored(const auth::Evidence& evidence) {
    store::StoredRecord record;
    record.queue_id = evidence.queue_id;
    record.exemption = "no";
    record.evidence = store::json_text(store::to_json(evidence));
    return record;
}

/// The settings of a file, and the same with one of them changed.
TwoSettings settings(const std::string& file, const std::string& assignment) {
    const auto in_force = config::read_settings(file, "f").settings;
    const auto changed = change_by(*in_force, {assignment});
    EXPECT_TRUE(changed.settings) << assignment;
    return {auth::judge_settings(*in_force), auth::judge_settings(*changed.settings)};
}

struct Case {
    const char* name;
    MessageEvidence message;
    std::string file;
    std::string assignment;
    Outcome from;
    Outcome to;
    std::string rule;
};

Outcome outcome(DmarcResult result, auth::Disposition disposition, Action action) {
    return {auth::Exemption::no, result, disposition, action};
}

MessageEvidence failing(const std::string& policy) {
    return MessageEvidence().spf(SpfResult::fail, "example.com").policy(policy);
}

const Outcome let_through = outcome(DmarcResult::fail, auth::Disposition::none, Action::accept);
const Outcome held = outcome(DmarcResult::fail, auth::Disposition::quarantine, Action::hold);
const Outcome tagged = outcome(DmarcResult::fail, auth::Disposition::quarantine, Action::tag);
const Outcome refused = outcome(DmarcResult::fail, auth::Disposition::reject, Action::reject);
const std::string enforce = "[policy]\nmode = \"enforce\"\n";

std::vector<Case> cases() {
    auto partly_signed = MessageEvidence().dkim(auth::DkimResult::pass, "example.com");
    partly_signed.policy("v=DMARC1; p=reject").get().dkim[0].unsigned_octets = 5;
    auto listed = failing("v=DMARC1; p=reject");
    listed.get().list_id = "users.lists.example.org";
    auto logged_in = failing("v=DMARC1; p=reject");
    logged_in.get().client.authenticated = true;
    MessageEvidence without_author;
    without_author.get().author_status = mail::AuthorStatus::missing;
    const Outcome trusted{auth::Exemption::trusted_network, DmarcResult::none, auth::Disposition::none,
                          Action::accept};
    const Outcome authenticated{auth::Exemption::authenticated, DmarcResult::none, auth::Disposition::none,
                                Action::accept};
    return {
        {"mode", failing("v=DMARC1; p=reject"), "", "policy.mode=enforce", let_through, refused,
         "policy.mode"},
        {"mode back", failing("v=DMARC1; p=quarantine"), enforce, "policy.mode=monitor", tagged, let_through,
         "policy.mode"},
        {"on_reject", failing("v=DMARC1; p=reject"), enforce, "policy.on_reject=tag", refused, tagged,
         "policy.on_reject"},
        {"on_quarantine", failing("v=DMARC1; p=quarantine"), enforce, "policy.on_quarantine=hold", tagged,
         held, "policy.on_quarantine"},
        {"on_temperror", MessageEvidence().policy_temperror(), enforce, "policy.on_temperror=tempfail",
         outcome(DmarcResult::temperror, auth::Disposition::none, Action::accept),
         outcome(DmarcResult::temperror, auth::Disposition::none, Action::tempfail), "policy.on_temperror"},
        {"on_malformed_from", without_author, enforce, "policy.on_malformed_from=accept",
         outcome(DmarcResult::permerror, auth::Disposition::reject, Action::reject),
         outcome(DmarcResult::permerror, auth::Disposition::none, Action::accept),
         "policy.on_malformed_from"},
        {"indirect", listed, enforce + "on_reject = \"judge\"\n", "indirect.enabled=false", tagged, refused,
         "RFC 9989 7.4"},
        {"override", listed, enforce,
         "policy.override=[{list_ids=[\"users.lists.example.org\"], action=\"accept\"}]", refused,
         let_through, "policy.override"},
        {"networks", failing("v=DMARC1; p=reject"), enforce, "trust.networks=[\"192.0.2.0/24\"]", refused,
         trusted, "trust.networks"},
        {"networks back", failing("v=DMARC1; p=reject"), enforce + "[trust]\nnetworks = [\"192.0.2.0/24\"]\n",
         "trust.networks=[]", trusted, refused, "trust.networks"},
        {"authenticated", logged_in, enforce, "trust.authenticated=false", authenticated, refused,
         "trust.authenticated"},
        {"partial_body", partly_signed, enforce, "dkim.partial_body=accept", refused,
         outcome(DmarcResult::pass, auth::Disposition::none, Action::accept), "RFC 7489 3.1.1"},
    };
}

TEST(JudgingAgain, EverySettingOfAJudgementCanChangeIt) {
    for (const auto& c : cases()) {
        WhatIf what_if({});
        judge_again(stored(c.message), settings(c.file, c.assignment), what_if);
        const auto changes = what_if.changes();
        ASSERT_THAT(changes, SizeIs(1)) << c.name;
        EXPECT_EQ(changes[0].change.from, c.from) << c.name;
        EXPECT_EQ(changes[0].change.to, c.to) << c.name;
        EXPECT_EQ(changes[0].change.rule, c.rule) << c.name;
    }
}

/// With what the tree walks of both standards' evidence come by.
MessageEvidence walked(MessageEvidence message, const tests::TreeWalks& world, const std::string& author) {
    message.get().walked = world.from({author, "example.com"});
    message.get().policies[0].existence = auth::DomainExistence::does_not_exist;
    return message;
}

TEST(JudgingAgain, TheOtherStandardChangesWhatItsRulesChangeAndNamesThem) {
    const auto one = [](const std::string& record, const std::string& author = "example.com") {
        return walked(MessageEvidence().policy(record, author, "example.com"),
                      tests::TreeWalks().record("example.com", record), author);
    };
    auto listed = one("v=DMARC1; p=reject");
    listed.get().list_id = "users.lists.example.org";
    const auto department = walked(MessageEvidence()
                                       .dkim(auth::DkimResult::pass, "example.com")
                                       .policy("v=DMARC1; p=reject; psd=n", "a.example.com"),
                                   tests::TreeWalks()
                                       .record("a.example.com", "v=DMARC1; p=reject; psd=n")
                                       .record("example.com", "v=DMARC1; p=none"),
                                   "a.example.com");
    const Case table[] = {
        {"sampling", one("v=DMARC1; p=reject; pct=0"), enforce, "", tagged, refused,
         "RFC 7489 6.6.4 -> RFC 9989 7.4"},
        {"test mode", one("v=DMARC1; p=quarantine; t=y"), enforce, "", tagged, let_through,
         "policy.on_quarantine -> RFC 9989 4.7"},
        {"np", one("v=DMARC1; p=none; np=reject", "gone.example.com"), enforce, "", let_through, refused,
         "RFC 7489 6.3 -> RFC 9989 4.7"},
        {"a list", listed, enforce, "", refused, tagged, "policy.on_reject -> RFC 9989 7.4"},
        {"a department", department, enforce, "",
         outcome(DmarcResult::pass, auth::Disposition::none, Action::accept), refused,
         "RFC 7489 3.1.1 -> RFC 9989 4.4.1"},
    };
    for (const auto& c : table) {
        WhatIf what_if({});
        judge_again(stored(c.message), settings(c.file, "dmarc.standard=rfc9989"), what_if);
        const auto changes = what_if.changes();
        ASSERT_THAT(changes, SizeIs(1)) << c.name;
        EXPECT_EQ(changes[0].change.from, c.from) << c.name;
        EXPECT_EQ(changes[0].change.to, c.to) << c.name;
        EXPECT_EQ(changes[0].change.rule, c.rule) << c.name;
    }
    WhatIf what_if({});
    judge_again(stored(one("v=DMARC1; p=reject")), settings(enforce, "dmarc.standard=rfc9989"), what_if);
    EXPECT_EQ(what_if.counts().looked_at, 1U);
    EXPECT_EQ(what_if.counts().changed, 0U) << "another explanation of the same outcome is no change";
}

TEST(JudgingAgain, TheDrawIsThatOfTheMessage) {
    WhatIf what_if({});
    const auto both = settings("", "policy.mode=enforce");
    judge_again(stored(failing("v=DMARC1; p=reject; pct=50").draw(49)), both, what_if);
    judge_again(stored(failing("v=DMARC1; p=reject; pct=50").draw(50)), both, what_if);
    const auto changes = what_if.changes();
    ASSERT_THAT(changes, SizeIs(2));
    EXPECT_NE(changes[0].change.to, changes[1].change.to);
}

TEST(JudgingAgain, EvidenceThatCannotBeReadIsCounted) {
    WhatIf what_if({});
    store::StoredRecord record;
    for (const auto* evidence : {"", "{", "{\"v\":99}", "[]"}) {
        record.evidence = evidence;
        judge_again(record, {}, what_if);
    }
    EXPECT_EQ(what_if.counts().unreadable, 4U);
}

TEST(JudgingAgain, AMessageForWhichTheFilterFailedIsNoMessageWithoutAnAuthor) {
    WhatIf what_if({});
    auto record = stored({});
    record.error = "out of memory";
    judge_again(record, settings("", "policy.mode=enforce"), what_if);
    EXPECT_EQ(what_if.counts().without_evidence, 1U);
    EXPECT_EQ(what_if.counts().changed, 0U);
}

TEST(JudgingAgain, AMessageThatWasExemptHasNoEvidenceToBeJudgedFrom) {
    auth::Evidence evidence;
    evidence.client.address = IpAddress::parse("192.0.2.1").value();
    auto record = stored(evidence);
    record.exemption = "trusted_network";
    const std::string trusting = "[trust]\nnetworks = [\"192.0.2.0/24\"]\n";
    {
        WhatIf what_if({});
        judge_again(record, settings(trusting, "trust.networks=[]"), what_if);
        judge_again(record, settings("", "trust.networks=[\"192.0.2.1\"]"), what_if);
        judge_again(record, settings("", "policy.mode=enforce"), what_if);
        EXPECT_EQ(what_if.counts().looked_at, 3U);
        EXPECT_EQ(what_if.counts().without_evidence, 3U);
        EXPECT_EQ(what_if.counts().changed, 0U);
    }
    WhatIf what_if({});
    judge_again(record, settings(trusting, "policy.mode=enforce"), what_if);
    EXPECT_EQ(what_if.counts().without_evidence, 0U);
    EXPECT_EQ(what_if.counts().exempt_in_force, 1U);
    EXPECT_EQ(what_if.counts().exempt_changed, 1U);
}

}  // namespace
}  // namespace defender::ctl
