#include "common/mail/utf8.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender::mail {
namespace {

TEST(Utf8, WellFormedSequencesOfEveryLengthAreUtf8) {
    using namespace std::string_view_literals;
    for (const auto text : {""sv, "abc"sv, "\0"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv,
                            "\xed\x9f\xbf"sv, "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv,
                            "\xf4\x8f\xbf\xbf"sv, "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x93\xa7z"sv}) {
        EXPECT_TRUE(is_utf8(text)) << testing::PrintToString(std::string(text));
    }
}

TEST(Utf8, OverlongFormsSurrogatesStrayAndMissingOctetsAreNot) {
    using namespace std::string_view_literals;
    for (const auto text : {"\x80"sv,
                            "\xbf"sv,
                            "\xc0\x80"sv,
                            "\xc1\xbf"sv,
                            "\xc2"sv,
                            "\xc2\x41"sv,
                            "\xc2\xc0"sv,
                            "\xe0\x9f\xbf"sv,
                            "\xe2\x82"sv,
                            "\xe2\x82\x41"sv,
                            "\xed\xa0\x80"sv,
                            "\xed\xbf\xbf"sv,
                            "\xf0\x8f\xbf\xbf"sv,
                            "\xf0\x9f\x93"sv,
                            "\xf0\x9f\x93\x41"sv,
                            "\xf4\x90\x80\x80"sv,
                            "\xf5\x80\x80\x80"sv,
                            "\xff"sv,
                            "caf\xe9"sv,
                            "ok\xc3\xbc\x80"sv}) {
        EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(std::string(text));
    }
}

}  // namespace
}  // namespace defender::mail
