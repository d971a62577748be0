#include "common/auth/dmarc_tree_walk.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t max_record_text = 4096;

std::string record_name(std::string_view domain) {
    return "_dmarc." + std::string(domain);
}

void add(std::vector<std::string>& domains, const std::string& domain) {
    if (std::find(domains.begin(), domains.end(), domain) == domains.end()) domains.push_back(domain);
}

/// The ancestor of `start` that is one label longer than `suffix`, which is above it.
std::string one_label_below(const DomainName& start, const DomainName& suffix) {
    auto below = start;
    for (auto up = below.parent(); up && *up != suffix; up = below.parent()) below = *up;
    return below.text();
}

PublicSuffixFlag flag_of(const WalkedName* name) noexcept {
    return has_record(name) ? name->record.public_suffix : PublicSuffixFlag::unknown;
}

std::string why_not_certain(const WalkedName* name, const DomainName& domain) {
    const auto question = "TXT " + record_name(domain.text());
    if (!name || name->answer == WalkAnswer::not_known) return question + ": the answer was not waited for";
    return question + ": " + name->failure;
}

void apply_record(PolicyEvidence& policy, const WalkedName& name) {
    if (name.answer == WalkAnswer::record_without_policy) {
        policy.failure = "the DMARC record at " + record_name(name.domain) + " gives no policy";
        return;
    }
    policy.outcome = PolicyOutcome::found;
    policy.policy_domain = name.domain;
    policy.record_text = name.record_text;
    policy.record = name.record;
    policy.failure.clear();
}

/// The first name of the walk that is not certain and that the walk comes to.
std::optional<DomainName> first_unsure(std::span<const WalkedName> walked,
                                       const std::vector<DomainName>& names) {
    for (const auto& domain : names) {
        const auto* name = find_walked(walked, domain.text());
        if (!is_certain(name)) return domain;
        if (ends_walk(name)) break;
    }
    return std::nullopt;
}

/// The record of the public suffix that the walk ended at, if it did.
const WalkedName* public_suffix_record(std::span<const WalkedName> walked,
                                       const std::vector<DomainName>& names) {
    for (const auto& domain : names) {
        const auto* name = find_walked(walked, domain.text());
        if (ends_walk(name)) return flag_of(name) == PublicSuffixFlag::yes ? name : nullptr;
    }
    return nullptr;
}

/// For a walk of which everything is certain, and whose first name has no record.
void apply_walk(PolicyEvidence& policy, std::span<const WalkedName> walked,
                const std::vector<DomainName>& names) {
    const auto* organization = find_walked(walked, policy.organizational_domain);
    if (has_record(organization)) return apply_record(policy, *organization);
    if (const auto* suffix = public_suffix_record(walked, names)) return apply_record(policy, *suffix);
    const auto* own = find_walked(walked, policy.author_domain);
    if (own) policy.failure = own->failure;
}

void give_up(PolicyEvidence& policy, std::string failure) {
    policy.outcome = PolicyOutcome::temperror;
    policy.failure = std::move(failure);
}

}  // namespace

std::vector<DomainName> tree_walk_names(const DomainName& start) {
    std::vector<DomainName> names;
    names.reserve(max_walk_names);
    names.push_back(start);
    auto next = start.parent();
    while (next && next->label_count() >= max_walk_names) next = next->parent();
    for (; next; next = names.back().parent()) names.push_back(std::move(*next));
    return names;
}

WalkedName walked_name(const DomainName& domain, const dns::Answer& answer) {
    WalkedName name;
    name.domain = domain.text();
    if (answer.outcome == dns::Outcome::tempfail) {
        name.answer = WalkAnswer::failed;
        name.failure = text::printable(answer.failure, max_record_text);
        return name;
    }
    name.answer = WalkAnswer::nothing;
    const auto& texts = answer.texts;
    const auto count = std::count_if(texts.begin(), texts.end(), is_dmarc_record);
    if (count == 0) return name;
    const auto& published = *std::find_if(texts.begin(), texts.end(), is_dmarc_record);
    auto read = read_dmarc_record(published, config::DmarcStandard::rfc9989);
    if (count > 1 || !read) {
        name.answer = WalkAnswer::discarded;
        const auto where = " at " + record_name(name.domain);
        name.failure = count > 1 ? std::to_string(count) + " DMARC records" + where
                                 : "the DMARC record" + where + " is not valid";
        return name;
    }
    name.answer = read->gives_policy ? WalkAnswer::record : WalkAnswer::record_without_policy;
    name.record_text = text::printable(published, max_record_text);
    name.record = std::move(read->record);
    return name;
}

const WalkedName* find_walked(std::span<const WalkedName> walked, std::string_view domain) noexcept {
    const auto found = std::lower_bound(
        walked.begin(), walked.end(), domain,
        [](const WalkedName& name, std::string_view wanted) { return name.domain < wanted; });
    return found == walked.end() || found->domain != domain ? nullptr : &*found;
}

void add_walked(std::vector<WalkedName>& walked, WalkedName name) {
    const auto place = std::lower_bound(
        walked.begin(), walked.end(), name,
        [](const WalkedName& one, const WalkedName& other) { return one.domain < other.domain; });
    walked.insert(place, std::move(name));
}

bool is_certain(const WalkedName* name) noexcept {
    return name && name->answer != WalkAnswer::failed && name->answer != WalkAnswer::not_known;
}

bool has_record(const WalkedName* name) noexcept {
    return name && (name->answer == WalkAnswer::record || name->answer == WalkAnswer::record_without_policy);
}

bool ends_walk(const WalkedName* name) noexcept {
    return flag_of(name) != PublicSuffixFlag::unknown;
}

std::vector<std::string> possible_organizational_domains(std::span<const WalkedName> walked,
                                                         const DomainName& start) {
    std::vector<std::string> possible;
    std::vector<std::string> fewest_labels{start.text()};  // of the names with a record so far
    for (const auto& domain : tree_walk_names(start)) {
        const auto* name = find_walked(walked, domain.text());
        const bool unsure = !is_certain(name);
        const bool suffix = domain != start && (unsure || flag_of(name) == PublicSuffixFlag::yes);
        // psd=y does not count where the walk starts, though it ends it: the domain is its own organization.
        if (suffix) add(possible, one_label_below(start, domain));
        if (unsure || (ends_walk(name) && !suffix)) add(possible, domain.text());
        if (unsure) {
            add(fewest_labels, domain.text());
        } else if (ends_walk(name)) {
            return possible;
        } else if (has_record(name)) {
            fewest_labels = {domain.text()};
        }
    }
    for (const auto& domain : fewest_labels) add(possible, domain);
    return possible;
}

PolicyEvidence tree_walk_policy(std::span<const WalkedName> walked, const PolicyEvidence& author) {
    PolicyEvidence policy;
    policy.author_domain = author.author_domain;
    policy.existence = author.existence;
    const auto start = DomainName::parse(author.author_domain);
    if (!start) {
        give_up(policy, "the author domain is no domain name");
        return policy;
    }
    const auto names = tree_walk_names(*start);
    const auto organizations = possible_organizational_domains(walked, *start);
    if (organizations.size() == 1) policy.organizational_domain = organizations.front();
    const auto* own = find_walked(walked, start->text());
    if (has_record(own)) {
        apply_record(policy, *own);
    } else if (const auto unsure = first_unsure(walked, names)) {
        give_up(policy, why_not_certain(find_walked(walked, unsure->text()), *unsure));
    } else {
        apply_walk(policy, walked, names);
    }
    return policy;
}

AlignmentResult tree_walk_alignment(std::span<const WalkedName> walked, std::string_view domain,
                                    std::string_view author_domain) {
    if (domain.empty() || author_domain.empty()) return AlignmentResult::no;
    if (domain == author_domain) return AlignmentResult::yes;
    const auto identifier = DomainName::parse(domain);
    const auto author = DomainName::parse(author_domain);
    if (!identifier || !author) return AlignmentResult::no;
    const auto ours = possible_organizational_domains(walked, *author);
    const auto theirs = possible_organizational_domains(walked, *identifier);
    const bool may_meet = std::any_of(theirs.begin(), theirs.end(), [&](const std::string& one) {
        return std::find(ours.begin(), ours.end(), one) != ours.end();
    });
    if (!may_meet) return AlignmentResult::no;
    return ours.size() == 1 && theirs.size() == 1 ? AlignmentResult::yes : AlignmentResult::not_known;
}

std::string describe_tree_walk(std::span<const WalkedName> walked, const DomainName& start) {
    std::string text;
    for (const auto& domain : tree_walk_names(start)) {
        const auto* name = find_walked(walked, domain.text());
        const auto answer = name ? name->answer : WalkAnswer::not_known;
        auto said = domain.text() + ' ' + std::string(to_string(answer));
        std::replace(said.begin(), said.end(), '_', ' ');
        text += (text.empty() ? "" : ", ") + said;
        if (ends_walk(name)) return text + " (psd=" + std::string(to_string(flag_of(name))) + " ends it)";
    }
    return text;
}

}  // namespace defender::auth
