#include "common/dns/resolver.hpp"

#include <gtest/gtest.h>

#include "common/dns/unaskable.hpp"

namespace defender::dns {
namespace {

TEST(Question, IsFoldedAndLosesOneTrailingDot) {
    EXPECT_EQ(question("Example.COM.", RecordType::txt).name, "example.com");
    EXPECT_EQ(question("example.com..", RecordType::txt).name, "example.com.");
    EXPECT_EQ(question(".", RecordType::txt).name, "");
    EXPECT_EQ(question("\xc3\x84.x", RecordType::txt).name, "\xc3\x84.x");
}

TEST(Question, CanBeAskedWithinTheProtocolsLengthsOnly) {
    const std::string label(63, 'a');
    const std::string three = label + "." + label + "." + label + ".";
    for (const std::string& name :
         {std::string("a"), std::string("a.b"), label, three + std::string(61, 'b')}) {
        EXPECT_TRUE(can_be_asked(name)) << name.size();
        EXPECT_EQ(answer_if_unaskable({name, RecordType::a}), nullptr);
    }
    for (const std::string& name : {std::string(), std::string("."), std::string("a."), std::string(".a"),
                                    std::string("a..b"), label + "a", three + std::string(62, 'b')}) {
        EXPECT_FALSE(can_be_asked(name)) << name.size();
        EXPECT_EQ(answer_if_unaskable({name, RecordType::a})->outcome, Outcome::nxdomain);
    }
}

TEST(Answer, TypesAndOutcomesHaveNames) {
    EXPECT_EQ(to_string(RecordType::a), "A");
    EXPECT_EQ(to_string(RecordType::ptr), "PTR");
    EXPECT_EQ(to_string(RecordType::mx), "MX");
    EXPECT_EQ(to_string(RecordType::txt), "TXT");
    EXPECT_EQ(to_string(RecordType::aaaa), "AAAA");
    EXPECT_EQ(to_string(Outcome::found), "found");
    EXPECT_EQ(to_string(Outcome::nodata), "nodata");
    EXPECT_EQ(to_string(Outcome::nxdomain), "nxdomain");
    EXPECT_EQ(to_string(Outcome::tempfail), "tempfail");
}

TEST(Answer, ATempfailCarriesItsReason) {
    const auto answer = tempfail("timeout");
    EXPECT_EQ(answer->outcome, Outcome::tempfail);
    EXPECT_EQ(answer->failure, "timeout");
    EXPECT_EQ(answer->ttl_seconds, 0U);
}

}  // namespace
}  // namespace defender::dns
