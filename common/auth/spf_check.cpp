#include "common/auth/spf_check.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "common/auth/spf_engine.hpp"
#include "common/auth/spf_lookahead.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

// What the look-ahead may ask. 10 "mx" of 10 exchanges and the client's 10 names are 122 questions; what the
// engine itself misses is asked in any case, and its own limits bound that.
constexpr std::size_t max_ahead = 128;
constexpr std::size_t max_failure_octets = 300;
// Of what stands in a domain's place and is none.
constexpr std::size_t max_shown_octets = 255;

class SpfCheck : public std::enable_shared_from_this<SpfCheck> {
  public:
    SpfCheck(dns::Resolver& resolver, const SpfIdentity& identity, std::string domain, dns::Deadline deadline,
             std::function<void(SpfEvidence)> handler)
        : resolver_(resolver),
          deadline_(deadline),
          handler_(std::move(handler)),
          scope_(identity.scope),
          lookups_(identity, std::move(domain)),
          lacked_{dns::question(lookups_.domain(), dns::RecordType::txt)} {}

    // Works off what has arrived and asks what follows from it. One thread at a time is in the loop; answers
    // that arrive meanwhile, on other threads or from within ask(), are left for it, so that nothing
    // recurses.
    void advance() {
        std::unique_lock lock(mutex_);
        if (std::exchange(advancing_, true)) return;
        while (!done_) {
            for (auto& [question, answer] : std::exchange(arrived_, {}))
                lookups_.add(question, std::move(answer));
            note_ahead();
            if (to_ask_.empty()) {
                if (auto evidence = evaluate()) {
                    done_ = true;
                    lock.unlock();
                    handler_(std::move(*evidence));
                    return;
                }
                if (to_ask_.empty() && arrived_.empty()) break;
            }
            ask_new(lock);
        }
        advancing_ = false;
    }

  private:
    void on_answer(const dns::Question& question, dns::AnswerPtr answer) {
        {
            const std::lock_guard lock(mutex_);
            arrived_.emplace_back(question, std::move(answer));
        }
        advance();
    }

    // Runs the engine where what it lacked has come, and notes what it lacks now. To be called when there is
    // nothing to ask ahead: what is in the cache is there by then, and the engine runs once.
    std::optional<SpfEvidence> evaluate() {
        const auto is_known = [this](const auto& question) { return lookups_.knows(question); };
        if (!std::all_of(lacked_.begin(), lacked_.end(), is_known)) return std::nullopt;
        try {
            auto run = run_spf_engine(lookups_);
            if (run.verdict) return evidence(std::move(*run.verdict));
            lacked_ = std::move(run.missing);
        } catch (const std::exception& error) {
            SpfVerdict verdict;
            verdict.result = SpfResult::temperror;
            verdict.reason = text::printable(error.what(), max_failure_octets);
            return evidence(std::move(verdict));
        }
        for (const auto& question : lacked_) note(question);
        return std::nullopt;
    }

    void note_ahead() {
        for (const auto& question : questions_ahead(lookups_)) {
            if (asked_.size() < max_ahead) note(question);
        }
    }

    void note(const dns::Question& question) {
        if (asked_.insert(question).second) to_ask_.push_back(question);
    }

    void ask_new(std::unique_lock<std::mutex>& lock) {
        const auto questions = std::exchange(to_ask_, {});
        lock.unlock();
        for (const auto& question : questions) {
            resolver_.ask(question, deadline_, [self = shared_from_this(), question](dns::AnswerPtr answer) {
                self->on_answer(question, std::move(answer));
            });
        }
        lock.lock();
    }

    SpfEvidence evidence(SpfVerdict verdict) const {
        SpfEvidence made;
        made.scope = scope_;
        made.domain = lookups_.domain();
        made.result = verdict.result;
        made.reason = std::move(verdict.reason);
        made.terms = verdict.terms;
        made.void_lookups = verdict.void_lookups;
        // A failed look-up for "ptr" is passed over, but not where it failed because time was up
        // (section 4.6.4).
        if (verdict.skipped_failure && dns::Clock::now() >= deadline_) {
            made.result = SpfResult::temperror;
            made.reason = "timeout asking for the client's name";
        }
        return made;
    }

    dns::Resolver& resolver_;
    const dns::Deadline deadline_;
    const std::function<void(SpfEvidence)> handler_;
    const SpfScope scope_;

    std::mutex mutex_;
    bool advancing_ = false;
    bool done_ = false;
    std::vector<std::pair<dns::Question, dns::AnswerPtr>> arrived_;
    SpfLookups lookups_;
    MissingQuestions lacked_;  // without these the engine cannot go on
    std::set<dns::Question> asked_;
    MissingQuestions to_ask_;
};

}  // namespace

void check_spf(dns::Resolver& resolver, SpfIdentity identity, dns::Deadline deadline,
               std::function<void(SpfEvidence)> handler) {
    auto domain = initial_spf_domain(identity.domain);
    if (!domain) {
        SpfEvidence evidence;
        evidence.scope = identity.scope;
        evidence.domain = text::printable(identity.domain, max_shown_octets);
        evidence.reason = "not a multi-label domain name";
        handler(std::move(evidence));
        return;
    }
    std::make_shared<SpfCheck>(resolver, identity, std::move(*domain), deadline, std::move(handler))
        ->advance();
}

}  // namespace defender::auth
