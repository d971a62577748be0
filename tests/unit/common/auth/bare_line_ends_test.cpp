#include "common/auth/bare_line_ends.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>

namespace defender::auth {
namespace {

struct Case {
    std::string body;
    bool cr = false;
    bool lf = false;
};

BareLineEnds look(const std::string& body, std::size_t piece) {
    BareLineEnds found;
    for (std::size_t at = 0; at < body.size(); at += piece)
        found.add(std::string_view(body).substr(at, piece));
    return found;
}

TEST(BareLineEnds, AreFoundWhateverThePiecesAre) {
    const std::string line = std::string(40, 'x') + "\r\n";
    const Case cases[] = {
        {""},
        {"\r\n"},
        {"a\r\n\r\n\r\n"},
        {"a"},
        {"a\nb\r\n", false, true},
        {"\n", false, true},
        {"\n\r\n", false, true},
        {"a\rb\r\n", true},
        {"\r", true},
        {"a\r", true},
        {"\r\r\n", true},
        {"\n\r", true, true},
        {"\r\n\n", false, true},
        {line + line + line},
        {line + line + "\n" + line, false, true},
        {line + line + "\r" + line, true},
    };
    for (const auto& each : cases) {
        for (const std::size_t piece : {1U, 2U, 16U, 17U, 1000U}) {
            SCOPED_TRACE(testing::PrintToString(each.body) + " " + std::to_string(piece));
            const auto found = look(each.body, piece);
            EXPECT_EQ(found.has_cr(), each.cr);
            EXPECT_EQ(found.has_lf(), each.lf);
        }
    }
}

TEST(BareLineEnds, OneIsFoundWhereverItStands) {
    for (std::size_t at = 0; at <= 70; ++at) {
        const auto with = [&](const char* what) {
            return std::string(at, 'x') + what + std::string(70, 'x');
        };
        for (const std::size_t piece : {1U, 7U, 1000U}) {
            EXPECT_TRUE(look(with("\n"), piece).has_lf()) << at;
            EXPECT_FALSE(look(with("\n"), piece).has_cr()) << at;
            EXPECT_TRUE(look(with("\r"), piece).has_cr()) << at;
            EXPECT_FALSE(look(with("\r\n"), piece).has_cr()) << at;
            EXPECT_FALSE(look(with("\r\n"), piece).has_lf()) << at;
        }
    }
}

}  // namespace
}  // namespace defender::auth
