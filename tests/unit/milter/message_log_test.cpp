#include "milter/message_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace defender::milter {
namespace {

auth::Evidence evidence() {
    auth::Evidence evidence;
    evidence.queue_id = "4F2";
    evidence.client.address = *IpAddress::parse("192.0.2.1");
    evidence.client.helo = "mail.example.com";
    evidence.mail_from = "user@example.com";
    evidence.author_status = mail::AuthorStatus::ok;
    evidence.policies.push_back({});
    evidence.policies.back().author_domain = "example.com";
    return evidence;
}

std::string line_of(const auth::Evidence& evidence, const auth::Judgement& judgement) {
    return log::format_line("MESSAGE_JUDGED",
                            message_fields(evidence, judgement, std::chrono::milliseconds(7)));
}

TEST(MessageLog, HasTheFieldsInTheirOrder) {
    auto seen = evidence();
    auth::SpfEvidence spf;
    spf.result = auth::SpfResult::pass;
    seen.spf.push_back(spf);
    auth::DkimEvidence dkim;
    dkim.result = auth::DkimResult::fail;
    dkim.domain = "example.com";
    seen.dkim.push_back(dkim);
    auth::Judgement judgement;
    judgement.result = auth::DmarcResult::pass;
    judgement.requested = auth::Policy::reject;
    EXPECT_EQ(line_of(seen, judgement),
              "MESSAGE_JUDGED queue_id=4F2 ip=192.0.2.1 helo=mail.example.com mail_from=user@example.com "
              "author=example.com spf=pass dkim=fail:example.com dmarc=pass policy=reject disposition=none "
              "action=accept ms=7");
}

TEST(MessageLog, AnArcChainIsNamedWhereThereIsOne) {
    auto seen = evidence();
    EXPECT_THAT(line_of(seen, {}), testing::Not(testing::HasSubstr(" arc=")));
    seen.arc.result = auth::ArcResult::temperror;
    EXPECT_THAT(line_of(seen, {}), testing::HasSubstr(" dkim=none arc=temperror dmarc="));
}

TEST(MessageLog, HeloResultIsNotTakenForThatOfMailFrom) {
    auto seen = evidence();
    auth::SpfEvidence helo;
    helo.scope = auth::SpfScope::helo;
    helo.result = auth::SpfResult::pass;
    seen.spf.push_back(helo);
    EXPECT_THAT(line_of(seen, {}), testing::HasSubstr(" spf=none "));
}

TEST(MessageLog, UnusableAuthorIsNamedByItsStatus) {
    auto seen = evidence();
    seen.policies.clear();
    seen.author_status = mail::AuthorStatus::multiple_fields;
    EXPECT_THAT(line_of(seen, {}), testing::HasSubstr(" author=multiple_fields "));
}

TEST(MessageLog, ExemptMessageSaysWhyAndNoVerdicts) {
    auth::Judgement judgement;
    judgement.exemption = auth::Exemption::trusted_network;
    const auto line = line_of(evidence(), judgement);
    EXPECT_THAT(line, testing::HasSubstr(" reason=trusted_network"));
    EXPECT_THAT(line, testing::Not(testing::HasSubstr("dmarc=")));
}

TEST(MessageLog, HostileHeloCannotForgeAField) {
    auto seen = evidence();
    seen.client.helo = "x dmarc=pass\nMESSAGE_JUDGED";
    const auto line = line_of(seen, {});
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_THAT(line, testing::HasSubstr("helo=\"x dmarc=pass"));
}

}  // namespace
}  // namespace defender::milter
