#include "common/report/external_destination.hpp"

#include <gmock/gmock.h>

#include <thread>

#include "common/dns/zone_resolver.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const auth::PublicSuffixList& suffixes() {
    static const auto list = auth::PublicSuffixList::load("").value();
    return *list;
}

dns::Deadline soon() {
    return dns::Clock::now() + std::chrono::seconds(20);
}

TEST(ExternalDestination, MailboxOfAMailtoUri) {
    struct Case {
        std::string uri;
        std::optional<std::string> mailbox;
    };
    const Case cases[] = {
        {"mailto:reports@example.com", "reports@example.com"},
        {"MAILTO:Reports@Example.COM", "Reports@example.com"},
        {"mailto:reports@example.com!10m", "reports@example.com"},
        {"mailto:reports@example.com?subject=x", "reports@example.com"},
        {"mailto:reports@example.com?x!10m", "reports@example.com"},
        {"mailto:a%2Bb@example.com", "a+b@example.com"},
        {"mailto:a%21b@example.com", "a!b@example.com"},
        {"mailto:a@ex%61mple.com.", "a@example.com"},
        {"mailto:%C3%BC@example.com", "\xC3\xBC@example.com"},
        {"mailto:a@b%C3%BCcher.example", "a@xn--bcher-kva.example"},
        {"mailto:" + std::string(64, 'x') + "@example.com", std::string(64, 'x') + "@example.com"},
        {"mailto:" + std::string(65, 'x') + "@example.com", std::nullopt},
        {"mailto:%FF@example.com", std::nullopt},
        {"mailto:a%00@example.com", std::nullopt},
        {"mailto:a%0D%0Ab@example.com", std::nullopt},
        {"mailto:a%20b@example.com", std::nullopt},
        {"mailto:a%3E@example.com", std::nullopt},
        {"mailto:a%2Cb@example.com", std::nullopt},
        {"mailto:a@b@example.com", std::nullopt},
        {"mailto:%22a%22@example.com", std::nullopt},
        {"mailto:a.@example.com", std::nullopt},
        {"mailto:@example.com", std::nullopt},
        {"mailto:a@[192.0.2.1]", std::nullopt},
        {"mailto:a@", std::nullopt},
        {"mailto:a", std::nullopt},
        {"mailto:", std::nullopt},
        {"mailto:a%2@example.com", std::nullopt},
        {"mailto:a%zz@example.com", std::nullopt},
        {"mailto:a@example.com%", std::nullopt},
        {"https://example.com/", std::nullopt},
        {"reports@example.com", std::nullopt},
        {"", std::nullopt},
    };
    for (const auto& c : cases) EXPECT_EQ(mailbox_of(c.uri), c.mailbox) << c.uri;
}

TEST(ExternalDestination, SameOrganizationIsNotAskedAbout) {
    test::FakeResolver resolver;
    const std::string addresses[] = {"r@example.com", "r@mail.example.com", "r@a.b.example.com"};
    for (const auto& address : addresses) {
        const auto verdict = verify_destination("news.example.com", address, suffixes(), resolver, soon());
        EXPECT_EQ(verdict.permission, Permission::yes) << address;
        EXPECT_THAT(verdict.addresses, ElementsAre(address));
    }
    EXPECT_THAT(resolver.asked(), IsEmpty());
}

TEST(ExternalDestination, CustomersOfOnePublicSuffixAreForeignToEachOther) {
    test::FakeResolver resolver;
    const auto verdict = verify_destination("one.co.uk", "r@two.co.uk", suffixes(), resolver, soon());
    EXPECT_EQ(verdict.permission, Permission::no);
    ASSERT_EQ(resolver.asked().size(), 1U);
    EXPECT_EQ(resolver.asked()[0].name, "one.co.uk._report._dmarc.two.co.uk");
    EXPECT_EQ(resolver.asked()[0].type, dns::RecordType::txt);
}

struct Consent {
    std::vector<std::string> texts;
    Permission permission;
    std::vector<std::string> addresses;
};

TEST(ExternalDestination, OnlyAWholeDmarcRecordConsents) {
    const Consent cases[] = {
        {{"v=DMARC1"}, Permission::yes, {"r@collector.example"}},
        {{"v=DMARC1;"}, Permission::yes, {"r@collector.example"}},
        {{"v=DMARC1; p=none"}, Permission::yes, {"r@collector.example"}},
        {{"v=DMARC1; rua="}, Permission::yes, {"r@collector.example"}},
        {{"something else", "v=DMARC1"}, Permission::yes, {"r@collector.example"}},
        {{"v=DMARC1", "v=DMARC1"}, Permission::yes, {"r@collector.example"}},
        {{"v=dmarc1"}, Permission::no, {}},
        {{"v=DMARC2"}, Permission::no, {}},
        {{"v=DMARC11"}, Permission::no, {}},
        {{"p=none; v=DMARC1"}, Permission::no, {}},
        {{"v=DMARC1; rua=x; rua=y"}, Permission::no, {}},
        {{"v=spf1 -all"}, Permission::no, {}},
        {{""}, Permission::no, {}},
        {{"v=DMARC1; rua=mailto:other@collector.example"}, Permission::yes, {"other@collector.example"}},
        {{"v=DMARC1; rua=mailto:other@Collector.Example!5m"}, Permission::yes, {"other@collector.example"}},
        {{"v=DMARC1; rua=mailto:a@collector.example,mailto:b@collector.example"},
         Permission::yes,
         {"a@collector.example", "b@collector.example"}},
        {{"v=DMARC1; rua=mailto:a@collector.example", "v=DMARC1; rua=mailto:a@collector.example"},
         Permission::yes,
         {"a@collector.example"}},
        {{"v=DMARC1; rua=mailto:r@victim.example"}, Permission::no, {}},
        {{"v=DMARC1; rua=mailto:r@sub.collector.example"}, Permission::no, {}},
        {{"v=DMARC1; rua=mailto:a@collector.example,mailto:r@victim.example"}, Permission::no, {}},
        {{"v=DMARC1", "v=DMARC1; rua=mailto:r@victim.example"}, Permission::no, {}},
        {{"v=DMARC1; rua=https://collector.example/"}, Permission::no, {}},
        {{"v=DMARC1; rua=junk"}, Permission::no, {}},
    };
    for (const auto& c : cases) {
        test::FakeResolver resolver;
        for (const auto& text : c.texts) {
            resolver.add_txt("example.com._report._dmarc.collector.example", text);
        }
        const auto verdict =
            verify_destination("example.com", "r@collector.example", suffixes(), resolver, soon());
        EXPECT_EQ(verdict.permission, c.permission) << c.texts.back() << ": " << verdict.reason;
        EXPECT_EQ(verdict.addresses, c.addresses) << c.texts.back();
        EXPECT_THAT(verdict.reason, HasSubstr("example.com._report._dmarc.collector.example"));
    }
}

TEST(ExternalDestination, WildcardConsentsForAllDomains) {
    const auto resolver = dns::make_zone_resolver("*._report._dmarc.collector.example. TXT \"v=DMARC1\"\n");
    ASSERT_TRUE(resolver);
    for (const auto* domain : {"example.com", "a.b.example.org"}) {
        const auto verdict =
            verify_destination(domain, "r@collector.example", suffixes(), **resolver, soon());
        EXPECT_EQ(verdict.permission, Permission::yes) << domain << verdict.reason;
    }
}

TEST(ExternalDestination, FailureOfDnsIsNeitherYesNorNo) {
    test::FakeResolver resolver;
    resolver.set_tempfail("example.com._report._dmarc.collector.example", dns::RecordType::txt, "SERVFAIL");
    const auto verdict =
        verify_destination("example.com", "r@collector.example", suffixes(), resolver, soon());
    EXPECT_EQ(verdict.permission, Permission::unknown);
    EXPECT_THAT(verdict.addresses, IsEmpty());
    EXPECT_THAT(verdict.reason, HasSubstr("SERVFAIL"));
}

TEST(ExternalDestination, NothingThereIsNo) {
    test::FakeResolver resolver;
    resolver.add_name("example.com._report._dmarc.nodata.example");
    for (const auto* host : {"nodata.example", "nxdomain.example"}) {
        const auto verdict =
            verify_destination("example.com", std::string("r@") + host, suffixes(), resolver, soon());
        EXPECT_EQ(verdict.permission, Permission::no) << host;
    }
}

TEST(ExternalDestination, NameTooLongForDnsIsNoAndIsNotAsked) {
    test::FakeResolver resolver;
    std::string domain = "example";
    while (domain.size() < 240) domain.insert(0, "abcdefghi.");
    const auto verdict = verify_destination(domain, "r@collector.test", suffixes(), resolver, soon());
    EXPECT_EQ(verdict.permission, Permission::no);
    EXPECT_THAT(verdict.reason, HasSubstr("too long"));
    EXPECT_THAT(resolver.asked(), IsEmpty());
}

TEST(ExternalDestination, AllQuestionsAreAskedBeforeAnyAnswerIsAwaited) {
    test::FakeResolver resolver;
    resolver.add_txt("example.com._report._dmarc.one.example", "v=DMARC1");
    resolver.set_tempfail("example.com._report._dmarc.three.example", dns::RecordType::txt);
    resolver.hold();
    std::vector<DestinationVerdict> verdicts;
    std::thread asking([&] {
        verdicts = verify_destinations({{"example.com", "r@one.example"},
                                        {"example.com", "r@two.example"},
                                        {"example.com", "r@example.com"},
                                        {"example.com", "r@three.example"}},
                                       suffixes(), resolver, soon());
    });
    while (resolver.asked().size() < 3) std::this_thread::yield();
    resolver.answer_round();
    asking.join();
    ASSERT_EQ(verdicts.size(), 4U);
    EXPECT_EQ(verdicts[0].permission, Permission::yes);
    EXPECT_EQ(verdicts[1].permission, Permission::no);
    EXPECT_EQ(verdicts[2].permission, Permission::yes);
    EXPECT_EQ(verdicts[3].permission, Permission::unknown);
}

}  // namespace
}  // namespace defender::report
