#include "common/mail/line_ends.hpp"

#include <gtest/gtest.h>

namespace defender::mail {
namespace {

TEST(LineEnds, BareLfBecomesCrlfAndAllElseStays) {
    EXPECT_EQ(with_crlf(""), "");
    EXPECT_EQ(with_crlf("\n"), "\r\n");
    EXPECT_EQ(with_crlf("a\nb\r\nc\rd\n\n"), "a\r\nb\r\nc\rd\r\n\r\n");
    EXPECT_EQ(with_crlf("\r\r\n"), "\r\r\n");
}

}  // namespace
}  // namespace defender::mail
