#include "common/config/setting_row.hpp"

#include <gmock/gmock.h>

#include "common/config/setting_values.hpp"

namespace defender::config {
namespace {

using ::testing::HasSubstr;

enum class Fruit { apple, pear };
struct Basket {
    bool open = false;
    unsigned count = 0;
    std::chrono::milliseconds age{};
    Fruit fruit{};
    std::string label;
    std::vector<DomainName> domains;
};
struct Cart {
    Basket basket;
};

TEST(SettingRow, SwitchIsSetAndRead) {
    const auto row = switch_row({"open", Change::on_reload, ""}, at(&Basket::open), true);
    Basket basket;
    EXPECT_TRUE(row.set(basket, true).empty());
    EXPECT_EQ(row.get(basket), Value(true));
    EXPECT_EQ(row.fallback, Value(true));
}

TEST(SettingRow, NumberKeepsItsRange) {
    const auto row =
        number_row({"count", Change::on_reload, ""}, at(&Cart::basket, &Basket::count), {1, 64, "pieces"}, 2);
    Cart cart;
    for (const std::int64_t good : {1, 2, 64}) {
        EXPECT_TRUE(row.set(cart, Value(good)).empty());
        EXPECT_EQ(row.get(cart), Value(good));
    }
    for (const std::int64_t bad :
         {std::int64_t{0}, std::int64_t{65}, std::int64_t{-1}, INT64_MAX, INT64_MIN}) {
        const auto problems = row.set(cart, Value(bad));
        ASSERT_EQ(problems.size(), 1U);
        EXPECT_THAT(problems[0].what, HasSubstr(std::to_string(bad)));
        EXPECT_THAT(problems[0].mend, HasSubstr("from 1 to 64 (pieces)"));
    }
    EXPECT_EQ(cart.basket.count, 64U);
}

TEST(SettingRow, DurationCountsInItsOwnUnit) {
    const auto row =
        number_row({"age", Change::on_reload, ""}, at(&Basket::age), {0, 100000, "milliseconds"}, 0);
    Basket basket;
    EXPECT_TRUE(row.set(basket, Value(std::int64_t{2500})).empty());
    EXPECT_EQ(basket.age, std::chrono::milliseconds(2500));
    EXPECT_EQ(row.get(basket), Value(std::int64_t{2500}));
}

TEST(SettingRow, UnknownWordNamesTheAllowedOnes) {
    const auto row = word_row({"fruit", Change::on_reload, ""}, at(&Basket::fruit),
                              {{"apple", Fruit::apple}, {"pear", Fruit::pear}}, std::nullopt);
    Basket basket;
    EXPECT_TRUE(row.set(basket, Value(std::string("pear"))).empty());
    EXPECT_EQ(basket.fruit, Fruit::pear);
    EXPECT_EQ(row.get(basket), Value(std::string("pear")));
    EXPECT_FALSE(row.fallback);
    const auto problems = row.set(basket, Value(std::string("Pear")));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].mend, "write apple or pear");
}

TEST(SettingRow, EveryBadItemOfAListIsNamedAndNothingIsSet) {
    const auto row = list_row({"domains", Change::on_reload, ""}, at(&Basket::domains), domain_text, {});
    Basket basket;
    EXPECT_TRUE(row.set(basket, Value(std::vector<std::string>{"a.example"})).empty());
    const auto problems = row.set(basket, Value(std::vector<std::string>{"b c", "b.example", "d>e"}));
    ASSERT_EQ(problems.size(), 2U);
    EXPECT_EQ(problems[0].item, 0U);
    EXPECT_EQ(problems[1].item, 2U);
    EXPECT_EQ(row.get(basket), Value(std::vector<std::string>{"a.example"}));
}

TEST(SettingRow, OutsideTextInAProblemIsPrintableAndShort) {
    const auto row = text_row({"label", Change::on_reload, ""}, at(&Basket::label), path_text, "/");
    Basket basket;
    const auto problems = row.set(basket, Value(std::string("\x1b[31m\n") + std::string(100000, 'x')));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_LT(problems[0].what.size(), 200U);
    EXPECT_THAT(problems[0].what, HasSubstr("\"?[31m?x"));
}

TEST(SettingRow, ValuesAreWrittenAsToml) {
    EXPECT_EQ(to_toml(true), "true");
    EXPECT_EQ(to_toml(false), "false");
    EXPECT_EQ(to_toml(std::int64_t{-5}), "-5");
    EXPECT_EQ(to_toml(std::string("a\"b\\c\n\x7f")), "\"a\\\"b\\\\c\\u000A\\u007F\"");
    EXPECT_EQ(to_toml(std::vector<std::string>{}), "[]");
    EXPECT_EQ(to_toml(std::vector<std::string>{"a", "b"}), "[\"a\", \"b\"]");
}

TEST(SettingRow, WhatIsTakenIsDescribedInWords) {
    EXPECT_EQ(describe(TakesSwitch{}), "true or false");
    EXPECT_EQ(describe(TakesNumber{1, 30, "seconds"}), "a whole number from 1 to 30 (seconds)");
    EXPECT_EQ(describe(TakesWord{{"a", "b", "c"}}), "a, b or c");
    EXPECT_EQ(describe(TakesText{"a path"}), "a path");
    EXPECT_EQ(describe(TakesList{"a domain"}), "a list in square brackets, each item a domain");
    EXPECT_EQ(one_of({}), "");
    EXPECT_EQ(one_of({"a"}), "a");
}

}  // namespace
}  // namespace defender::config
