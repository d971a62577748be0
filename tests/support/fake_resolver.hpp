/// FakeResolver: answers from a table, at once or in rounds that the test lets pass.
///
/// A name that has any entry is nodata for the types it lacks; others are nxdomain. Names below an entry do
/// not make a name exist. In rounds, questions wait until answer_round(), so that a test counts the waits of
/// what it tests. Thread-safety: ask() may be called from any thread while the table stays as it is.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/dns/resolver.hpp"

namespace defender::test {

class FakeResolver : public dns::Resolver {
  public:
    void add_txt(const std::string& name, std::string text) {
        found(name, dns::RecordType::txt).texts.push_back(std::move(text));
    }
    /// A or AAAA, by the address.
    void add_address(const std::string& name, const std::string& address) {
        const auto parsed = IpAddress::parse(address).value();
        const auto type = parsed.is_v4() ? dns::RecordType::a : dns::RecordType::aaaa;
        found(name, type).addresses.push_back(parsed);
    }
    void add_mx(const std::string& name, std::uint16_t preference, std::string host) {
        found(name, dns::RecordType::mx).exchanges.push_back({preference, std::move(host)});
    }
    void add_ptr(const std::string& name, const std::string& target) {
        found(name, dns::RecordType::ptr).names.push_back(dns::question(target, dns::RecordType::ptr).name);
    }
    /// The name is there, whether or not it has records.
    void add_name(const std::string& name) { names_.insert(dns::question(name, dns::RecordType::txt).name); }
    void set_tempfail(const std::string& name, dns::RecordType type, std::string failure = "timeout") {
        auto& answer = found(name, type);
        answer.outcome = dns::Outcome::tempfail;
        answer.failure = std::move(failure);
    }

    /// From now on questions wait for answer_round().
    void hold() { held_ = true; }
    /// Answers what waits, but not what is asked meanwhile. False where nothing waited.
    bool answer_round() {
        return answer_round([](const dns::Question&) { return true; });
    }
    /// As above, for the questions that `choose` picks.
    template <typename Choose>
    bool answer_round(Choose choose) {
        std::vector<Waiting> chosen;
        std::vector<Waiting> left;
        for (auto& waiting : std::exchange(waiting_, {})) {
            (choose(waiting.question) ? chosen : left).push_back(std::move(waiting));
        }
        waiting_ = std::move(left);
        for (const auto& waiting : chosen) waiting.handler(answer(waiting.question));
        return !chosen.empty();
    }
    /// Answers all that waits with a time-out, until nothing waits.
    void time_out() {
        while (!waiting_.empty()) {
            for (const auto& waiting : std::exchange(waiting_, {})) waiting.handler(dns::tempfail("timeout"));
        }
    }

    /// Everything asked so far, in order.
    [[nodiscard]] std::vector<dns::Question> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

    void ask(dns::Question question, dns::Deadline, Handler handler) override {
        {
            const std::lock_guard lock(mutex_);
            asked_.push_back(question);
            if (held_) {
                waiting_.push_back({std::move(question), std::move(handler)});
                return;
            }
        }
        handler(answer(question));
    }

  protected:
    [[nodiscard]] virtual dns::AnswerPtr answer(const dns::Question& question) const {
        const auto known = answers_.find(question);
        if (known != answers_.end()) return std::make_shared<const dns::Answer>(known->second);
        dns::Answer none;
        none.outcome = names_.contains(question.name) ? dns::Outcome::nodata : dns::Outcome::nxdomain;
        return std::make_shared<const dns::Answer>(std::move(none));
    }

  private:
    struct Waiting {
        dns::Question question;
        Handler handler;
    };

    dns::Answer& found(const std::string& name, dns::RecordType type) {
        add_name(name);
        auto& answer = answers_[dns::question(name, type)];
        answer.outcome = dns::Outcome::found;
        return answer;
    }

    mutable std::mutex mutex_;
    bool held_ = false;
    std::set<std::string> names_;
    std::map<dns::Question, dns::Answer> answers_;
    std::vector<dns::Question> asked_;
    std::vector<Waiting> waiting_;
};

}  // namespace defender::test
