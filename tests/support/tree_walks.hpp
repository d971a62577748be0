/// TreeWalks: what tree walks came by in a world of given DMARC records, for tests of RFC 9989.
///
/// A name that was not given holds nothing. Thread-safety: a plain value.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/auth/dmarc_tree_walk.hpp"

namespace defender::tests {

class TreeWalks {
  public:
    /// One more record at _dmarc.`domain`.
    TreeWalks& record(const std::string& domain, std::string text) {
        auto& answer = answers_[domain];
        answer.outcome = dns::Outcome::found;
        answer.texts.push_back(std::move(text));
        return *this;
    }
    TreeWalks& fails(const std::string& domain) {
        auto& answer = answers_[domain];
        answer.outcome = dns::Outcome::tempfail;
        answer.failure = "SERVFAIL";
        return *this;
    }
    /// Asked for, and nothing waited for the answer.
    TreeWalks& open(const std::string& domain) {
        open_.push_back(domain);
        return *this;
    }

    /// The names of all the walks that start at these domains.
    [[nodiscard]] std::vector<auth::WalkedName> from(const std::vector<std::string>& starts) const {
        std::vector<auth::WalkedName> walked;
        for (const auto& start : starts) {
            for (const auto& domain : auth::tree_walk_names(DomainName::parse(start).value())) {
                if (!auth::find_walked(walked, domain.text())) auth::add_walked(walked, name_of(domain));
            }
        }
        return walked;
    }

  private:
    [[nodiscard]] auth::WalkedName name_of(const DomainName& domain) const {
        for (const auto& open : open_) {
            if (open != domain.text()) continue;
            auth::WalkedName name;
            name.domain = open;
            return name;
        }
        dns::Answer nothing;
        nothing.outcome = dns::Outcome::nxdomain;
        const auto known = answers_.find(domain.text());
        return auth::walked_name(domain, known == answers_.end() ? nothing : known->second);
    }

    std::map<std::string, dns::Answer> answers_;
    std::vector<std::string> open_;
};

}  // namespace defender::tests
