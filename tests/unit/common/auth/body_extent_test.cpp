#include "common/auth/body_extent.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender::auth {
namespace {

struct Case {
    std::string body;
    std::uint64_t simple;
    std::uint64_t relaxed;
    bool ends_with_crlf = true;
    bool bare_cr = false;
    bool bare_lf = false;
};

TEST(BodyExtent, CountsTheCanonicalOctetsWhateverThePiecesAre) {
    const Case cases[] = {
        {"", 2, 0},
        {"\r\n", 2, 0},
        {"\r\n\r\n", 2, 0},
        {"a", 3, 3, false},
        {"a\r\n", 3, 3},
        {"a\r\n\r\n\r\n", 3, 3},
        {"\r\na\r\n", 5, 5},
        {"a  b \r\n", 7, 5},
        {" \r\n", 3, 0},
        {" \t\r\n\r\n", 4, 0},
        {" \r\na", 6, 5, false},
        {"\ta\r\n", 4, 4},
        {"a\r\n \t", 7, 3, false},
        {"a\nb\r\n", 5, 5, true, false, true},
        {"\n", 3, 3, false, false, true},
        {"a\rb\r\n", 5, 5, true, true},
        {"a\r", 4, 4, false, true},
        {" \r", 4, 4, false, true},
        {"\r\r\n", 3, 3, true, true},
    };
    for (const auto& each : cases) {
        for (const std::size_t piece : {1U, 2U, 100U}) {
            SCOPED_TRACE(testing::PrintToString(each.body));
            BodyExtent extent;
            for (std::size_t at = 0; at < each.body.size(); at += piece)
                extent.add(std::string_view(each.body).substr(at, piece));
            EXPECT_EQ(extent.simple_octets(), each.simple);
            EXPECT_EQ(extent.relaxed_octets(), each.relaxed);
            EXPECT_EQ(extent.ends_with_crlf(), each.ends_with_crlf);
            EXPECT_EQ(extent.has_bare_cr(), each.bare_cr);
            EXPECT_EQ(extent.has_bare_lf(), each.bare_lf);
        }
    }
}

}  // namespace
}  // namespace defender::auth
