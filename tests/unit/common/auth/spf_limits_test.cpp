#include "common/auth/spf_check.hpp"

#include <gtest/gtest.h>

#include "tests/support/fake_resolver.hpp"
#include "tests/support/spf_checking.hpp"

namespace defender::auth {
namespace {

using test::check_now;
using test::check_record;
using test::FakeResolver;
using test::PendingSpf;
using test::spf_identity;
using enum SpfResult;

std::string repeated(const std::string& term, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += ' ' + term;
    return out;
}

TEST(SpfLimits, AllowsTenTermsThatLookUpDnsAndNotEleven) {
    FakeResolver zone;
    zone.add_address("example.com", "192.0.2.99");
    zone.add_txt("example.com", "v=spf1" + repeated("a", 10) + " ip4:192.0.2.1 -all");
    const auto ten = check_now(zone);
    EXPECT_VERDICT(ten, pass, "ip4:192.0.2.1");
    EXPECT_EQ(ten.terms, 10U);
    FakeResolver over;
    over.add_address("example.com", "192.0.2.99");
    over.add_txt("example.com", "v=spf1" + repeated("a", 11) + " ip4:192.0.2.1 -all");
    EXPECT_VERDICT(check_now(over), permerror, "more than 10 terms that look up DNS");
}

TEST(SpfLimits, CountsTheTermsOfIncludesTogether) {
    for (const int inner : {8, 9}) {
        FakeResolver zone;
        zone.add_txt("example.com", "v=spf1 a include:i.example ip4:192.0.2.1 -all");
        zone.add_txt("i.example", "v=spf1" + repeated("a", inner));
        zone.add_address("example.com", "192.0.2.99");
        zone.add_address("i.example", "192.0.2.99");
        if (inner == 8) {
            EXPECT_VERDICT(check_now(zone), pass, "ip4:192.0.2.1");
        } else {
            EXPECT_VERDICT(check_now(zone), permerror, "more than 10 terms that look up DNS");
        }
    }
}

TEST(SpfLimits, CountsEachKindOfTermOnce) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a mx ptr exists:e.example include:i.example redirect=r.example");
    zone.add_txt("i.example", "v=spf1 -all");
    zone.add_txt("r.example", "v=spf1 -all");
    zone.add_address("example.com", "192.0.2.99");
    zone.add_mx("example.com", 1, "example.com");
    zone.add_name("e.example");
    zone.add_ptr("1.2.0.192.in-addr.arpa", "x.example");
    const auto evidence = check_now(zone);
    EXPECT_VERDICT(evidence, fail, "all");
    EXPECT_EQ(evidence.terms, 6U);
    EXPECT_EQ(evidence.void_lookups, 1U);
}

TEST(SpfLimits, AllowsARedirectAsTheTenthTermAndNotAsTheEleventh) {
    for (const int before : {9, 10}) {
        FakeResolver zone;
        zone.add_txt("example.com", "v=spf1" + repeated("a", before) + " redirect=r.example");
        zone.add_txt("r.example", "v=spf1 all");
        zone.add_address("example.com", "192.0.2.99");
        EXPECT_EQ(check_now(zone).result, before == 9 ? pass : permerror);
    }
}

TEST(SpfLimits, AllowsTwoVoidLookupsAndNotThree) {
    EXPECT_VERDICT(check_record("v=spf1 a:x.example exists:y.example ?all"), neutral, "all");
    EXPECT_VERDICT(check_record("v=spf1 a:x.example exists:y.example mx:z.example ?all"), permerror,
                   "more than 2 look-ups without an answer");
    EXPECT_VERDICT(check_record("v=spf1 a:x.example a:y.example a:z.example"), permerror,
                   "more than 2 look-ups without an answer");
    EXPECT_VERDICT(check_record("v=spf1 a:x.example/0 mx:y.example/0 ptr"), permerror,
                   "more than 2 look-ups without an answer");
}

TEST(SpfLimits, CountsVoidLookupsOfIncludesTogether) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 a:x.example include:i.example ip4:192.0.2.1");
    zone.add_txt("i.example", "v=spf1 a:y.example a:z.example");
    EXPECT_VERDICT(check_now(zone), permerror, "more than 2 look-ups without an answer");
}

TEST(SpfLimits, DoesNotCountTheHostsOfExchangesAsVoid) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 mx ip4:192.0.2.1");
    for (int i = 0; i < 4; ++i) zone.add_mx("example.com", 1, "gone" + std::to_string(i) + ".example");
    const auto evidence = check_now(zone);
    EXPECT_VERDICT(evidence, pass, "ip4:192.0.2.1");
    EXPECT_EQ(evidence.void_lookups, 0U);
}

TEST(SpfLimits, AllowsTenExchangesAndNotEleven) {
    for (const auto* term : {"mx", "mx/0"}) {
        FakeResolver zone;
        zone.add_txt("example.com", std::string("v=spf1 ") + term + " -all");
        for (int i = 0; i < 10; ++i) zone.add_mx("example.com", 1, "h" + std::to_string(i) + ".example");
        zone.add_address("h9.example", "192.0.2.1");
        EXPECT_VERDICT(check_now(zone), pass, term);
        zone.add_mx("example.com", 99, "h10.example");
        EXPECT_VERDICT(check_now(zone), permerror, std::string("more than 10 exchanges of ") + term);
    }
}

TEST(SpfLimits, IgnoresTheClientsNamesBeyondTen) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 ptr -all");
    for (int i = 0; i < 10; ++i)
        zone.add_ptr("1.2.0.192.in-addr.arpa", "h" + std::to_string(i) + ".example.net");
    zone.add_ptr("1.2.0.192.in-addr.arpa", "good.example.com");
    zone.add_address("good.example.com", "192.0.2.1");
    EXPECT_VERDICT(check_now(zone), fail, "all");
}

TEST(SpfLimits, EndsLoops) {
    FakeResolver zone;
    zone.add_txt("example.com", "v=spf1 include:example.com");
    EXPECT_VERDICT(check_now(zone), permerror, "more than 10 terms that look up DNS");
    FakeResolver redirect;
    redirect.add_txt("example.com", "v=spf1 redirect=b.example");
    redirect.add_txt("b.example", "v=spf1 redirect=example.com");
    EXPECT_VERDICT(check_now(redirect), permerror, "more than 10 terms that look up DNS");
}

TEST(SpfLimits, GivesTheRightVerdictForARecordOf64Kilobytes) {
    std::string record = "v=spf1";
    while (record.size() < 65000) record += " ip4:198.51.100.1";
    EXPECT_VERDICT(check_record(record + " ip4:192.0.2.1 -all"), pass, "ip4:192.0.2.1");
    EXPECT_VERDICT(check_record(record + " -all"), fail, "all");
    EXPECT_VERDICT(check_record(record + " moo"), permerror, "syntax error in term moo");
}

TEST(SpfLimits, BoundsTheQuestionsOfAHostileRecord) {
    FakeResolver zone;
    std::string record = "v=spf1";
    for (int i = 0; record.size() < 60000; ++i) record += " exists:" + std::to_string(i) + ".example";
    zone.add_txt("example.com", record);
    EXPECT_EQ(check_now(zone).result, permerror);
    EXPECT_LE(zone.asked().size(), 11U);
}

TEST(SpfLimits, BoundsTheQuestionsOfAHostileTree) {
    FakeResolver zone;
    const auto fan_out = [&](const std::string& name, int depth) {
        std::string record = "v=spf1";
        for (int i = 0; i < 10; ++i) record += " include:i" + std::to_string(i) + '.' + name;
        zone.add_txt(name, depth == 0 ? "v=spf1 mx mx mx mx mx mx mx mx mx mx" : record);
        for (int i = 0; i < 10; ++i) zone.add_mx(name, 1, "h" + std::to_string(i) + '.' + name);
    };
    fan_out("example.com", 1);
    for (int i = 0; i < 10; ++i) fan_out("i" + std::to_string(i) + ".example.com", i % 2);
    zone.hold();
    PendingSpf pending;
    pending.start(zone, spf_identity());
    // The last first, so that the look-ahead goes as far wrong as it can.
    while (pending.results.empty()) {
        const auto asked = zone.asked();
        std::size_t answered = 0;
        zone.answer_round([&](const auto& question) { return question == asked.back() || ++answered > 3; });
        if (pending.results.empty()) zone.answer_round();
    }
    EXPECT_EQ(pending.results.front().result, permerror);
    EXPECT_LE(zone.asked().size(), 250U);
}

// What overran libspf2's stack, or aborted it: explanations and names made of many macros.
TEST(SpfLimits, KeepsMacrosAwayFromTheLibrary) {
    for (const int macros : {1, 126, 127, 128, 140, 500}) {
        for (const int literals : {0, 1, 8, 64, 255, 600}) {
            const auto text = [&] {
                std::string out;
                for (int i = 0; i < macros; ++i) out += "%{i}";
                return out + std::string(static_cast<std::size_t>(literals), 'x');
            }();
            EXPECT_EQ(check_record("v=spf1 -all exp=" + text + ".example").result,
                      macros * 4 + literals + 8 <= 2048 ? fail : permerror);
            EXPECT_EQ(check_record("v=spf1 -exists:" + text + ".example -all").result,
                      macros * 4 + literals + 8 <= 2048 ? fail : permerror);
            FakeResolver zone;
            zone.add_txt("example.com", "v=spf1 -all exp=e.example");
            zone.add_txt("e.example", text);
            EXPECT_VERDICT(check_now(zone), fail, "all");
        }
    }
}

TEST(SpfLimits, CutsALongReason) {
    const auto evidence =
        check_record("v=spf1 exists:" + std::string(1500, 'x') + "%{i} exists:" + std::string(1500, 'y') +
                     ".a.example exists:z.example -all");
    EXPECT_EQ(evidence.result, permerror);
    FakeResolver zone;
    const auto long_spec = std::string(1500, 'x') + ".there.example";
    zone.add_txt("example.com", "v=spf1 exists:" + long_spec);
    zone.add_address("there.example", "127.0.0.2");
    const auto matched = check_now(zone);
    EXPECT_EQ(matched.result, pass);
    EXPECT_LE(matched.reason.size(), 300U);
}

}  // namespace
}  // namespace defender::auth
