#include "common/mail/message_file.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender::mail {
namespace {

TEST(MessageFile, SplitsFieldsAndBodyAtTheEmptyLine) {
    const auto message = parse_message_file("From: u@d\r\nSubject:x\r\n\r\nBody\r\n\r\nMore\r\n");
    EXPECT_EQ(message.fields, (HeaderFields{{"From", " u@d"}, {"Subject", "x"}}));
    EXPECT_EQ(message.body, "Body\r\n\r\nMore\r\n");
}

TEST(MessageFile, FoldedLinesKeepTheirExactOctets) {
    const auto message = parse_message_file("A: one\r\n two\r\n\tthree \r\nB:\r\n x\r\n");
    EXPECT_EQ(message.fields, (HeaderFields{{"A", " one\r\n two\r\n\tthree "}, {"B", "\r\n x"}}));
    EXPECT_EQ(message.body, "");
}

TEST(MessageFile, BareLineFeedsBecomeCrlfInFoldsAndBody) {
    const auto message = parse_message_file("A: one\n two\nB: x\r\n\nline\nline\r\n\n");
    EXPECT_EQ(message.fields, (HeaderFields{{"A", " one\r\n two"}, {"B", " x"}}));
    EXPECT_EQ(message.body, "line\r\nline\r\n\r\n");
}

TEST(MessageFile, BareCarriageReturnsStay) {
    const auto message = parse_message_file("A: x\ry\r\n\r\na\rb\r\r\n");
    EXPECT_EQ(message.fields, (HeaderFields{{"A", " x\ry"}}));
    EXPECT_EQ(message.body, "a\rb\r\r\n");
}

TEST(MessageFile, TheNameKeepsItsCaseAndItsTrailingBlanks) {
    const auto message = parse_message_file("FROM \t: u@d\nX-a:\n\n");
    EXPECT_EQ(message.fields, (HeaderFields{{"FROM \t", " u@d"}, {"X-a", ""}}));
}

TEST(MessageFile, ALeadingMboxLineIsDroppedButNotAFromField) {
    EXPECT_EQ(parse_message_file("From u@d Thu Jan  1 00:00:00 1970\nA: x\n\nB").fields,
              (HeaderFields{{"A", " x"}}));
    EXPECT_EQ(parse_message_file("From : u@d\n\nB").fields, (HeaderFields{{"From ", " u@d"}}));
    const auto later = parse_message_file("A: x\nFrom u@d Thu Jan  1 00:00:00 1970\nB: y\n");
    EXPECT_EQ(later.fields, (HeaderFields{{"A", " x"}}));
    EXPECT_EQ(later.body, "From u@d Thu Jan  1 00:00:00 1970\r\nB: y\r\n");
}

TEST(MessageFile, ALineThatIsNeitherFieldNorFoldEndsTheHeader) {
    for (const std::string line :
         {"no colon here", ": no name", "two words: x", "umlaut\xfc: x", "ctl\x01: x", "\x7f: x"}) {
        const auto message = parse_message_file("A: x\r\n" + line + "\r\nB: y\r\n");
        EXPECT_EQ(message.fields, (HeaderFields{{"A", " x"}})) << line;
        EXPECT_EQ(message.body, line + "\r\nB: y\r\n") << line;
    }
}

TEST(MessageFile, AFoldBeforeAnyFieldIsBody) {
    const auto message = parse_message_file(" x\nA: y\n");
    EXPECT_TRUE(message.fields.empty());
    EXPECT_EQ(message.body, " x\r\nA: y\r\n");
}

TEST(MessageFile, ALineOfBlanksIsAFold) {
    EXPECT_EQ(parse_message_file("A: x\r\n \r\n\r\nB").fields, (HeaderFields{{"A", " x\r\n "}}));
}

TEST(MessageFile, NothingAndNoLineEndAreFine) {
    EXPECT_TRUE(parse_message_file("").fields.empty());
    EXPECT_EQ(parse_message_file("").body, "");
    EXPECT_EQ(parse_message_file("\n").body, "");
    EXPECT_EQ(parse_message_file("A: x").fields, (HeaderFields{{"A", " x"}}));
    EXPECT_EQ(parse_message_file("\r\nbody").body, "body");
    EXPECT_TRUE(parse_message_file("From ").fields.empty());
}

TEST(MessageFile, NulsAndEightBitOctetsPassUnchanged) {
    const std::string text("A: x\0\xff\r\n\r\n\0\xfe", 12);
    const auto message = parse_message_file(text);
    EXPECT_EQ(message.fields, (HeaderFields{{"A", std::string(" x\0\xff", 4)}}));
    EXPECT_EQ(message.body, std::string("\0\xfe", 2));
}

TEST(MessageFile, AHundredThousandFieldsAndAMegabyteOfFoldsAreRead) {
    std::string many, folds = "A: x";
    for (int i = 0; i < 100000; ++i) many += "X-" + std::to_string(i) + ": y\n";
    for (int i = 0; i < 350000; ++i) folds += "\n y";
    EXPECT_EQ(parse_message_file(many).fields.size(), 100000U);
    EXPECT_EQ(parse_message_file(folds).fields.at(0).value.size(), 2U + 4U * 350000U);
}

}  // namespace
}  // namespace defender::mail
