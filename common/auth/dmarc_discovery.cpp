#include "common/auth/dmarc_discovery.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "common/base/text.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t max_record_text = 4096;

std::string record_name(const std::string& domain) {
    return "_dmarc." + domain;
}

bool claims_dmarc(const std::string& text) {
    return is_dmarc_record(text);
}

std::ptrdiff_t dmarc_records(const dns::Answer& answer) {
    return std::count_if(answer.texts.begin(), answer.texts.end(), claims_dmarc);
}

/// A certain answer that holds no DMARC record, so that another name may be asked.
bool publishes_nothing(const dns::Answer& answer) {
    return answer.outcome != dns::Outcome::tempfail && dmarc_records(answer) == 0;
}

/// Steps 4 to 6 of RFC 7489 section 6.6.3, for the answer that counts.
void conclude(PolicyEvidence& evidence, const std::string& domain, const dns::Answer& answer) {
    if (answer.outcome == dns::Outcome::tempfail) {
        evidence.outcome = PolicyOutcome::temperror;
        evidence.failure =
            text::printable("TXT " + record_name(domain) + ": " + answer.failure, max_record_text);
        return;
    }
    const auto count = dmarc_records(answer);
    if (count == 0) return;
    if (count > 1) {
        evidence.failure = std::to_string(count) + " DMARC records at " + record_name(domain);
        return;
    }
    const auto& published = *std::find_if(answer.texts.begin(), answer.texts.end(), claims_dmarc);
    auto record = parse_dmarc_record(published);
    if (!record) {
        evidence.failure = "the DMARC record at " + record_name(domain) + " is not valid";
        return;
    }
    evidence.outcome = PolicyOutcome::found;
    evidence.policy_domain = domain;
    evidence.record_text = text::printable(published, max_record_text);
    evidence.record = std::move(*record);
}

/// Both answers of one search, which may arrive in any order and on different threads.
class Search {
  public:
    Search(PolicyEvidence evidence, std::function<void(PolicyEvidence)> handler)
        : evidence_(std::move(evidence)), handler_(std::move(handler)) {}

    void author_answered(dns::AnswerPtr answer) { answered(author_, std::move(answer)); }
    void organization_answered(dns::AnswerPtr answer) { answered(organization_, std::move(answer)); }

  private:
    void answered(dns::AnswerPtr& place, dns::AnswerPtr answer) {
        std::unique_lock lock(mutex_);
        place = std::move(answer);
        if (!handler_ || !conclude_if_certain()) return;
        const auto handler = std::exchange(handler_, nullptr);
        auto evidence = std::move(evidence_);
        lock.unlock();
        handler(std::move(evidence));
    }

    bool conclude_if_certain() {
        if (!author_) return false;
        const bool one_question = evidence_.organizational_domain == evidence_.author_domain;
        if (one_question || !publishes_nothing(*author_)) {
            conclude(evidence_, evidence_.author_domain, *author_);
            return true;
        }
        if (!organization_) return false;
        conclude(evidence_, evidence_.organizational_domain, *organization_);
        return true;
    }

    std::mutex mutex_;
    PolicyEvidence evidence_;
    std::function<void(PolicyEvidence)> handler_;
    dns::AnswerPtr author_;
    dns::AnswerPtr organization_;
};

}  // namespace

void discover_dmarc_policy(dns::Resolver& resolver, const PublicSuffixList& suffixes,
                           const DomainName& author_domain, dns::Deadline deadline,
                           std::function<void(PolicyEvidence)> handler) {
    PolicyEvidence evidence;
    evidence.author_domain = author_domain.text();
    evidence.organizational_domain = suffixes.organizational_domain(author_domain).text();
    const auto author_name = record_name(evidence.author_domain);
    const auto organization_name = record_name(evidence.organizational_domain);
    const auto search = std::make_shared<Search>(std::move(evidence), std::move(handler));
    resolver.ask(dns::question(author_name, dns::RecordType::txt), deadline,
                 [search](dns::AnswerPtr answer) { search->author_answered(std::move(answer)); });
    if (organization_name == author_name) return;
    resolver.ask(dns::question(organization_name, dns::RecordType::txt), deadline,
                 [search](dns::AnswerPtr answer) { search->organization_answered(std::move(answer)); });
}

}  // namespace defender::auth
