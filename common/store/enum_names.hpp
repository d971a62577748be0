/// The way back from an enumerator's name, as its to_string() gives it, to the enumerator.
///
/// to_string() stays the one place where the names stand; here is only which values each enum has, in their
/// order. Thread-safety: pure functions.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"
#include "common/mail/author.hpp"

namespace defender::store {

template <typename Enum>
struct EnumValues;

template <>
struct EnumValues<auth::SpfResult> {
    using enum auth::SpfResult;
    static constexpr std::array all{none, neutral, pass, fail, softfail, temperror, permerror};
};
template <>
struct EnumValues<auth::SpfScope> {
    using enum auth::SpfScope;
    static constexpr std::array all{mail_from, helo};
};
template <>
struct EnumValues<auth::DkimResult> {
    using enum auth::DkimResult;
    static constexpr std::array all{pass, fail, neutral, policy, temperror, permerror};
};
template <>
struct EnumValues<auth::ArcResult> {
    using enum auth::ArcResult;
    static constexpr std::array all{none, pass, fail, temperror};
};
template <>
struct EnumValues<auth::ArcVerdict> {
    using enum auth::ArcVerdict;
    static constexpr std::array all{unchecked, pass, fail, temperror};
};
template <>
struct EnumValues<auth::ForwarderStatus> {
    using enum auth::ForwarderStatus;
    static constexpr std::array all{unknown, learned, confirmed, denied};
};
template <>
struct EnumValues<auth::PolicyOutcome> {
    using enum auth::PolicyOutcome;
    static constexpr std::array all{found, none, temperror};
};
template <>
struct EnumValues<auth::Policy> {
    using enum auth::Policy;
    static constexpr std::array all{none, quarantine, reject};
};
template <>
struct EnumValues<auth::AlignmentMode> {
    using enum auth::AlignmentMode;
    static constexpr std::array all{relaxed, strict};
};
template <>
struct EnumValues<mail::AuthorStatus> {
    using enum mail::AuthorStatus;
    static constexpr std::array all{ok, missing, multiple_fields, malformed, no_domain, too_many_domains};
};
template <>
struct EnumValues<auth::DmarcResult> {
    using enum auth::DmarcResult;
    static constexpr std::array all{none, pass, fail, temperror, permerror};
};
template <>
struct EnumValues<auth::Disposition> {
    using enum auth::Disposition;
    static constexpr std::array all{none, quarantine, reject};
};
template <>
struct EnumValues<auth::Action> {
    using enum auth::Action;
    static constexpr std::array all{accept, tag, hold, reject, tempfail};
};
template <>
struct EnumValues<auth::Exemption> {
    using enum auth::Exemption;
    static constexpr std::array all{no, trusted_network, authenticated, local_client};
};
template <>
struct EnumValues<auth::OverrideType> {
    using enum auth::OverrideType;
    static constexpr std::array all{forwarded,    sampled_out, trusted_forwarder, mailing_list,
                                    local_policy, other,       policy_test_mode};
};
template <>
struct EnumValues<auth::DiscoveryMethod> {
    using enum auth::DiscoveryMethod;
    static constexpr std::array all{psl, treewalk};
};
template <>
struct EnumValues<auth::DomainExistence> {
    using enum auth::DomainExistence;
    static constexpr std::array all{not_known, exists, does_not_exist, failed};
};
template <>
struct EnumValues<auth::WalkAnswer> {
    using enum auth::WalkAnswer;
    static constexpr std::array all{nothing, discarded, record, record_without_policy, failed, not_known};
};
template <>
struct EnumValues<auth::PublicSuffixFlag> {
    using enum auth::PublicSuffixFlag;
    static constexpr std::array all{unknown, yes, no};
};

template <typename Enum>
[[nodiscard]] std::optional<Enum> from_name(std::string_view name) noexcept {
    for (const Enum value : EnumValues<Enum>::all) {
        if (to_string(value) == name) return value;
    }
    return std::nullopt;
}

}  // namespace defender::store
