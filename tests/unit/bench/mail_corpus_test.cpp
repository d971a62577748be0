#include "tests/bench/mail_corpus.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_folder.hpp"

namespace defender::bench {
namespace {

using Kind = HeaderEdit::Kind;

std::vector<HeaderField> header() {
    return {{"Received", " a"}, {"From", " b"}, {"received", " c"}};
}

std::vector<HeaderField> edited(const HeaderEdit& edit) {
    auto fields = header();
    apply(edit, fields);
    return fields;
}

TEST(MailCorpus, AnInsertedFieldHasSoManyAboveIt) {
    EXPECT_EQ(edited({Kind::insert, 0, {"X", " x"}}).front(), (HeaderField{"X", " x"}));
    EXPECT_EQ(edited({Kind::insert, 1, {"X", " x"}})[1], (HeaderField{"X", " x"}));
}

TEST(MailCorpus, AFieldInsertedBelowAllGoesToTheEnd) {
    EXPECT_EQ(edited({Kind::insert, 99, {"X", " x"}}).back(), (HeaderField{"X", " x"}));
}

TEST(MailCorpus, AnAddedFieldGoesToTheEnd) {
    EXPECT_EQ(edited({Kind::add, 0, {"X", " x"}}).back(), (HeaderField{"X", " x"}));
}

TEST(MailCorpus, AChangeCountsTheFieldsOfItsNameInAnyCase) {
    EXPECT_EQ(edited({Kind::change, 2, {"RECEIVED", " z"}})[2], (HeaderField{"received", " z"}));
}

TEST(MailCorpus, AChangeWithoutAnIndexIsOfTheFirst) {
    EXPECT_EQ(edited({Kind::change, 0, {"Received", " z"}})[0].value, " z");
}

TEST(MailCorpus, AnEmptyValueDeletes) {
    EXPECT_EQ(edited({Kind::change, 1, {"From", ""}}).size(), 2U);
}

TEST(MailCorpus, AChangeOfWhatIsNotThereIsNothing) {
    EXPECT_EQ(edited({Kind::change, 3, {"Received", " z"}}), header());
}

TEST(MailCorpus, FoldsAreKeptWithLfAlone) {
    Mail mail;
    parse_message("From: a\r\nTo:b\r\n\t c\r\n d\r\n\r\nbody\r\n", mail);
    EXPECT_EQ(mail.header, (std::vector<HeaderField>{{"From", " a"}, {"To", "b\n\t c\n d"}}));
    EXPECT_EQ(mail.body, "body\r\n");
}

TEST(MailCorpus, AHeaderAloneHasNoBody) {
    Mail mail;
    parse_message("From: a\r\n", mail);
    EXPECT_TRUE(mail.body.empty());
}

TEST(MailCorpus, WhatIsNoHeaderIsRefused) {
    Mail mail;
    EXPECT_THROW(parse_message("no colon\r\n\r\n", mail), std::runtime_error);
    EXPECT_THROW(parse_message("From: a\n\nbody", mail), std::runtime_error);
}

class Folder : public ::testing::Test {
  protected:
    void write(const std::string& name, const std::string& text) {
        std::ofstream(folder_.file(name), std::ios::binary) << text;
    }
    [[nodiscard]] std::vector<Mail> read(std::size_t skip, std::size_t limit) const {
        return read_corpus(folder_.path().string(), skip, limit);
    }
    test::TemporaryFolder folder_;
};

TEST_F(Folder, IsReadByItsIndexFromAndToWhereItIsWanted) {
    write("m.eml", "From: a\r\n\r\nb");
    write("index.tsv",
          "m.eml\t192.0.2.1\th1\ta@b\tc@d\tk\nm.eml\t::1\th2\t\tc@d\tk\nm.eml\t::1\th3\t\tc@d\tk\n");
    EXPECT_EQ(read(0, 0).size(), 3U);
    const auto one = read(1, 1);
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].helo, "h2");
    EXPECT_EQ(one[0].mail_from, "");
    EXPECT_EQ(one[0].body, "b");
}

TEST_F(Folder, WithoutAnIndexOrAMessageOfItIsRefused) {
    EXPECT_THROW(static_cast<void>(read(0, 0)), std::runtime_error);
    write("index.tsv", "gone.eml\t192.0.2.1\th\ta@b\tc@d\tk\n");
    EXPECT_THROW(static_cast<void>(read(0, 0)), std::runtime_error);
    EXPECT_THROW(static_cast<void>(read(1, 0)), std::runtime_error);
}

TEST_F(Folder, WithALineOfTooFewColumnsIsRefused) {
    write("index.tsv", "m.eml\t192.0.2.1\th\n");
    EXPECT_THROW(static_cast<void>(read(0, 0)), std::runtime_error);
}

}  // namespace
}  // namespace defender::bench
