// The seeds of the fuzzer of the message path reach what they are there for: were one of them to fail at its
// first line, the fuzzer would start from nothing, and nobody would see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/fuzz/message_run.hpp"

namespace defender::milter {
namespace {

using testing::HasSubstr;

fuzz::Outcome run_seed(const std::string& name) {
    std::ifstream file(DEFENDER_SOURCE_DIR "/tests/fuzz/corpus/message_path/" + name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (text.empty()) throw std::runtime_error("no seed " + name);
    return fuzz::GatewayUnderTest::run(fuzz::MessageScriptReader::read(text));
}

struct Seed {
    const char* name;
    auth::Action action;
    const char* results;  ///< a piece of the Authentication-Results field; empty: there is none
};

class MessagePathSeedTest : public testing::TestWithParam<Seed> {};

TEST_P(MessagePathSeedTest, ReachesItsVerdict) {
    const auto outcome = run_seed(GetParam().name);
    ASSERT_TRUE(outcome.reply);
    EXPECT_EQ(outcome.reply->action, GetParam().action);
    ASSERT_EQ(outcome.reply->authentication_results.has_value(), *GetParam().results != '\0');
    if (outcome.reply->authentication_results) {
        EXPECT_THAT(outcome.reply->authentication_results->value, HasSubstr(GetParam().results));
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, MessagePathSeedTest,
    testing::Values(Seed{"spf_pass", auth::Action::accept, "spf=pass smtp.mailfrom=example.com;"},
                    Seed{"dkim_pass", auth::Action::accept, "dmarc=pass header.from=news.example.com"},
                    Seed{"rfc8463", auth::Action::accept, "header.a=rsa-sha256 header.s=test"},
                    Seed{"forwarded", auth::Action::accept, "arc=pass smtp.remote-ip=198.51.100.9"},
                    Seed{"arc_override", auth::Action::accept, "dmarc=fail header.from=example.com"},
                    Seed{"many_authors", auth::Action::reject, ""},
                    Seed{"bad_dns", auth::Action::tempfail, ""},
                    Seed{"all_names", auth::Action::accept, "dmarc=pass header.from=xn--mller-kva.example"},
                    Seed{"two_records", auth::Action::accept, "reason=\"more than one record\""},
                    Seed{"revoked_key", auth::Action::tag, "reason=\"the key is revoked\""},
                    Seed{"exempt", auth::Action::accept, ""}),
    [](const auto& tested) { return std::string(tested.param.name); });

TEST(MessagePathSeeds, AMessageThatIsGivenUpHasNoReply) {
    EXPECT_FALSE(run_seed("given_up").reply);
}

}  // namespace
}  // namespace defender::milter
