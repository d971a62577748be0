#include "common/auth/dmarc_walk_lookups.hpp"

#include <algorithm>
#include <utility>

#include "common/auth/dmarc_tree_walk.hpp"

namespace defender::auth {

void DmarcWalkLookups::add_authors(const std::vector<DomainName>& domains) {
    add(&WalkSubjects::authors, domains);
}

void DmarcWalkLookups::add_spf(const DomainName& domain) {
    add(&WalkSubjects::spf, {domain});
}

void DmarcWalkLookups::add_dkim(const std::vector<DomainName>& domains) {
    add(&WalkSubjects::dkim, domains);
}

void DmarcWalkLookups::add(std::vector<DomainName> WalkSubjects::*kind,
                           const std::vector<DomainName>& domains) {
    std::unique_lock lock(mutex_);
    auto& known = subjects_.*kind;
    for (const auto& domain : domains) {
        if (std::find(known.begin(), known.end(), domain) == known.end()) known.push_back(domain);
    }
    go_on(std::move(lock));
}

void DmarcWalkLookups::when_all_is_in(std::function<void()> handler) {
    std::unique_lock lock(mutex_);
    handler_ = std::move(handler);
    go_on(std::move(lock));
}

void DmarcWalkLookups::abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    handler_ = nullptr;
}

/// Asks for what is needed now, or says that nothing is. The lock is let go while asking: an answer that the
/// cache holds comes back meanwhile. One thread at a time is in the loop, and what comes meanwhile is left
/// for it, so that the needs are found out once for all the names that were asked for together.
void DmarcWalkLookups::go_on(std::unique_lock<std::mutex> lock) {
    changed_ = true;
    if (std::exchange(going_on_, true)) return;
    std::function<void()> handler;
    while (!abandoned_ && std::exchange(changed_, false)) {
        const auto needs = walk_needs(subjects_, answers_);
        if (needs.empty()) {
            handler = std::exchange(handler_, nullptr);
            break;
        }
        const auto to_ask = not_asked(needs);
        lock.unlock();
        ask(to_ask);
        lock.lock();
    }
    going_on_ = false;
    lock.unlock();
    if (handler) handler();
}

WalkNeeds DmarcWalkLookups::not_asked(const WalkNeeds& needs) {
    WalkNeeds to_ask;
    for (const auto& domain : needs.names) {
        if (names_asked_.insert(domain).second) to_ask.names.push_back(domain);
    }
    for (const auto& domain : needs.existence) {
        if (existence_asked_.insert(domain).second) to_ask.existence.push_back(domain);
    }
    return to_ask;
}

void DmarcWalkLookups::ask(const WalkNeeds& needs) {
    const auto self = shared_from_this();
    for (const auto& domain : needs.names) {
        resolver_.ask(dns::question("_dmarc." + domain.text(), dns::RecordType::txt), deadline_,
                      [self, domain](const dns::AnswerPtr& answer) { self->take_record(domain, *answer); });
    }
    // Any type would do: what counts is whether the answer is NXDOMAIN.
    for (const auto& domain : needs.existence) {
        resolver_.ask(
            dns::question(domain.text(), dns::RecordType::txt), deadline_,
            [self, domain](const dns::AnswerPtr& answer) { self->take_existence(domain, *answer); });
    }
}

void DmarcWalkLookups::take_record(const DomainName& domain, const dns::Answer& answer) {
    auto name = walked_name(domain, answer);
    std::unique_lock lock(mutex_);
    add_walked(answers_.walked, std::move(name));
    go_on(std::move(lock));
}

void DmarcWalkLookups::take_existence(const DomainName& domain, const dns::Answer& answer) {
    auto existence = DomainExistence::exists;
    if (answer.outcome == dns::Outcome::tempfail) existence = DomainExistence::failed;
    if (answer.outcome == dns::Outcome::nxdomain) existence = DomainExistence::does_not_exist;
    std::unique_lock lock(mutex_);
    answers_.existence.emplace(domain, existence);
    go_on(std::move(lock));
}

WalkAnswers DmarcWalkLookups::answers() const {
    const std::lock_guard lock(mutex_);
    auto all = answers_;
    for (const auto& domain : names_asked_) {
        if (find_walked(all.walked, domain.text())) continue;
        WalkedName name;
        name.domain = domain.text();
        add_walked(all.walked, std::move(name));
    }
    return all;
}

}  // namespace defender::auth
