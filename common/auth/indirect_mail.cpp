#include "common/auth/indirect_mail.hpp"

#include "common/auth/alignment.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t max_quoted = 256;

}  // namespace

std::string sign_of_indirect_mail(const PolicyEvidence& policy, const Evidence& evidence,
                                  config::DmarcStandard standard) {
    if (!evidence.list_id.empty()) return "List-Id " + text::printable(evidence.list_id, max_quoted);
    const auto mode = policy.record.dkim_alignment;
    for (const auto& dkim : evidence.dkim) {
        if (dkim.result != DkimResult::fail) continue;
        if (alignment(identifier(dkim), policy, mode, evidence, standard) == AlignmentResult::yes)
            return "broken signature of " + text::printable(dkim.domain, max_quoted);
    }
    return {};
}

}  // namespace defender::auth
