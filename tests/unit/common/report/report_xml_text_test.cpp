#include "common/report/report_xml_text.hpp"

#include <gtest/gtest.h>

namespace defender::report {
namespace {

using namespace std::string_literals;

TEST(XmlText, WhatXmlCannotHoldBecomesTheReplacementCharacter) {
    const std::string r = "\xEF\xBF\xBD";
    const std::vector<std::pair<std::string, std::string>> table{
        {"", ""},
        {"plain <&>\"' text", "plain <&>\"' text"},
        {"tab\tand\nline", "tab\tand\nline"},
        {"return\r\n", "return" + r + "\n"},
        {"a\0b"s, "a" + r + "b"},
        {"\x01\x08\x0b\x0c\x0e\x1f", r + r + r + r + r + r},
        {"\x7f", "\x7f"},
        {"\xC2\x85 next line", "\xC2\x85 next line"},
        {"m\xC3\xBCnchen \xF0\x9F\x93\xA7", "m\xC3\xBCnchen \xF0\x9F\x93\xA7"},
        {"latin m\xFC", "latin m" + r},
        {"cut \xE2\x82", "cut " + r},
        {"\xEF\xBF\xBE\xEF\xBF\xBF", r + r},               // U+FFFE, U+FFFF
        {"\xEF\xBF\xBD\xEF\xBF\xBC", r + "\xEF\xBF\xBC"},  // U+FFFD, U+FFFC
        {"\xF0\x9F\xBF\xBE", "\xF0\x9F\xBF\xBE"},          // U+1FFFE is a Char
    };
    for (const auto& [octets, text] : table) EXPECT_EQ(xml_text(octets), text) << octets;
}

TEST(XmlText, SurrogatesAndOverlongFormsAreReplaced) {
    for (const std::string bad : {"\xED\xA0\x80", "\xC0\xBC", "\xE0\x80\xBC", "\xF4\x90\x80\x80", "\xF8"}) {
        const auto text = xml_text(bad);
        EXPECT_NE(text.find("\xEF\xBF\xBD"), std::string::npos);
        EXPECT_EQ(text.find(bad), std::string::npos);
    }
}

}  // namespace
}  // namespace defender::report
