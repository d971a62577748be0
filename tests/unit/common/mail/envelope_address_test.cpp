#include <gtest/gtest.h>

#include <string>

#include "common/mail/author.hpp"

namespace defender::mail {
namespace {

struct Case {
    const char* text;
    const char* local_part;
    const char* domain_text;
};

class EnvelopeAddressText : public testing::TestWithParam<Case> {};

TEST_P(EnvelopeAddressText, IsSplitAtTheLastAtOutsideQuotes) {
    const auto address = parse_envelope_address(GetParam().text);
    EXPECT_FALSE(address.null_sender) << GetParam().text;
    EXPECT_EQ(address.local_part, GetParam().local_part) << GetParam().text;
    EXPECT_EQ(address.domain_text, GetParam().domain_text) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Plain, EnvelopeAddressText,
    testing::Values(Case{"u@d.example", "u", "d.example"}, Case{"<u@d.example>", "u", "d.example"},
                    Case{" <u@d> ", "u", "d"}, Case{"< u@d >", "u", "d"}, Case{"<U@D.>", "U", "D."},
                    Case{"u+a=b@d", "u+a=b", "d"}, Case{"<root>", "root", ""}, Case{"<u@>", "u", ""},
                    Case{"<@d>", "", "d"}, Case{"u@[192.0.2.1]", "u", "[192.0.2.1]"},
                    Case{"j\xc3\xb6rg@b\xc3\xbc.example", "j\xc3\xb6rg", "b\xc3\xbc.example"}));

INSTANTIATE_TEST_SUITE_P(Quoted, EnvelopeAddressText,
                         testing::Values(Case{"<\"a b\"@d>", "\"a b\"", "d"},
                                         Case{"<\"a@b\"@d>", "\"a@b\"", "d"},
                                         Case{"<\"a\\\"@b\"@d>", "\"a\\\"@b\"", "d"},
                                         Case{"<\"x>\"@d>", "\"x>\"", "d"}, Case{"\"a@d", "\"a@d", ""},
                                         Case{"\"a\\", "\"a\\", ""}, Case{"a@d\"@e\"", "a", "d\"@e\""}));

INSTANTIATE_TEST_SUITE_P(SourceRoutes, EnvelopeAddressText,
                         testing::Values(Case{"<@a,@b:u@c>", "u", "c"}, Case{"@a:u@c", "u", "c"},
                                         Case{"<@a:\"x:y\"@c>", "\"x:y\"", "c"},
                                         Case{"<@[IPv6:::1]:u@c>", "u", "c"}, Case{"<@a,@b>", "@a,", "b"},
                                         Case{"u:x@c", "u:x", "c"}, Case{"<@a:>", "", ""}));

INSTANTIATE_TEST_SUITE_P(
    Hostile, EnvelopeAddressText,
    testing::Values(Case{"a@b@c", "a@b", "c"}, Case{"<u@d>>", "u", "d>"},
                    Case{"<u@good.example>@evil.example", "<u@good.example>", "evil.example"},
                    Case{"<u@d", "<u", "d"}, Case{"u@d>", "u", "d>"}, Case{"<u@d e>", "u", "d e"},
                    Case{"<u@d'x>", "u", "d'x"}, Case{"<u@d(x>", "u", "d(x"}, Case{"<", "<", ""},
                    Case{">", ">", ""}, Case{"@", "", ""}, Case{"<<>>", "<>", ""}));

TEST(EnvelopeAddress, NothingBetweenTheBracketsIsTheNullSender) {
    for (const auto text : {"<>", "", " ", "< >", " <> ", "<\t>"}) {
        const auto address = parse_envelope_address(text);
        EXPECT_TRUE(address.null_sender) << text;
        EXPECT_EQ(address.local_part, "") << text;
        EXPECT_EQ(address.domain_text, "") << text;
    }
}

TEST(EnvelopeAddress, OddOctetsStayInTheDomainSoThatItIsNone) {
    const std::string text("<u@d.example\0.evil>", 19);
    const auto address = parse_envelope_address(text);
    EXPECT_EQ(address.domain_text, std::string("d.example\0.evil", 15));
    EXPECT_FALSE(DomainName::parse(address.domain_text));
}

}  // namespace
}  // namespace defender::mail
