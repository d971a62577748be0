#include "common/auth/dmarc_record.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "common/auth/report_uri.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

struct Tag {
    std::string_view name;
    std::string_view value;
};

/// By name, which case does not count in.
bool is_before(const Tag& a, const Tag& b) {
    return text::iless(a.name, b.name);
}

/// In the order of the names.
using Tags = std::vector<Tag>;

bool is_tag_name(std::string_view s) {
    return !s.empty() && text::is_alpha(s.front()) &&
           std::all_of(s.begin(), s.end(), [](char c) { return text::is_alnum(c) || c == '_'; });
}

/// Nothing where a tag occurs twice. Pieces that are no tag are skipped (RFC 7489 section 6.3, last but one
/// paragraph).
std::optional<Tags> parse_tags(std::string_view record) {
    const auto pieces = text::split(record, ';');
    Tags tags;
    tags.reserve(pieces.size());
    for (const auto piece : pieces) {
        const auto equals = piece.find('=');
        if (equals == std::string_view::npos) continue;
        const auto name = text::trim(piece.substr(0, equals));
        if (!is_tag_name(name)) continue;
        tags.push_back({name, text::trim(piece.substr(equals + 1))});
    }
    std::sort(tags.begin(), tags.end(), is_before);
    const auto same_name = [](const Tag& a, const Tag& b) { return text::iequals(a.name, b.name); };
    if (std::adjacent_find(tags.begin(), tags.end(), same_name) != tags.end()) return std::nullopt;
    return tags;
}

std::optional<std::string_view> find(const Tags& tags, std::string_view name) {
    const auto tag = std::lower_bound(tags.begin(), tags.end(), Tag{name, {}}, is_before);
    if (tag == tags.end() || !text::iequals(tag->name, name)) return std::nullopt;
    return tag->value;
}

std::optional<Policy> parse_policy(std::string_view value) {
    for (const auto policy : {Policy::none, Policy::quarantine, Policy::reject}) {
        if (text::iequals(value, to_string(policy))) return policy;
    }
    return std::nullopt;
}

AlignmentMode alignment_mode(const Tags& tags, std::string_view name) {
    return text::iequals(find(tags, name).value_or("r"), "s") ? AlignmentMode::strict
                                                              : AlignmentMode::relaxed;
}

unsigned percent(const Tags& tags) {
    const auto value = find(tags, "pct");
    const auto number = value && value->size() <= 3 ? text::parse_unsigned(*value) : std::nullopt;
    return number && *number <= 100 ? static_cast<unsigned>(*number) : DmarcRecord{}.percent;
}

std::uint32_t report_interval(const Tags& tags) {
    const auto number = text::parse_unsigned(find(tags, "ri").value_or(""));
    if (!number || *number > std::numeric_limits<std::uint32_t>::max())
        return DmarcRecord{}.report_interval_seconds;
    return static_cast<std::uint32_t>(*number);
}

/// The letters without blanks, each once, in the order published; the default where any is not one of the
/// RFC's.
std::string failure_options(const Tags& tags) {
    std::string options;
    for (const auto item : text::split(find(tags, "fo").value_or(""), ':')) {
        const auto option = text::to_lower(text::trim(item));
        if (option != "0" && option != "1" && option != "d" && option != "s")
            return DmarcRecord{}.failure_options;
        if (options.find(option) != std::string::npos) continue;
        if (!options.empty()) options += ':';
        options += option;
    }
    return options;
}

/// A tag with a policy: what it asks for, if anything, and whether it is there and asks for nothing known.
struct PolicyTag {
    std::optional<Policy> policy;
    bool bad = false;
};

PolicyTag policy_tag(const Tags& tags, std::string_view name) {
    const auto value = find(tags, name);
    if (!value) return {};
    const auto policy = parse_policy(*value);
    return {policy, !policy};
}

/// Sets p, sp and np; false where the record gives no policy (RFC 7489 section 6.6.3, step 6; RFC 9989
/// section 4.10.1). To RFC 7489 np is an unknown tag, which spoils nothing.
bool set_policies(DmarcRecord& record, const Tags& tags, config::DmarcStandard standard) {
    const auto p = policy_tag(tags, "p");
    const auto sp = policy_tag(tags, "sp");
    const auto np = policy_tag(tags, "np");
    const bool np_counts = standard == config::DmarcStandard::rfc9989;
    if (!p.policy || sp.bad || (np_counts && np.bad)) return !record.aggregate_uris.empty();
    record.policy = *p.policy;
    record.subdomain_policy = sp.policy;
    record.nonexistent_policy = np.policy;
    return true;
}

PublicSuffixFlag public_suffix_flag(const Tags& tags) {
    const auto value = find(tags, "psd").value_or("");
    if (text::iequals(value, "y")) return PublicSuffixFlag::yes;
    return text::iequals(value, "n") ? PublicSuffixFlag::no : PublicSuffixFlag::unknown;
}

}  // namespace

std::string_view to_string(Policy policy) noexcept {
    switch (policy) {
        case Policy::none:
            return "none";
        case Policy::quarantine:
            return "quarantine";
        case Policy::reject:
            return "reject";
    }
    return "?";
}

std::string_view to_string(AlignmentMode mode) noexcept {
    switch (mode) {
        case AlignmentMode::relaxed:
            return "relaxed";
        case AlignmentMode::strict:
            return "strict";
    }
    return "?";
}

std::string_view to_string(PublicSuffixFlag flag) noexcept {
    switch (flag) {
        case PublicSuffixFlag::unknown:
            return "u";
        case PublicSuffixFlag::yes:
            return "y";
        case PublicSuffixFlag::no:
            return "n";
    }
    return "?";
}

bool is_dmarc_record(std::string_view text) {
    auto tag = text.substr(0, text.find(';'));
    if (!tag.starts_with('v')) return false;
    tag = text::trim(tag.substr(1));
    return tag.starts_with('=') && text::trim(tag.substr(1)) == "DMARC1";
}

std::optional<ReadDmarcRecord> read_dmarc_record(std::string_view text, config::DmarcStandard standard) {
    if (!is_dmarc_record(text)) return std::nullopt;
    const auto tags = parse_tags(text);
    if (!tags) return std::nullopt;
    ReadDmarcRecord read;
    auto& record = read.record;
    record.aggregate_uris = parse_report_uris(find(*tags, "rua").value_or(""));
    record.failure_uris = parse_report_uris(find(*tags, "ruf").value_or(""));
    read.gives_policy = set_policies(record, *tags, standard);
    record.public_suffix = public_suffix_flag(*tags);
    record.testing = text::iequals(find(*tags, "t").value_or(""), "y");
    record.dkim_alignment = alignment_mode(*tags, "adkim");
    record.spf_alignment = alignment_mode(*tags, "aspf");
    record.percent = percent(*tags);
    record.report_interval_seconds = report_interval(*tags);
    record.failure_options = failure_options(*tags);
    return read;
}

std::optional<DmarcRecord> parse_dmarc_record(std::string_view text, config::DmarcStandard standard) {
    auto read = read_dmarc_record(text, standard);
    if (!read || !read->gives_policy) return std::nullopt;
    return std::move(read->record);
}

}  // namespace defender::auth
