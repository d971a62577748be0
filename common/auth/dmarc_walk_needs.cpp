#include "common/auth/dmarc_walk_needs.hpp"

#include <algorithm>
#include <optional>

#include "common/auth/dmarc_tree_walk.hpp"

namespace defender::auth {
namespace {

/// The names of one walk that are not answered yet and that it may come to.
std::vector<DomainName> open_names(const DomainName& start, const WalkAnswers& answers) {
    std::vector<DomainName> open;
    for (const auto& domain : tree_walk_names(start)) {
        const auto* name = find_walked(answers.walked, domain.text());
        if (!name) open.push_back(domain);
        if (ends_walk(name)) break;
    }
    return open;
}

void need(std::vector<DomainName>& needed, const std::vector<DomainName>& more) {
    for (const auto& domain : more) {
        if (std::find(needed.begin(), needed.end(), domain) == needed.end()) needed.push_back(domain);
    }
}

bool share_top_level(const DomainName& a, const DomainName& b) {
    const auto top_of = [](const DomainName& name) {
        return std::string_view(name.text()).substr(name.text().rfind('.') + 1);
    };
    return top_of(a) == top_of(b);
}

bool is_within_any(const DomainName& identifier, const std::vector<std::string>& organizations) {
    return std::any_of(organizations.begin(), organizations.end(), [&](const std::string& organization) {
        const auto name = DomainName::parse(organization);
        return name && identifier.is_within(*name);
    });
}

/// First what the author's organizational domain takes, then the identifiers that may have the same.
void need_identifiers(WalkNeeds& needs, const DomainName& author, const std::vector<DomainName>& identifiers,
                      const WalkAnswers& answers) {
    const bool any = std::any_of(identifiers.begin(), identifiers.end(), [&](const DomainName& identifier) {
        return identifier != author && share_top_level(identifier, author);
    });
    if (!any) return;
    const auto open = open_names(author, answers);
    if (!open.empty()) return need(needs.names, open);
    const auto organizations = possible_organizational_domains(answers.walked, author);
    for (const auto& identifier : identifiers) {
        if (identifier != author && is_within_any(identifier, organizations))
            need(needs.names, open_names(identifier, answers));
    }
}

/// Nothing where it is still open which policy applies.
std::optional<PolicyEvidence> policy_of(const DomainName& author, const WalkAnswers& answers) {
    const auto* own = find_walked(answers.walked, author.text());
    if (!own || (!has_record(own) && !open_names(author, answers).empty())) return std::nullopt;
    PolicyEvidence evidence;
    evidence.author_domain = author.text();
    return tree_walk_policy(answers.walked, evidence);
}

void need_author(WalkNeeds& needs, const DomainName& author, const WalkSubjects& subjects,
                 const WalkAnswers& answers) {
    const auto policy = policy_of(author, answers);
    if (!policy) return need(needs.names, open_names(author, answers));
    if (policy->outcome != PolicyOutcome::found) return;
    const auto& record = policy->record;
    const bool below = policy->policy_domain != author.text();
    if (below && record.nonexistent_policy && !answers.existence.contains(author))
        need(needs.existence, {author});
    if (record.spf_alignment == AlignmentMode::relaxed)
        need_identifiers(needs, author, subjects.spf, answers);
    if (record.dkim_alignment == AlignmentMode::relaxed)
        need_identifiers(needs, author, subjects.dkim, answers);
}

}  // namespace

WalkNeeds walk_needs(const WalkSubjects& subjects, const WalkAnswers& answers) {
    WalkNeeds needs;
    for (const auto& author : subjects.authors) need_author(needs, author, subjects, answers);
    return needs;
}

}  // namespace defender::auth
