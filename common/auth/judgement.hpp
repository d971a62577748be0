/// judge(): the one place where a message is judged. Evidence in, judgement out.
///
/// A pure function: no clock, socket, file, random number or database. The trace it returns is the
/// explanation that `defenderctl explain` prints. Source: RFC 7489 section 6.6; RFC 9989 sections 4.10 and
/// 5.3, where the settings name that standard. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/config/settings.hpp"

namespace defender::auth {

/// RFC 8601 section 2.7.4 (dmarc=).
enum class DmarcResult { none, pass, fail, temperror, permerror };
/// What the policy came to after sampling and overrides (RFC 7489 appendix C, DispositionType).
enum class Disposition { none, quarantine, reject };
/// What the MTA is told.
enum class Action { accept, tag, hold, reject, tempfail };
/// Why a message was not judged at all.
enum class Exemption { no, trusted_network, authenticated, local_client };

/// How the policy was found (RFC 9990, DiscoveryType): psl for RFC 7489, treewalk for RFC 9989.
enum class DiscoveryMethod { psl, treewalk };

/// Why the disposition is not what the policy asks for (PolicyOverrideType of RFC 7489 appendix C; the last
/// one is RFC 9990's).
enum class OverrideType {
    forwarded,
    sampled_out,
    trusted_forwarder,
    mailing_list,
    local_policy,
    other,
    policy_test_mode
};
struct OverrideApplied {
    OverrideType type{};
    std::string comment;
    bool operator==(const OverrideApplied&) const = default;
};

/// One author domain judged; a From field with several domains has several.
struct DomainJudgement {
    std::string author_domain;
    std::string policy_domain;  ///< empty where no policy was found
    DmarcResult result = DmarcResult::none;
    bool spf_aligned = false;  ///< an aligned pass
    bool dkim_aligned = false;
    DiscoveryMethod discovery = DiscoveryMethod::psl;
    Policy requested = Policy::none;              ///< p, sp or np, whichever applies
    bool testing = false;                         ///< t=y asks for one step less (RFC 9989 section 4.7)
    Disposition disposition = Disposition::none;  ///< for this domain, after sampling and overrides
    std::vector<OverrideApplied> overrides;
};

/// One step of the explanation: which rule, and what it saw and said.
struct TraceStep {
    std::string rule;  ///< e.g. "RFC 7489 6.6.2", "RFC 9989 4.10.1", "policy.on_reject"
    std::string text;
    bool operator==(const TraceStep&) const = default;
};

struct Judgement {
    Exemption exemption = Exemption::no;
    DmarcResult result = DmarcResult::none;  ///< over all author domains: the strictest failing one decides
    std::vector<DomainJudgement> domains;
    std::size_t deciding = 0;  ///< index into `domains`; meaningless where that is empty
    Policy requested = Policy::none;
    Disposition disposition = Disposition::none;
    Action action = Action::accept;  ///< accept always, in monitor mode
    std::vector<OverrideApplied> overrides;
    std::vector<TraceStep> trace;
};

/// The settings that a judgement depends on, and only those.
struct JudgeSettings {
    config::DmarcStandard standard{};
    config::PartialBody partial_body{};
    config::PolicySettings policy;
    config::IndirectSettings indirect;
    config::TrustSettings trust;
};
[[nodiscard]] JudgeSettings judge_settings(const config::Settings& settings);

/// Whether a client's messages are judged at all; known at MAIL FROM, so that no evidence is asked for
/// in vain.
[[nodiscard]] Exemption exemption_of(const ClientEvidence& client, const config::TrustSettings& trust);

[[nodiscard]] Judgement judge(const Evidence& evidence, const JudgeSettings& settings);

[[nodiscard]] std::string_view to_string(DmarcResult result) noexcept;
[[nodiscard]] std::string_view to_string(DiscoveryMethod method) noexcept;
[[nodiscard]] std::string_view to_string(Disposition disposition) noexcept;
[[nodiscard]] std::string_view to_string(Action action) noexcept;
[[nodiscard]] std::string_view to_string(Exemption exemption) noexcept;
[[nodiscard]] std::string_view to_string(OverrideType type) noexcept;

}  // namespace defender::auth
