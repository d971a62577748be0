/// DmarcWalkLookups: asks for what RFC 9989 needs of one message (dmarc_walk_needs.hpp), as soon as it is
/// known to be needed.
///
/// Each name is asked for once. An author domain's whole walk is asked for at once; the identifiers' walks
/// follow when it is known which of them count.
///
/// Thread-safety: every member from any thread. Answers arrive on the resolver's thread; the object is shared
/// with the questions that are under way, so it lives until the last of them is answered, and asks further
/// questions from their answers alone. Failure: a question that failed is an answer.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "common/auth/dmarc_walk_needs.hpp"
#include "common/dns/resolver.hpp"

namespace defender::auth {

class DmarcWalkLookups : public std::enable_shared_from_this<DmarcWalkLookups> {
  public:
    /// No question outlasts `deadline`.
    DmarcWalkLookups(dns::Resolver& resolver, dns::Deadline deadline)
        : resolver_(resolver), deadline_(deadline) {}

    void add_authors(const std::vector<DomainName>& domains);
    void add_spf(const DomainName& domain);
    void add_dkim(const std::vector<DomainName>& domains);
    /// Calls `handler` once, when all that counts is answered: perhaps before this returns, perhaps on the
    /// resolver's thread. No domain may be added after this.
    void when_all_is_in(std::function<void()> handler);
    /// Asks nothing more, and forgets the handler.
    void abandon();
    /// What has been answered, and what was asked for and is not answered as not_known.
    [[nodiscard]] WalkAnswers answers() const;

  private:
    void add(std::vector<DomainName> WalkSubjects::*kind, const std::vector<DomainName>& domains);
    void go_on(std::unique_lock<std::mutex> lock);
    [[nodiscard]] WalkNeeds not_asked(const WalkNeeds& needs);
    void ask(const WalkNeeds& needs);
    void take_record(const DomainName& domain, const dns::Answer& answer);
    void take_existence(const DomainName& domain, const dns::Answer& answer);

    dns::Resolver& resolver_;
    const dns::Deadline deadline_;
    mutable std::mutex mutex_;
    WalkSubjects subjects_;
    WalkAnswers answers_;
    std::set<DomainName> names_asked_;
    std::set<DomainName> existence_asked_;
    std::function<void()> handler_;
    bool changed_ = false;   ///< since the needs were last found out
    bool going_on_ = false;  ///< some thread is in go_on()
    bool abandoned_ = false;
};

}  // namespace defender::auth
