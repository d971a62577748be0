#include "common/store/json_object.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

#include "common/auth/evidence.hpp"
#include "common/store/json_fields.hpp"

namespace defender::store {
namespace {

TEST(JsonObject, WritesItsMembersInTheirOrder) {
    EXPECT_EQ(json_object([](JsonObject&) {}), "{}");
    const auto text = json_object([](JsonObject& to) {
        to.text("text", "a b");
        to.flag("yes", true);
        to.flag("no", false);
        to.number("least", std::numeric_limits<std::int64_t>::min());
        to.number("most", std::numeric_limits<std::uint64_t>::max());
        to.name("name", auth::SpfResult::softfail);
        to.texts("texts", {"x", "", "y"});
        to.texts("none", {});
        to.object("inner", [](JsonObject& inner) { inner.number("n", 1); });
        to.array("array", std::vector<int>{1, 2},
                 [](JsonObject& each, int value) { each.number("n", value); });
        to.array("empty", std::vector<int>{}, [](JsonObject& each, int value) { each.number("n", value); });
    });
    EXPECT_EQ(text, R"({"text":"a b","yes":true,"no":false,"least":-9223372036854775808,)"
                    R"("most":18446744073709551615,"name":"softfail","texts":["x","","y"],"none":[],)"
                    R"("inner":{"n":1},"array":[{"n":1},{"n":2}],"empty":[]})");
    EXPECT_EQ(json_text(Json::parse(text)), text);
}

TEST(JsonObject, AnArrayMayStandAlone) {
    std::string out;
    JsonObject::write_array(out, std::vector<std::string>{"a", "b"},
                            [](JsonObject& to, const std::string& value) { to.text("t", value); });
    EXPECT_EQ(out, R"([{"t":"a"},{"t":"b"}])");
}

TEST(JsonObject, StringsAreWrittenAsTheValueOfThemIs) {
    const std::string fixed[] = {"",
                                 "plain",
                                 "\"quoted\" \\ / 'x'",
                                 std::string("nul \0 and \x1f\x7f", 12),
                                 "\b\f\n\r\t",
                                 "b\xc3\xbc\x63her",
                                 "\xff\xfe cut \xe2\x82",
                                 "\xed\xa0\x80"};
    for (const auto& value : fixed) {
        const auto text = json_object([&](JsonObject& to) { to.text("t", value); });
        EXPECT_EQ(text, json_text(Json{{"t", value}})) << testing::PrintToString(value);
    }
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 500; ++round) {
        std::string value;
        for (auto count = random() % 12; count > 0; --count) value += static_cast<char>(random() % 256);
        const auto text = json_object([&](JsonObject& to) { to.texts("t", {value}); });
        EXPECT_EQ(text, json_text(Json{{"t", std::vector<std::string>{value}}}))
            << testing::PrintToString(value);
    }
}

}  // namespace
}  // namespace defender::store
