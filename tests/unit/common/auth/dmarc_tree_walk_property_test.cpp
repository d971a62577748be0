// What holds in every world of DMARC records: the steps of RFC 9989 section 4.10 followed one by one, as they
// are written there, come to the same names, organizational domains and policies; and what an answer that is
// missing leaves possible holds what it would have made certain.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/base/text.hpp"
#include "tests/support/tree_walks.hpp"

namespace defender::auth {
namespace {

using tests::TreeWalks;

enum class Holds { nothing, record, psd_y, psd_n, two, invalid, no_policy };

/// What stands where; names that are not listed hold nothing.
using Records = std::map<std::string, Holds>;

std::string join(const std::vector<std::string>& labels) {
    std::string name;
    for (const auto& label : labels) name += (name.empty() ? "" : ".") + label;
    return name;
}

struct Followed {
    std::vector<std::string> asked;
    std::string organization;
    std::string policy_domain;  ///< empty: none
};

bool is_record(Holds holds) {
    return holds == Holds::record || holds == Holds::psd_y || holds == Holds::psd_n ||
           holds == Holds::no_policy;
}

Holds at(const Records& records, const std::string& name) {
    const auto known = records.find(name);
    return known == records.end() ? Holds::nothing : known->second;
}

/// Steps 1 to 7.
std::vector<std::string> walk(const Records& records, const std::string& start) {
    std::vector<std::string> labels;
    for (const auto label : text::split(start, '.')) labels.emplace_back(label);
    std::vector<std::string> asked;
    const auto ask = [&] {
        asked.push_back(join(labels));
        const auto holds = at(records, asked.back());
        return holds == Holds::psd_y || holds == Holds::psd_n;
    };
    if (ask()) return asked;
    if (labels.size() < 8) {
        labels.erase(labels.begin());
    } else {
        while (labels.size() > 7) labels.erase(labels.begin());
    }
    while (!labels.empty()) {
        if (ask()) return asked;
        labels.erase(labels.begin());
    }
    return asked;
}

std::string below(const std::string& start, const std::string& suffix) {
    const auto rest = start.substr(0, start.size() - suffix.size() - 1);
    const auto dot = rest.rfind('.');
    return start.substr(dot == std::string::npos ? 0 : dot + 1);
}

/// Section 4.10.2, rules 1 to 3.
std::string organization(const Records& records, const std::vector<std::string>& asked) {
    const auto& start = asked.front();
    for (const auto& name : asked) {
        if (at(records, name) == Holds::psd_n) return name;
        if (at(records, name) == Holds::psd_y && name != start) return below(start, name);
    }
    for (auto name = asked.rbegin(); name != asked.rend(); ++name) {
        if (is_record(at(records, *name))) return *name;
    }
    return start;
}

/// Section 4.10.1.
Followed follow(const Records& records, const std::string& start) {
    Followed followed;
    followed.asked = walk(records, start);
    followed.organization = organization(records, followed.asked);
    std::vector<std::string> preferred{start};
    if (std::find(followed.asked.begin(), followed.asked.end(), followed.organization) !=
        followed.asked.end())
        preferred.push_back(followed.organization);
    if (at(records, followed.asked.back()) == Holds::psd_y) preferred.push_back(followed.asked.back());
    for (const auto& name : preferred) {
        if (!is_record(at(records, name))) continue;
        if (at(records, name) != Holds::no_policy) followed.policy_domain = name;
        break;
    }
    return followed;
}

void add(TreeWalks& world, const std::string& name, Holds holds) {
    switch (holds) {
        case Holds::nothing:
            break;
        case Holds::record:
            world.record(name, "v=DMARC1; p=reject");
            break;
        case Holds::psd_y:
            world.record(name, "v=DMARC1; p=none; psd=y");
            break;
        case Holds::psd_n:
            world.record(name, "v=DMARC1; p=quarantine; psd=n");
            break;
        case Holds::two:
            world.record(name, "v=DMARC1; p=reject; psd=n").record(name, "v=DMARC1; p=none; psd=y");
            break;
        case Holds::invalid:
            world.record(name, "v=DMARC1; p=reject; psd=n; p=reject");
            break;
        case Holds::no_policy:
            world.record(name, "v=DMARC1; p=bogus");
            break;
    }
}

class DmarcTreeWalkProperty : public ::testing::Test {
  protected:
    unsigned below(unsigned limit) { return std::uniform_int_distribution<unsigned>(0, limit - 1)(engine_); }

    std::string random_start() {
        std::string name = "com";
        for (unsigned labels = below(12); labels > 0; --labels) name.insert(0, below(2) ? "a." : "b.");
        return name;
    }
    Records random_records(const std::string& start) {
        Records records;
        for (auto name = DomainName::parse(start); name; name = name->parent()) {
            if (below(3) == 0) records[name->text()] = static_cast<Holds>(below(7));
        }
        return records;
    }

    const unsigned seed_ = std::random_device{}();
    std::mt19937 engine_{seed_};
};

TEST_F(DmarcTreeWalkProperty, FollowingTheStepsComesToTheSame) {
    for (int round = 0; round < 5000; ++round) {
        const auto start = random_start();
        const auto records = random_records(start);
        TreeWalks world;
        for (const auto& [name, holds] : records) add(world, name, holds);
        const auto walked = world.from({start});
        const auto wanted = follow(records, start);
        const auto possible = possible_organizational_domains(walked, DomainName::parse(start).value());
        ASSERT_EQ(possible, std::vector<std::string>{wanted.organization}) << start << ", seed " << seed_;
        PolicyEvidence author;
        author.author_domain = start;
        const auto policy = tree_walk_policy(walked, author);
        ASSERT_EQ(policy.policy_domain, wanted.policy_domain) << start << ", seed " << seed_;
        ASSERT_EQ(policy.organizational_domain, wanted.organization) << start << ", seed " << seed_;
        ASSERT_LE(wanted.asked.size(), max_walk_names);
    }
}

TEST_F(DmarcTreeWalkProperty, AMissingAnswerLeavesPossibleWhatItWouldHaveMadeCertain) {
    for (int round = 0; round < 5000; ++round) {
        const auto start = random_start();
        const auto records = random_records(start);
        TreeWalks hidden;
        for (const auto& [name, holds] : records) add(hidden, name, holds);
        for (const auto& name : tree_walk_names(DomainName::parse(start).value())) {
            if (below(4) == 0) hidden.open(name.text());
        }
        const auto possible =
            possible_organizational_domains(hidden.from({start}), DomainName::parse(start).value());
        const auto certain = follow(records, start).organization;
        ASSERT_NE(std::find(possible.begin(), possible.end(), certain), possible.end())
            << start << ", seed " << seed_;
    }
}

}  // namespace
}  // namespace defender::auth
