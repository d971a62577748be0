#include "common/store/enum_names.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace defender::store {
namespace {

template <typename Enum>
class EnumNames : public testing::Test {};

using Enums =
    testing::Types<auth::SpfResult, auth::SpfScope, auth::DkimResult, auth::ArcResult, auth::ArcVerdict,
                   auth::PolicyOutcome, auth::Policy, auth::AlignmentMode, mail::AuthorStatus,
                   auth::DmarcResult, auth::Disposition, auth::Action, auth::Exemption, auth::OverrideType,
                   auth::DiscoveryMethod, auth::DomainExistence, auth::WalkAnswer, auth::PublicSuffixFlag>;
TYPED_TEST_SUITE(EnumNames, Enums);

TYPED_TEST(EnumNames, EveryValueHasANameOfItsOwnThatLeadsBackToIt) {
    std::set<std::string> names;
    for (const TypeParam value : EnumValues<TypeParam>::all) {
        const std::string name(to_string(value));
        EXPECT_FALSE(name.empty());
        EXPECT_TRUE(names.insert(name).second) << name;
        EXPECT_EQ(from_name<TypeParam>(name), value) << name;
    }
}

TYPED_TEST(EnumNames, TheListHoldsEveryValueFromTheFirstOnWithoutAGap) {
    const auto& all = EnumValues<TypeParam>::all;
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(static_cast<std::size_t>(all[i]), i);
}

TYPED_TEST(EnumNames, OtherTextIsNoName) {
    for (const std::string_view text : {"", "Pass", "NONE", "pass ", "hardfail"}) {
        EXPECT_EQ(from_name<TypeParam>(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace defender::store
