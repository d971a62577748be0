#include "common/report/report_model_words.hpp"

#include <algorithm>
#include <array>

namespace defender::report {
namespace {

using enum WordKind;

constexpr std::array words{
    SchemaWord{dkim_result, "none", "none", "none"},
    SchemaWord{dkim_result, "pass", "pass", "pass"},
    SchemaWord{dkim_result, "fail", "fail", "fail"},
    SchemaWord{dkim_result, "policy", "policy", "policy"},
    SchemaWord{dkim_result, "neutral", "neutral", "neutral"},
    SchemaWord{dkim_result, "temperror", "temperror", "temperror"},
    SchemaWord{dkim_result, "permerror", "permerror", "permerror"},

    SchemaWord{spf_result, "none", "none", "none"},
    SchemaWord{spf_result, "neutral", "neutral", "neutral"},
    SchemaWord{spf_result, "pass", "pass", "pass"},
    SchemaWord{spf_result, "fail", "fail", "fail"},
    SchemaWord{spf_result, "softfail", "softfail", "softfail"},
    // RFC 8601 section 2.7.2 has "policy": the record was not to be used. RFC 7489's schema lacks it.
    SchemaWord{spf_result, "policy", "neutral", "policy"},
    SchemaWord{spf_result, "temperror", "temperror", "temperror"},
    SchemaWord{spf_result, "permerror", "permerror", "permerror"},

    SchemaWord{spf_scope, "mfrom", "mfrom", "mfrom"},
    // RFC 9990 section 3.1.1.13: only the MAIL FROM identity is told.
    SchemaWord{spf_scope, "helo", "helo", ""},

    SchemaWord{disposition, "none", "none", "none"},
    SchemaWord{disposition, "quarantine", "quarantine", "quarantine"},
    SchemaWord{disposition, "reject", "reject", "reject"},

    // RFC 9990 has dropped forwarded and sampled_out, and added policy_test_mode.
    SchemaWord{override_type, "forwarded", "forwarded", "other"},
    SchemaWord{override_type, "sampled_out", "sampled_out", "other"},
    SchemaWord{override_type, "trusted_forwarder", "trusted_forwarder", "trusted_forwarder"},
    SchemaWord{override_type, "mailing_list", "mailing_list", "mailing_list"},
    SchemaWord{override_type, "local_policy", "local_policy", "local_policy"},
    SchemaWord{override_type, "policy_test_mode", "other", "policy_test_mode"},
    SchemaWord{override_type, "other", "other", "other"},

    SchemaWord{alignment_mode, "relaxed", "r", "r"},
    SchemaWord{alignment_mode, "strict", "s", "s"},
};

std::string_view word_that_claims_least(WordKind kind) noexcept {
    switch (kind) {
        case dkim_result:
            return "neutral";
        case spf_result:
        case disposition:
            return "none";
        case spf_scope:
            return "mfrom";
        case override_type:
            return "other";
        case alignment_mode:
            return "r";
    }
    return "none";
}

}  // namespace

std::span<const SchemaWord> schema_words() noexcept {
    return words;
}

std::string_view schema_word(WordKind kind, std::string_view ours, config::ReportSchema schema) noexcept {
    const auto found = std::find_if(words.begin(), words.end(), [&](const SchemaWord& word) {
        return word.kind == kind && word.ours == ours;
    });
    if (found == words.end()) return word_that_claims_least(kind);
    return schema == config::ReportSchema::rfc9990 ? found->rfc9990 : found->rfc7489;
}

}  // namespace defender::report
