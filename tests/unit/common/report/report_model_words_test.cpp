#include "common/report/report_model_words.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "common/store/enum_names.hpp"
#include "tests/support/xml_validation.hpp"

namespace defender::report {
namespace {

using config::ReportSchema;

/// The values of an enumeration in a schema file.
std::set<std::string> enumeration(const std::string& schema, const std::string& type) {
    const auto text = test::file_text(test::data_file(schema + ".xsd"));
    const auto begin = text.find("<xs:simpleType name=\"" + type + "\"");
    if (begin == std::string::npos) return {};
    const auto part = text.substr(begin, text.find("</xs:simpleType>", begin) - begin);
    std::set<std::string> values;
    const std::regex value("enumeration value=\"([^\"]*)\"");
    for (std::sregex_iterator at(part.begin(), part.end(), value), end; at != end; ++at)
        values.insert((*at)[1]);
    return values;
}

std::string type_of(WordKind kind) {
    switch (kind) {
        case WordKind::dkim_result:
            return "DKIMResultType";
        case WordKind::spf_result:
            return "SPFResultType";
        case WordKind::spf_scope:
            return "SPFDomainScope";
        case WordKind::disposition:
            return "DispositionType";
        case WordKind::override_type:
            return "PolicyOverrideType";
        case WordKind::alignment_mode:
            return "AlignmentType";
    }
    return {};
}

struct Expected {
    WordKind kind;
    std::string_view ours, rfc7489, rfc9990;
};

TEST(SchemaWords, TheWholeTable) {
    using enum WordKind;
    const std::vector<Expected> table{
        {dkim_result, "none", "none", "none"},
        {dkim_result, "pass", "pass", "pass"},
        {dkim_result, "fail", "fail", "fail"},
        {dkim_result, "policy", "policy", "policy"},
        {dkim_result, "neutral", "neutral", "neutral"},
        {dkim_result, "temperror", "temperror", "temperror"},
        {dkim_result, "permerror", "permerror", "permerror"},
        {spf_result, "none", "none", "none"},
        {spf_result, "neutral", "neutral", "neutral"},
        {spf_result, "pass", "pass", "pass"},
        {spf_result, "fail", "fail", "fail"},
        {spf_result, "softfail", "softfail", "softfail"},
        {spf_result, "policy", "neutral", "policy"},
        {spf_result, "temperror", "temperror", "temperror"},
        {spf_result, "permerror", "permerror", "permerror"},
        {spf_scope, "mfrom", "mfrom", "mfrom"},
        {spf_scope, "helo", "helo", ""},
        {disposition, "none", "none", "none"},
        {disposition, "quarantine", "quarantine", "quarantine"},
        {disposition, "reject", "reject", "reject"},
        {override_type, "forwarded", "forwarded", "other"},
        {override_type, "sampled_out", "sampled_out", "other"},
        {override_type, "trusted_forwarder", "trusted_forwarder", "trusted_forwarder"},
        {override_type, "mailing_list", "mailing_list", "mailing_list"},
        {override_type, "local_policy", "local_policy", "local_policy"},
        {override_type, "policy_test_mode", "other", "policy_test_mode"},
        {override_type, "other", "other", "other"},
        {alignment_mode, "relaxed", "r", "r"},
        {alignment_mode, "strict", "s", "s"},
    };
    EXPECT_EQ(schema_words().size(), table.size());
    for (const auto& row : table) {
        EXPECT_EQ(schema_word(row.kind, row.ours, ReportSchema::rfc7489), row.rfc7489) << row.ours;
        EXPECT_EQ(schema_word(row.kind, row.ours, ReportSchema::rfc9990), row.rfc9990) << row.ours;
    }
}

TEST(SchemaWords, EveryWordIsInItsSchemasEnumeration) {
    for (const auto& word : schema_words()) {
        EXPECT_TRUE(enumeration("rfc7489", type_of(word.kind)).contains(std::string(word.rfc7489)))
            << word.ours << " as " << word.rfc7489;
        EXPECT_TRUE(word.rfc9990.empty() ||
                    enumeration("rfc9990", type_of(word.kind)).contains(std::string(word.rfc9990)))
            << word.ours << " as " << word.rfc9990;
    }
}

TEST(SchemaWords, EveryValueOfTheSchemasCanBeReached) {
    for (const auto kind : {WordKind::dkim_result, WordKind::spf_result, WordKind::spf_scope,
                            WordKind::disposition, WordKind::override_type, WordKind::alignment_mode}) {
        std::set<std::string> old_words, new_words;
        for (const auto& word : schema_words()) {
            if (word.kind != kind) continue;
            old_words.emplace(word.rfc7489);
            if (!word.rfc9990.empty()) new_words.emplace(word.rfc9990);
        }
        EXPECT_EQ(old_words, enumeration("rfc7489", type_of(kind)));
        EXPECT_EQ(new_words, enumeration("rfc9990", type_of(kind)));
    }
}

template <typename Enum>
void expect_all_known(WordKind kind) {
    for (const Enum value : store::EnumValues<Enum>::all) {
        const auto words = schema_words();
        EXPECT_TRUE(std::any_of(words.begin(), words.end(), [&](const SchemaWord& word) {
            return word.kind == kind && word.ours == to_string(value);
        })) << to_string(value);
    }
}

TEST(SchemaWords, EveryWordThatRecordsHoldIsInTheTable) {
    expect_all_known<auth::DkimResult>(WordKind::dkim_result);
    expect_all_known<auth::SpfResult>(WordKind::spf_result);
    expect_all_known<auth::SpfScope>(WordKind::spf_scope);
    expect_all_known<auth::Disposition>(WordKind::disposition);
    expect_all_known<auth::OverrideType>(WordKind::override_type);
    expect_all_known<auth::AlignmentMode>(WordKind::alignment_mode);
}

TEST(SchemaWords, AnUnknownWordBecomesTheOneThatClaimsLeast) {
    const std::vector<std::pair<WordKind, std::string_view>> table{
        {WordKind::dkim_result, "neutral"}, {WordKind::spf_result, "none"},
        {WordKind::spf_scope, "mfrom"},     {WordKind::disposition, "none"},
        {WordKind::override_type, "other"}, {WordKind::alignment_mode, "r"},
    };
    for (const auto& [kind, word] : table) {
        for (const std::string_view unknown : {"", "PASS", "hardfail", "<x>"}) {
            EXPECT_EQ(schema_word(kind, unknown, ReportSchema::rfc7489), word);
            EXPECT_EQ(schema_word(kind, unknown, ReportSchema::rfc9990), word);
        }
    }
}

}  // namespace
}  // namespace defender::report
