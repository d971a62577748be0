/// Indirect mail: signs that a failing message came by a mailing list or a forwarder, where a policy of
/// reject ought not to be taken at its word.
///
/// Source: RFC 9989 sections 5.4 and 7.4: a receiver does not refuse solely because of p=reject, but by other
/// knowledge as well. A sign proves nothing, as anybody can fake most of them: what it earns a message is
/// quarantine instead of a refusal, never a pass. Thread-safety: pure functions on values. Failure: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/auth/judgement.hpp"

namespace defender::auth {

/// Whether the local part of a MAIL FROM has the form that the Sender Rewriting Scheme gives it, or Gmail to
/// what it forwards.
[[nodiscard]] bool is_rewritten_sender(std::string_view local_part);

struct IndirectSign {
    OverrideType reason{};  ///< trusted_forwarder, mailing_list or forwarded
    std::string text;       ///< what was seen; printable
};

struct IndirectSigns {
    std::vector<IndirectSign> found;  ///< the one that says most first
    std::string not_counted;          ///< why signs do not count; empty where they do
};

/// The signs, in this order: a client that the operator knows as a forwarder; a List-Id; a client that is
/// known from its mail as a forwarder; an ARC chain that passes; a Resent-From; an envelope rewritten for
/// forwarding, with an SPF pass of its domain; a signature of an aligned domain that was changed on the way
/// (result fail), which a forger of the address has no reason to add. None counts where indirect.enabled is
/// false or where the operator denied that the client is a forwarder. `policy` is the one by the standard
/// (applied_policy.hpp).
[[nodiscard]] IndirectSigns signs_of_indirect_mail(const PolicyEvidence& policy, const Evidence& evidence,
                                                   const JudgeSettings& settings);

}  // namespace defender::auth
