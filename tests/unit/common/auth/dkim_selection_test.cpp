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

TEST(DkimSelection, OfEachNameTheLastFieldsAreLookedAtAsOftenAsOneSignatureListsIt) {
    const std::string misread(" \0", 2);
    const auto first = covering({"from", "x"});
    const auto second = covering({"from", "x", "x", "missing"});
    const DkimSignature* const chosen[] = {&first, &second};
    const auto hashable = [&](std::size_t where) {
        mail::HeaderFields fields = {
            {"X", " 1"}, {"X", " 2"}, {"From ", " a"}, {"x", " 3"}, {"Unsigned", " y"}};
        fields[where].value = misread;
        return which_are_hashable(SignedHeader(fields), chosen);
    };
    const std::vector<bool> both = {true, true};
    const std::vector<bool> neither = {false, false};
    EXPECT_EQ(hashable(0), both);
    EXPECT_EQ(hashable(1), neither);
    EXPECT_EQ(hashable(2), neither);
    EXPECT_EQ(hashable(3), neither);
    EXPECT_EQ(hashable(4), both);
}

TEST(DkimSelection, FieldThatIsMisreadConcernsOnlyTheSignaturesThatCoverIt) {
    const mail::HeaderFields fields = {
        {"From", " a"}, {"X", std::string(" \0", 2)}, {"Y", " fold\r\n\tfine"}};
    const auto first = covering({"from", "y"});
    const auto second = covering({"from", "x"});
    const DkimSignature* const chosen[] = {&first, &second};
    EXPECT_EQ(which_are_hashable(SignedHeader(fields), chosen), (std::vector<bool>{true, false}));
}

TEST(DkimSelection, SignatureAboveTheOneThatCoversItIsLookedAt) {
    const auto covers_another = covering({"from", "dkim-signature"});
    const DkimSignature* const chosen[] = {&covers_another};
    const auto hashable = [&](std::size_t where) -> bool {
        mail::HeaderFields fields = {
            {"DKIM-Signature", " 1"}, {"DKIM-Signature", " 2"}, {"DKIM-Signature", " own"}, {"From", " a"}};
        fields[where].value += '\v';
        return which_are_hashable(SignedHeader(fields), chosen).front();
    };
    EXPECT_TRUE(hashable(0));
    EXPECT_FALSE(hashable(1));
}

}  // namespace
}  // namespace defender::auth
