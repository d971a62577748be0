#include "common/base/roff.hpp"

#include <gmock/gmock.h>

namespace defender {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(RoffPage, BeginsWithTitleAndName) {
    const RoffPage page("defender.toml", 5, "settings of Defender");
    EXPECT_EQ(
        page.text(),
        ".TH \"DEFENDER.TOML\" 5 \"\" Defender\n.SH \"NAME\"\ndefender.toml \\- settings of Defender\n");
}

TEST(RoffPage, TextCannotBecomeARequestOrAnEscape) {
    RoffPage page("x", 1, "y");
    page.paragraphs(".so /etc/passwd\n'br\nback\\slash -option");
    EXPECT_THAT(page.text(), HasSubstr(".PP\n\\&.so /etc/passwd\n\\&'br\nback\\eslash \\-option\n"));
}

TEST(RoffPage, QuotesInArgumentsAreEncoded) {
    RoffPage page("x", 1, "y");
    page.item("say \"x\"", "text");
    page.subheading("a-b");
    EXPECT_THAT(page.text(), HasSubstr(".TP\n.B \"say \\(dqx\\(dq\"\ntext\n.SS \"a\\-b\"\n"));
}

TEST(RoffPage, EmptyLinesPartParagraphs) {
    RoffPage page("x", 1, "y");
    page.paragraphs("one\n\ntwo");
    page.item("term", "one\n\ntwo");
    EXPECT_THAT(page.text(), HasSubstr(".PP\none\n.PP\ntwo\n.TP\n.B \"term\"\none\n.IP\ntwo\n"));
}

TEST(RoffPage, ExamplesKeepTheirLines) {
    RoffPage page("x", 1, "y");
    page.example("a = 1\n\nb = 2");
    EXPECT_THAT(page.text(), HasSubstr(".EX\na = 1\n\nb = 2\n.EE\n"));
}

}  // namespace
}  // namespace defender
