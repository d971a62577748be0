#include "common/auth/spf_engine.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <stdexcept>

#include "tests/support/fake_resolver.hpp"

extern "C" {
#include <spf2/spf.h>
#include <spf2/spf_log.h>
}

namespace defender::auth {
namespace {

SpfLookups example_lookups() {
    SpfIdentity identity;
    identity.client = IpAddress::parse("192.0.2.1").value();
    return SpfLookups(identity, "example.com");
}

TEST(SpfEngine, SaysWhichAnswerItLacks) {
    auto lookups = example_lookups();
    const auto run = run_spf_engine(lookups);
    EXPECT_FALSE(run.verdict);
    EXPECT_EQ(run.missing, MissingQuestions{dns::question("example.com", dns::RecordType::txt)});
}

TEST(SpfEngine, LacksOnlyWhatTheTermThatItHasComeToNeeds) {
    auto lookups = example_lookups();
    dns::Answer answer;
    answer.outcome = dns::Outcome::found;
    answer.texts = {"v=spf1 a mx exists:%{p}.example -all"};
    lookups.add(dns::question("example.com", dns::RecordType::txt),
                std::make_shared<const dns::Answer>(answer));
    const auto run = run_spf_engine(lookups);
    EXPECT_FALSE(run.verdict);
    EXPECT_EQ(run.missing, MissingQuestions{dns::question("example.com", dns::RecordType::a)});
}

TEST(SpfEngine, TurnsTheLibrarysAbortIntoAnException) {
    auto lookups = example_lookups();
    (void)run_spf_engine(lookups);
    EXPECT_THROW(SPF_errorx("file", 1, "%s", "out of order"), std::runtime_error);
}

}  // namespace
}  // namespace defender::auth
