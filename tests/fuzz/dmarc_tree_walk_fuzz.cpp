// Any world of DMARC records as tree walks see it. The first line is the author domain, the second another
// identifier; each further one is "domain=text of a TXT record" or "domain!" for a name that fails. Asking
// for what is needed comes to an end within the limits, what is certain has one organizational domain, and an
// answer that was missing makes nothing possible that was not possible before.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/dmarc_tree_walk.hpp"
#include "common/auth/dmarc_walk_needs.hpp"
#include "common/base/text.hpp"

namespace {

using namespace defender;
using namespace defender::auth;

void require(bool holds) {
    if (!holds) std::abort();
}

using World = std::map<std::string, dns::Answer, std::less<>>;

World world_of(const std::vector<std::string_view>& lines) {
    World world;
    for (std::size_t i = 2; i < lines.size(); ++i) {
        const auto end = lines[i].find_first_of("=!");
        if (end == std::string_view::npos) continue;
        auto& answer = world[std::string(lines[i].substr(0, end))];
        const bool fails = lines[i][end] == '!' || !answer.failure.empty();
        answer.outcome = fails ? dns::Outcome::tempfail : dns::Outcome::found;
        if (fails) answer.failure = "failed";
        answer.texts.emplace_back(lines[i].substr(end + 1));
    }
    return world;
}

dns::Answer answer_of(const World& world, const DomainName& domain) {
    const auto known = world.find(domain.text());
    if (known != world.end()) return known->second;
    dns::Answer nothing;
    nothing.outcome = dns::Outcome::nxdomain;
    return nothing;
}

bool is_subset(const std::vector<std::string>& some, const std::vector<std::string>& of) {
    return std::all_of(some.begin(), some.end(), [&](const std::string& one) {
        return std::find(of.begin(), of.end(), one) != of.end();
    });
}

void check_names(const DomainName& start) {
    const auto names = tree_walk_names(start);
    require(!names.empty() && names.size() <= max_walk_names && names.front() == start);
    for (std::size_t i = 1; i < names.size(); ++i) {
        require(names[i - 1].is_within(names[i]) && names[i].label_count() < max_walk_names);
    }
    require(names.back().label_count() == 1);
}

bool certain_until_its_end(const std::vector<WalkedName>& walked, const DomainName& start) {
    for (const auto& domain : tree_walk_names(start)) {
        const auto* name = find_walked(walked, domain.text());
        if (!is_certain(name)) return false;
        if (ends_walk(name)) break;
    }
    return true;
}

void check_organizations(const std::vector<WalkedName>& walked, const DomainName& start) {
    const auto possible = possible_organizational_domains(walked, start);
    require(!possible.empty());
    for (const auto& one : possible) require(start.is_within(DomainName::parse(one).value()));
    if (certain_until_its_end(walked, start)) require(possible.size() == 1);
}

void check_policy(const std::vector<WalkedName>& walked, const DomainName& author) {
    PolicyEvidence evidence;
    evidence.author_domain = author.text();
    const auto policy = tree_walk_policy(walked, evidence);
    if (certain_until_its_end(walked, author)) require(policy.outcome != PolicyOutcome::temperror);
    if (policy.outcome != PolicyOutcome::found) return;
    require(author.is_within(DomainName::parse(policy.policy_domain).value()));
    require(!policy.record_text.empty());
}

/// Answers what is needed, round by round, as the resolver would.
WalkAnswers answer_all(const World& world, const WalkSubjects& subjects) {
    WalkAnswers answers;
    for (unsigned rounds = 0;; ++rounds) {
        const auto needs = walk_needs(subjects, answers);
        if (needs.empty()) return answers;
        require(rounds < 4);
        const auto before = answers.walked;
        for (const auto& domain : needs.names) {
            require(!find_walked(answers.walked, domain.text()));
            add_walked(answers.walked, walked_name(domain, answer_of(world, domain)));
        }
        for (const auto& domain : needs.existence) answers.existence.emplace(domain, DomainExistence::exists);
        require(answers.walked.size() <= 2 * max_walk_names);
        for (const auto& author : subjects.authors) {
            require(is_subset(possible_organizational_domains(answers.walked, author),
                              possible_organizational_domains(before, author)));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 8192) return 0;
    const std::string text(reinterpret_cast<const char*>(data), size);
    const auto lines = text::split(text, '\n');
    const auto author = DomainName::parse(lines[0]);
    const auto identifier = lines.size() > 1 ? DomainName::parse(lines[1]) : std::nullopt;
    if (!author || !identifier) return 0;
    const auto world = world_of(lines);
    const auto answers = answer_all(world, {{*author}, {*identifier}, {*identifier}});
    for (const auto& start : {*author, *identifier}) {
        check_names(start);
        check_organizations(answers.walked, start);
    }
    check_policy(answers.walked, *author);
    auto whole = answers.walked;
    for (const auto& start : {*author, *identifier}) {
        for (const auto& domain : tree_walk_names(start)) {
            if (!find_walked(whole, domain.text()))
                add_walked(whole, walked_name(domain, answer_of(world, domain)));
        }
    }
    const auto by_needs = tree_walk_alignment(answers.walked, identifier->text(), author->text());
    PolicyEvidence evidence;
    evidence.author_domain = author->text();
    const auto policy = tree_walk_policy(whole, evidence);
    // What was left out changes nothing.
    require(tree_walk_policy(answers.walked, evidence).outcome == policy.outcome);
    const bool relaxed = policy.record.spf_alignment == AlignmentMode::relaxed ||
                         policy.record.dkim_alignment == AlignmentMode::relaxed;
    if (policy.outcome == PolicyOutcome::found && relaxed)
        require(by_needs == tree_walk_alignment(whole, identifier->text(), author->text()));
    (void)describe_tree_walk(whole, *author);
    return 0;
}
