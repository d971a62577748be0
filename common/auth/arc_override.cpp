#include "common/auth/arc_override.hpp"

#include <algorithm>

#include "common/auth/sealed_results.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t max_comment = 1000;

bool is_among(const std::string& domain, const std::vector<DomainName>& domains) {
    return std::any_of(domains.begin(), domains.end(),
                       [&](const DomainName& one) { return one.text() == domain; });
}

/// Newest first, as many seals as fit.
std::string comment_of(const ArcEvidence& arc) {
    std::string comment = "arc=pass";
    std::string origin;
    if (const auto address = sealed_remote_ip(arc.sets.front().authentication_results))
        origin = " remote-ip[1]=" + address->to_string();
    for (auto set = arc.sets.rbegin(); set != arc.sets.rend(); ++set) {
        const std::string seal = " as[" + std::to_string(set->instance) + "].";
        const auto piece = seal + "d=" + set->seal_domain + seal + "s=" + set->seal_selector;
        if (comment.size() + piece.size() + origin.size() > max_comment) break;
        comment += piece;
    }
    return comment + origin;
}

std::string hop(const ArcSetEvidence& set) {
    return set.seal_domain + " (instance " + std::to_string(set.instance) + ")";
}

}  // namespace

bool newest_sealer_is(const ArcEvidence& arc, const std::vector<DomainName>& domains) {
    return arc.result == ArcResult::pass && !arc.sets.empty() &&
           is_among(arc.sets.back().seal_domain, domains);
}

ArcTrust arc_trust(const ArcEvidence& arc, const std::vector<DomainName>& trusted,
                   std::string_view author_domain) {
    ArcTrust trust;
    if (trusted.empty() || arc.result == ArcResult::none) return trust;
    if (arc.result != ArcResult::pass || arc.sets.empty()) {
        trust.explanation = "arc=" + std::string(to_string(arc.result)) + ": the chain proves nothing";
        return trust;
    }
    auto first = arc.sets.end();
    while (first != arc.sets.begin() && is_among(std::prev(first)->seal_domain, trusted)) --first;
    if (first == arc.sets.end()) {
        trust.explanation = "the last sealer, " + hop(arc.sets.back()) + ", is not trusted";
        return trust;
    }
    for (auto set = first; set != arc.sets.end(); ++set) {
        const auto verdict = sealed_verdict(set->authentication_results, author_domain);
        if (verdict == SealedVerdict::nothing) continue;
        trust.passed = verdict == SealedVerdict::pass;
        trust.explanation = hop(*set) + " is trusted, as all after it, and saw " +
                            std::string(author_domain) + (trust.passed ? " pass" : " fail");
        if (trust.passed) trust.comment = comment_of(arc);
        return trust;
    }
    trust.explanation = "no trusted sealer says anything of " + std::string(author_domain);
    return trust;
}

}  // namespace defender::auth
