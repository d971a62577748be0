#include "common/auth/indirect_mail.hpp"

#include <optional>

#include "common/auth/alignment.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t max_quoted = 256;

std::string quoted(std::string_view text) {
    return text::printable(text, max_quoted);
}

std::optional<IndirectSign> known_client(const ForwarderEvidence& forwarder, ForwarderStatus status) {
    if (forwarder.status != status) return std::nullopt;
    if (status == ForwarderStatus::confirmed)
        return IndirectSign{OverrideType::trusted_forwarder, "confirmed forwarder " + forwarder.network};
    return IndirectSign{OverrideType::forwarded, "forwarder " + forwarder.network + " of mail of " +
                                                     std::to_string(forwarder.domains) + " domains"};
}

std::optional<IndirectSign> list(const Evidence& evidence) {
    if (evidence.list_id.empty()) return std::nullopt;
    return IndirectSign{OverrideType::mailing_list, "List-Id " + quoted(evidence.list_id)};
}

std::optional<IndirectSign> chain(const ArcEvidence& arc) {
    if (arc.result != ArcResult::pass || arc.sets.empty()) return std::nullopt;
    return IndirectSign{OverrideType::forwarded, "ARC chain of " + quoted(arc.sets.back().seal_domain)};
}

std::optional<IndirectSign> resent(const Evidence& evidence) {
    if (evidence.resent_from.empty()) return std::nullopt;
    return IndirectSign{OverrideType::forwarded, "Resent-From " + quoted(evidence.resent_from)};
}

std::optional<IndirectSign> rewritten_envelope(const Evidence& evidence) {
    if (!evidence.rewritten_sender) return std::nullopt;
    for (const auto& spf : evidence.spf) {
        if (authenticates(spf))
            return IndirectSign{OverrideType::forwarded, "envelope rewritten by " + quoted(spf.domain)};
    }
    return std::nullopt;
}

std::optional<IndirectSign> broken_signature(const PolicyEvidence& policy, const Evidence& evidence,
                                             config::DmarcStandard standard) {
    const auto mode = policy.record.dkim_alignment;
    for (const auto& dkim : evidence.dkim) {
        if (dkim.result != DkimResult::fail) continue;
        if (alignment(identifier(dkim), policy, mode, evidence, standard) == AlignmentResult::yes)
            return IndirectSign{OverrideType::forwarded, "broken signature of " + quoted(dkim.domain)};
    }
    return std::nullopt;
}

}  // namespace

bool is_rewritten_sender(std::string_view local_part) {
    const auto scheme = text::to_lower(local_part.substr(0, 5));
    const bool srs = scheme.size() == 5 && (scheme.starts_with("srs0") || scheme.starts_with("srs1")) &&
                     std::string_view("=+-").find(scheme[4]) != std::string_view::npos;
    return srs || local_part.find("+caf_=") != std::string_view::npos;
}

IndirectSigns signs_of_indirect_mail(const PolicyEvidence& policy, const Evidence& evidence,
                                     const JudgeSettings& settings) {
    if (!settings.indirect.enabled) return {{}, "indirect.enabled = false"};
    const auto& forwarder = evidence.forwarder;
    if (forwarder.status == ForwarderStatus::denied)
        return {{}, "the operator denied that " + forwarder.network + " is a forwarder"};
    IndirectSigns signs;
    for (auto& sign :
         {known_client(forwarder, ForwarderStatus::confirmed), list(evidence),
          known_client(forwarder, ForwarderStatus::learned), chain(evidence.arc), resent(evidence),
          rewritten_envelope(evidence), broken_signature(policy, evidence, settings.standard)}) {
        if (sign) signs.found.push_back(*sign);
    }
    return signs;
}

}  // namespace defender::auth
