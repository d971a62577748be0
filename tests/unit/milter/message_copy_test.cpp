#include "milter/message_copy.hpp"

#include <gtest/gtest.h>

namespace defender::milter {
namespace {

config::Settings with(bool failure, bool body) {
    config::Settings settings;
    settings.report.enabled = true;
    settings.failure.enabled = failure;
    settings.failure.body = body;
    return settings;
}

void feed(MessageCopy& copy, std::string_view octets) {
    copy.body({octets.data(), octets.size()});
}

TEST(MessageCopy, NothingIsKeptUnlessFailureReportsAreOn) {
    MessageCopy copy(with(false, true));
    copy.header({"From", " a@b.example"});
    EXPECT_FALSE(copy.is_kept());
    EXPECT_FALSE(copy.wants_body());
    feed(copy, "x");
    EXPECT_EQ(copy.take_header(), "");
    EXPECT_EQ(copy.take_body(), "");
}

TEST(MessageCopy, TheHeaderIsKeptAsItCame) {
    MessageCopy copy(with(true, false));
    copy.header({"From", " a@b.example"});
    copy.header({"Subject", " one\r\n two"});
    EXPECT_FALSE(copy.wants_body());
    EXPECT_EQ(copy.take_header(), "From: a@b.example\r\nSubject: one\r\n two\r\n");
}

TEST(MessageCopy, AFieldThatDoesNotFitIsLeftOutWhole) {
    MessageCopy copy(with(true, false));
    copy.header({"X", std::string(70000, 'x')});
    copy.header({"From", " a@b.example"});
    EXPECT_EQ(copy.take_header(), "From: a@b.example\r\n");
}

TEST(MessageCopy, TheBodyIsKeptUpToItsBound) {
    MessageCopy copy(with(true, true));
    EXPECT_TRUE(copy.wants_body());
    feed(copy, std::string(262143, 'a'));
    EXPECT_TRUE(copy.wants_body());
    feed(copy, "bc");
    EXPECT_FALSE(copy.wants_body());
    EXPECT_EQ(copy.take_body(), std::string(262143, 'a') + "b");
}

}  // namespace
}  // namespace defender::milter
