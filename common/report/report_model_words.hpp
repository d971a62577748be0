/// schema_words: the words of our verdicts and the enumerations of the report schemas, side by side.
///
/// The one table that maps them. Our words are those of RFC 8601 sections 2.7.1 and 2.7.2 for DKIM and SPF,
/// RFC 7208 section 2.3 for the identity that was checked, and RFC 7489 section 6.3 for policies. The
/// schemas: RFC 7489 appendix C, RFC 9990 appendix A. Thread-safety: constant data and pure functions.
#pragma once

#include <span>
#include <string_view>

#include "common/config/settings.hpp"

namespace defender::report {

enum class WordKind { dkim_result, spf_result, spf_scope, disposition, override_type, alignment_mode };

struct SchemaWord {
    WordKind kind{};
    std::string_view ours;
    std::string_view rfc7489;
    std::string_view rfc9990;  ///< empty where that schema has no such thing and leaves out what has it
};

[[nodiscard]] std::span<const SchemaWord> schema_words() noexcept;

/// The schema's word for ours. A word that is not in the table (a later version's, in a shared database)
/// gives the one that claims least: neutral, none, mfrom, none, other, r.
[[nodiscard]] std::string_view schema_word(WordKind kind, std::string_view ours,
                                           config::ReportSchema schema) noexcept;

}  // namespace defender::report
