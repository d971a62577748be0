#include "common/auth/dkim_selection.hpp"

#include <gtest/gtest.h>

namespace defender::auth {
namespace {

DkimSignature covering(const std::vector<std::string>& names) {
    std::string h;
    for (const auto& name : names) h += (h.empty() ? "" : ":") + name;
    return parse_dkim_signature("v=1; a=rsa-sha256; d=example.com; s=s; b=AAAA; h=" + h +
                                "; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=")
        .signature.value();
}

TEST(DkimSelection, AllSignaturesAreChosenUpToTheLimit) {
    EXPECT_EQ(choose_signatures({}, 10), std::vector<bool>());
    EXPECT_EQ(choose_signatures({false, true}, 2), (std::vector<bool>{true, true}));
    EXPECT_EQ(choose_signatures({false, true}, 0), (std::vector<bool>{false, false}));
}

TEST(DkimSelection, AlignedSignaturesComeFirstThenTheUpperOnes) {
    EXPECT_EQ(choose_signatures({false, false, false, true}, 2),
              (std::vector<bool>{true, false, false, true}));
    EXPECT_EQ(choose_signatures({false, true, true, true}, 2), (std::vector<bool>{false, true, true, false}));
}

TEST(DkimSelection, OnlyFieldsThatCanBeHashedAreTakenFromTheBottomUp) {
    const mail::HeaderFields header = {{"DKIM-Signature", ""}, {"X", " 1"},     {"X", " 2"},
                                       {"DKIM-Signature", ""}, {"From ", " a"}, {"x", " 3"},
                                       {"Unsigned", " y"},     {"FROM", " b"}};
    const auto first = covering({"from", "x"});
    const auto second = covering({"from", "x", "x", "missing"});
    const PlacedSignature chosen[] = {{0, &first}, {3, &second}};
    const auto selected = select_fields(header, chosen);
    EXPECT_EQ(selected.positions, (std::vector<std::size_t>{0, 2, 3, 5, 7}));
    EXPECT_EQ(selected.hashable, (std::vector<bool>{true, true}));
}

TEST(DkimSelection, FieldThatIsMisreadConcernsOnlyTheSignaturesThatCoverIt) {
    const mail::HeaderFields header = {
        {"From", " a"}, {"X", std::string(" \0", 2)}, {"Y", " fold\r\n\tfine"}};
    const auto first = covering({"from", "y"});
    const auto second = covering({"from", "x"});
    const PlacedSignature chosen[] = {{0, &first}, {0, &second}};
    EXPECT_EQ(select_fields(header, chosen).hashable, (std::vector<bool>{true, false}));
}

}  // namespace
}  // namespace defender::auth
