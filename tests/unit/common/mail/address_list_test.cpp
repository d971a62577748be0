#include "common/mail/address_list.hpp"

#include <gtest/gtest.h>

#include <string>

namespace defender::mail {
namespace {

/// "local|domain" for each address, one after another with a blank; "malformed" where that is what it is.
std::string addresses(std::string_view text) {
    std::string out;
    const auto parsed = parse_address_list(text, [&](const AddressSpec& address) {
        if (!out.empty()) out += ' ';
        out += address.local_part + "|" + address.domain;
    });
    return parsed ? out : "malformed";
}

struct Case {
    const char* text;
    const char* expected;
};

class AddressList : public testing::TestWithParam<Case> {};

TEST_P(AddressList, IsReadAsTheGrammarHasIt) {
    EXPECT_EQ(addresses(GetParam().text), GetParam().expected) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    CurrentForms, AddressList,
    testing::Values(Case{"u@d.example", "u|d.example"}, Case{"<u@d>", "u|d"}, Case{"Name <u@d>", "u|d"},
                    Case{"First Middle Last <u@d>", "u|d"}, Case{"\"Last, First\" <u@d>", "u|d"},
                    Case{"\"a@b\" <u@d>", "u|d"}, Case{"\"<a@b>\" <u@d>", "u|d"},
                    Case{"\"\\\"Acme, Inc.\\\"\" <u@d>", "u|d"}, Case{"=?utf-8?q?J=C3=B6rg?= <u@d>", "u|d"},
                    Case{"=?utf-8?q?a@b=2C?= <u@d>", "malformed"}, Case{"a@b, c@d", "a|b c|d"},
                    Case{"A <a@b>, \"C\" <c@d>, e@f", "a|b c|d e|f"}, Case{"u+tag=x/y@d", "u+tag=x/y|d"},
                    Case{"\"u v\"@d", "u v|d"}, Case{"\"x <a@junk>\"@d", "x <a@junk>|d"},
                    Case{"\"\"@d", "|d"}, Case{"\"a\\\"b\"@d", "a\"b|d"},
                    Case{"u@[192.0.2.1]", "u|[192.0.2.1]"}, Case{"u@[IPv6:::1]", "u|[IPv6:::1]"},
                    Case{" u@d ", "u|d"}, Case{"u@d'e", "u|d'e"}));

INSTANTIATE_TEST_SUITE_P(CommentsAndFolds, AddressList,
                         testing::Values(Case{"(c)u(c)@(c)d(c)", "u|d"}, Case{"u@d (Name)", "u|d"},
                                         Case{"(a@b) u@d", "u|d"}, Case{"(a (b) <x@y>) <u@d>", "u|d"},
                                         Case{"Name\r\n <u@d>", "u|d"}, Case{"Name <\r\n\tu@d\r\n >", "u|d"},
                                         Case{"u @ d", "u|d"}, Case{"u . v @ d . e", "u.v|d.e"},
                                         Case{"u@d.\r\n e", "u|d.e"},
                                         Case{"u (x) . (y) v @ d (z) . e", "u.v|d.e"},
                                         Case{"\"a\".b@d", "a.b|d"}, Case{"\"a\" . \"b c\" @d", "a.b c|d"},
                                         Case{"<any@legit.example(a.attack.example>", "malformed"},
                                         Case{"u@d (", "malformed"}, Case{"u@d )", "malformed"},
                                         Case{"u@d\n", "malformed"}, Case{"u@d\r\n", "malformed"},
                                         Case{"u@d\n e", "malformed"}, Case{"u@d\r e", "malformed"}));

INSTANTIATE_TEST_SUITE_P(ObsoleteForms, AddressList,
                         testing::Values(Case{"John Q. Public <u@d>", "u|d"}, Case{"J. . Doe <u@d>", "u|d"},
                                         Case{".Net <u@d>", "u|d"}, Case{"<@a:u@d>", "u|d"},
                                         Case{"<@a,@b:u@d>", "u|d"}, Case{"<@a , , @b.c (x) : u@d>", "u|d"},
                                         Case{"<,@a,:u@d>", "u|d"}, Case{"Name <@[192.0.2.1]:u@d>", "u|d"},
                                         Case{",u@d", "u|d"}, Case{", ,u@d,, (c) ,v@e,", "u|d v|e"},
                                         Case{"u@d.", "u|d"}, Case{"<u@d.e.>", "u|d.e"},
                                         Case{"u@d. (c), v@e", "u|d v|e"}, Case{"<@a u@d>", "malformed"},
                                         Case{"<@a@b:u@d>", "malformed"}, Case{"<:u@d>", "malformed"},
                                         Case{"<,:u@d>", "malformed"}, Case{"<@:u@d>", "malformed"},
                                         Case{"@a:u@d", "malformed"}, Case{"<@a:>", "malformed"},
                                         Case{"<@a:@b:u@d>", "malformed"}));

INSTANTIATE_TEST_SUITE_P(Groups, AddressList,
                         testing::Values(Case{"G: a@b, C <c@d>;", "a|b c|d"}, Case{"G:;", ""},
                                         Case{"A Group (c): (c) ; (c)", ""}, Case{"\"G, H\":,a@b,,;", "a|b"},
                                         Case{"G: a@b;, c@d", "a|b c|d"}, Case{"x@y, G:;", "x|y"},
                                         Case{"G:;,H:a@b;", "a|b"}, Case{"G: a@b", "malformed"},
                                         Case{"G:", "malformed"}, Case{"G: H: a@b;;", "malformed"},
                                         Case{":;", "malformed"}, Case{": a@b;", "malformed"},
                                         Case{"G: a@b; c@d", "malformed"}, Case{"G:;;", "malformed"},
                                         Case{"a@b;", "malformed"}, Case{"a@b; c@d", "malformed"},
                                         Case{"G:; H", "malformed"}, Case{"G: a@b c@d;", "malformed"}));

INSTANTIATE_TEST_SUITE_P(
    WhatIsNoAddressList, AddressList,
    testing::Values(Case{"", "malformed"}, Case{" ", "malformed"}, Case{"(c)", "malformed"},
                    Case{",,", "malformed"}, Case{"u", "malformed"}, Case{"\"u\"", "malformed"},
                    Case{"Acme, Inc. <u@d>", "malformed"}, Case{"u@d>", "malformed"},
                    Case{"<u@d", "malformed"}, Case{"<u@d>>", "malformed"}, Case{"<<u@d>>", "malformed"},
                    Case{"<u@d> x", "malformed"}, Case{"<u@d> <v@e>", "malformed"},
                    Case{"a@b@c", "malformed"}, Case{"<a@b@c>", "malformed"}, Case{"a@b <c@d>", "malformed"},
                    Case{"a b@d", "malformed"}, Case{"\"a\"b@d", "malformed"}, Case{"<a b@d>", "malformed"},
                    Case{"@d", "malformed"}, Case{"<@d>", "malformed"}, Case{"u@", "malformed"},
                    Case{"<u@>", "malformed"}, Case{"<>", "malformed"}, Case{"Name <>", "malformed"},
                    Case{"u@d e", "malformed"}, Case{"u@d\"e\"", "malformed"}, Case{"u@\"d\"", "malformed"},
                    Case{"u@.d", "malformed"}, Case{"u@d..", "malformed"}, Case{"u@d..e", "malformed"},
                    Case{"u@d(c).(c).e", "malformed"}, Case{".@d", "malformed"}, Case{"u@d[e]", "malformed"},
                    Case{"u@[1].d", "malformed"}, Case{"u@d\\e", "malformed"},
                    Case{"Name [x] <u@d>", "malformed"}, Case{"u@d/e, v", "malformed"},
                    Case{"\"unended <u@d>", "malformed"}));

INSTANTIATE_TEST_SUITE_P(Leniency, AddressList,
                         testing::Values(Case{"a..b@d", "a..b|d"}, Case{".a@d", ".a|d"}, Case{"a.@d", "a.|d"},
                                         Case{"<a...@d>", "a...|d"}, Case{"<root>", "root|"},
                                         Case{"Name <a.b>", "a.b|"}, Case{"<a b>", "malformed"}));

INSTANTIATE_TEST_SUITE_P(InternationalAddresses, AddressList,
                         testing::Values(Case{"j\xc3\xb6rg@b\xc3\xbc"
                                              "cher.example",
                                              "j\xc3\xb6rg|b\xc3\xbc"
                                              "cher.example"},
                                         Case{"\"\xc3\xb6 x\"@d", "\xc3\xb6 x|d"},
                                         Case{"J\xf6rg <u@d>", "u|d"}, Case{"\"J\xf6rg\" <u@d>", "u|d"},
                                         Case{"u@d (J\xf6rg)", "u|d"}, Case{"u(\xf6)@(\xf6)d", "u|d"},
                                         Case{"J\xf6rg: u@d;", "u|d"}, Case{"j\xf6rg@d", "malformed"},
                                         Case{"\"j\xf6\"@d", "malformed"},
                                         Case{"u@b\xfc"
                                              "cher.example",
                                              "malformed"},
                                         Case{"u@d\xc0\xae"
                                              "e",
                                              "malformed"},
                                         Case{"<j\xf6rg>", "malformed"}, Case{"u@[\xf6]", "malformed"}));

TEST(AddressListErrors, SayWhatIsWrong) {
    const auto error = [](std::string_view text) {
        return parse_address_list(text, [](const AddressSpec&) {}).error().message;
    };
    EXPECT_EQ(error("u@d>"), "a '>' behind an address");
    EXPECT_EQ(error("a@b@c"), "a '@' behind an address");
    EXPECT_EQ(error("Acme, Inc. <u@d>"), "a ',' where an address was expected");
    EXPECT_EQ(error("u@d v@e"), "text behind an address");
    EXPECT_EQ(error("u"), "the end of the field where an address was expected");
    EXPECT_EQ(error("<u@d"), "the end of the field inside angle brackets");
    EXPECT_EQ(error("u@"), "the end of the field where a domain was expected");
    EXPECT_EQ(error("@d"), "an address without a local part");
    EXPECT_EQ(error("a b@d"), "a blank inside a local part");
    EXPECT_EQ(error("G: a@b"), "a group without its ';'");
    EXPECT_EQ(error(""), "no address");
    EXPECT_EQ(error("u@d("), "a comment that does not end or is nested too deep");
    EXPECT_EQ(error("\"u@d"), "a quoted string that does not end");
    EXPECT_EQ(error("u@[d"), "a domain literal that does not end");
    EXPECT_EQ(error("u@d\n"), "a bare LF");
    EXPECT_EQ(error("u@d\r"), "a bare CR");
    EXPECT_EQ(error(std::string_view("u@d\0", 4)), "a NUL");
    EXPECT_EQ(error("u@d\x01"), "a control character");
    EXPECT_EQ(error("u@d)"), "a ')' where it has no place");
    EXPECT_EQ(error("u@d\xff"), "an address that is not UTF-8");
}

}  // namespace
}  // namespace defender::mail
