#include "common/auth/evidence_collector.hpp"

#include <algorithm>
#include <mutex>

#include "common/auth/dmarc_discovery.hpp"
#include "common/auth/indirect_mail.hpp"
#include "common/auth/judgement.hpp"
#include "common/auth/spf_check.hpp"
#include "common/base/text.hpp"
#include "common/mail/author.hpp"

namespace defender::auth {
namespace {

// Longest piece of an address, HELO name or reason that is kept in evidence.
constexpr std::size_t kept_octets = 512;
// Addresses of one From field that are kept in evidence; their domains are all kept.
constexpr std::size_t kept_addresses = 32;
// Different domains of one Resent-From field, of which the first is kept in evidence.
constexpr std::size_t kept_resenders = 10;
// Two From fields are enough to know that there is more than one.
constexpr std::size_t kept_from_fields = 2;

bool is_named(const mail::HeaderField& field, std::string_view name) {
    return text::iequals(text::trim(field.name), name);
}

/// The last two labels.
std::string_view tail_of(const DomainName& domain) {
    const std::string_view text = domain.text();
    const auto dot = text.rfind('.');
    if (dot == std::string_view::npos) return text;
    const auto before = text.rfind('.', dot - 1);
    return before == std::string_view::npos ? text : text.substr(before + 1);
}

/// A record longer than what is kept of its text may say something there that the text does not: reports are
/// made of the text.
bool text_says_less(const PolicyEvidence& policy) {
    return policy.outcome == PolicyOutcome::found && policy.record_text.ends_with("...") &&
           parse_dmarc_record(policy.record_text) != policy.record;
}

}  // namespace

/// What comes back in the background. Outlives the collector where an answer is late, so it owns nothing of
/// it.
class EvidenceCollector::Answers {
  public:
    void expect() {
        const std::lock_guard lock(mutex_);
        ++outstanding_;
    }

    void add_spf(SpfEvidence spf) {
        settle([&] { spf_.push_back(std::move(spf)); });
    }

    /// Makes room for `count` policies, so that they stand in the order of the author domains.
    void expect_policies(std::size_t count) {
        const std::lock_guard lock(mutex_);
        policies_.resize(count);
        outstanding_ += count;
    }

    void set_policy(std::size_t index, PolicyEvidence policy) {
        settle([&] { policies_[index] = std::move(policy); });
    }

    /// Something that puts its result elsewhere.
    void done() {
        settle([] {});
    }

    void when_complete(std::function<void()> handler) {
        settle([&] { handler_ = std::move(handler); });
    }

    std::vector<SpfEvidence> take_spf() {
        const std::lock_guard lock(mutex_);
        // mail_from stands before helo, whichever came first.
        std::sort(spf_.begin(), spf_.end(), [](const auto& a, const auto& b) { return a.scope < b.scope; });
        return std::move(spf_);
    }

    std::vector<PolicyEvidence> take_policies() {
        const std::lock_guard lock(mutex_);
        return std::move(policies_);
    }

  private:
    template <typename Change>
    void settle(Change change) {
        std::function<void()> complete;
        {
            const std::lock_guard lock(mutex_);
            change();
            if (--outstanding_ == 0) complete = std::move(handler_);
        }
        if (complete) complete();
    }

    std::mutex mutex_;
    std::size_t outstanding_ = 1;  // the one is when_complete's own
    std::function<void()> handler_;
    std::vector<SpfEvidence> spf_;
    std::vector<PolicyEvidence> policies_;
};

EvidenceCollector::EvidenceCollector(std::shared_ptr<const EvidenceSources> sources, ClientEvidence client)
    : sources_(std::move(sources)), answers_(std::make_shared<Answers>()) {
    evidence_.client = std::move(client);
    evidence_.client.helo = text::printable(evidence_.client.helo, kept_octets);
    evidence_.client.name = text::printable(evidence_.client.name, kept_octets);
    judged_ = exemption_of(evidence_.client, sources_->settings->trust) == Exemption::no;
}

EvidenceCollector::~EvidenceCollector() {
    if (walks_) walks_->abandon();
}

void EvidenceCollector::mail_from(std::string_view address, UtcSeconds received_at) {
    evidence_.received_at = received_at;
    const auto sender = mail::parse_envelope_address(address);
    if (!sender.null_sender) {
        const auto at = sender.domain_text.empty() ? "" : "@";
        evidence_.mail_from = text::printable(sender.local_part + at + sender.domain_text, kept_octets);
        evidence_.rewritten_sender = is_rewritten_sender(sender.local_part);
    }
    if (!judged_) return;
    spf_domain_ = DomainName::parse(sender.null_sender ? evidence_.client.helo : sender.domain_text);
    start_spf(sender);
}

void EvidenceCollector::start_spf(const mail::EnvelopeAddress& sender) {
    const auto& settings = *sources_->settings;
    const auto deadline =
        dns::Clock::now() + std::min(settings.spf.deadline, settings.milter.message_deadline);
    const auto check = [&](SpfIdentity identity) {
        answers_->expect();
        check_spf(*sources_->resolver, std::move(identity), deadline,
                  [answers = answers_](SpfEvidence spf) { answers->add_spf(std::move(spf)); });
    };
    const auto& client = evidence_.client;
    // RFC 7208 section 2.4: the null sender is checked as postmaster at the HELO name, and counts as MAIL
    // FROM.
    if (sender.null_sender) {
        check({SpfScope::mail_from, client.address, client.helo, "postmaster", client.helo});
        return;
    }
    const auto& local_part = sender.local_part.empty() ? std::string("postmaster") : sender.local_part;
    check({SpfScope::mail_from, client.address, client.helo, local_part, sender.domain_text});
    check({SpfScope::helo, client.address, client.helo, "postmaster", client.helo});
}

void EvidenceCollector::reached(std::string_view limit) {
    auto& limits = evidence_.limits_reached;
    if (std::find(limits.begin(), limits.end(), limit) == limits.end()) limits.emplace_back(limit);
}

bool EvidenceCollector::keep(const mail::HeaderField& field) {
    const auto& limits = sources_->settings->limits;
    header_octets_ += field.name.size() + field.value.size();
    ++header_fields_;
    if (header_octets_ > limits.header_octets) reached("limits.header_octets");
    if (header_fields_ > limits.header_fields) reached("limits.header_fields");
    return header_octets_ <= limits.header_octets && header_fields_ <= limits.header_fields;
}

void EvidenceCollector::header(mail::HeaderField field) {
    const bool kept = keep(field);
    // Every From field counts, also behind a limit: a second author must not hide there.
    if (is_named(field, "from") && from_fields_.size() < kept_from_fields) {
        from_fields_.push_back(kept ? field : mail::HeaderField{field.name, ""});
        if (from_fields_.size() == 1) {
            author_ = mail::author_of(from_fields_, sources_->settings->dmarc.max_author_domains);
            if (judged_) start_policy_discovery(author_);
        }
    }
    if (!kept) {
        header_is_whole_ = false;
        return;
    }
    if (is_named(field, "list-id") && evidence_.list_id.empty()) {
        evidence_.list_id = text::printable(mail::parse_list_id(field.value), kept_octets);
    }
    if (is_named(field, "resent-from") && evidence_.resent_from.empty()) {
        const auto resender = mail::parse_from(field.value, kept_resenders);
        if (!resender.domains.empty()) evidence_.resent_from = resender.domains.front().text();
    }
    if (!judged_) return;
    if (!dkim_) start_signatures();
    if (is_named(field, "dkim-signature")) ++signatures_;
    message_.header.push_back(std::move(field));
    dkim_->field_added();
}

void EvidenceCollector::start_signatures() {
    const auto& settings = *sources_->settings;
    const auto deadline = dns::Clock::now() + settings.milter.message_deadline;
    dkim_ = std::make_unique<DkimVerification>(message_, *sources_->keys, *sources_->resolver, settings.dkim,
                                               deadline);
    arc_ = std::make_unique<ArcValidation>(message_, *sources_->keys, *sources_->resolver, settings.arc,
                                           settings.dkim, deadline);
}

void EvidenceCollector::start_policy_discovery(const mail::Author& author) {
    const auto deadline = dns::Clock::now() + sources_->settings->milter.message_deadline;
    answers_->expect_policies(author.domains.size());
    for (std::size_t i = 0; i < author.domains.size(); ++i) {
        discover_dmarc_policy(
            *sources_->resolver, *sources_->suffixes, author.domains[i], deadline,
            [answers = answers_, i](PolicyEvidence policy) { answers->set_policy(i, std::move(policy)); });
    }
    start_tree_walks(author.domains, deadline);
}

void EvidenceCollector::start_tree_walks(const std::vector<DomainName>& authors, dns::Deadline deadline) {
    walks_ = std::make_shared<DmarcWalkLookups>(*sources_->resolver, deadline);
    walks_->add_authors(authors);
    if (spf_domain_) walks_->add_spf(*spf_domain_);
}

/// By the public suffix list; a tree walk may besides find an organization where the list has a suffix.
bool EvidenceCollector::could_align(const DomainName& signing_domain) const {
    const auto& suffixes = *sources_->suffixes;
    const auto organization = suffixes.organizational_domain(signing_domain);
    const bool walk = sources_->settings->dmarc.standard == config::DmarcStandard::rfc9989;
    return std::any_of(author_.domains.begin(), author_.domains.end(), [&](const DomainName& author) {
        return author == signing_domain || suffixes.organizational_domain(author) == organization ||
               (walk && tail_of(author) == tail_of(signing_domain));
    });
}

void EvidenceCollector::end_of_headers() {
    author_ = mail::author_of(from_fields_, sources_->settings->dmarc.max_author_domains);
    if (author_.status == mail::AuthorStatus::too_many_domains) reached("dmarc.max_author_domains");
    if (!judged_) return;
    if (!dkim_) start_signatures();
    // Of those that could align first, as they are the ones that are verified where there are too many.
    std::vector<DomainName> signing_domains;
    std::vector<DomainName> others;
    dkim_->end_of_headers([&](const DomainName& domain) {
        const bool aligned = could_align(domain);
        (aligned ? signing_domains : others).push_back(domain);
        return aligned;
    });
    arc_->end_of_headers();
    if (arc_->too_many_sets()) reached("arc.max_sets");
    if (!arc_->wants_header()) message_.header = {};
    signing_domains.insert(signing_domains.end(), others.begin(), others.end());
    const std::size_t most = sources_->settings->dkim.max_signatures;
    if (signing_domains.size() > most)
        signing_domains.erase(signing_domains.begin() + static_cast<std::ptrdiff_t>(most),
                              signing_domains.end());
    if (walks_) walks_->add_dkim(signing_domains);
}

bool EvidenceCollector::wants_body() const noexcept {
    return message_.body.any_wanted();
}

void EvidenceCollector::body(std::span<const char> octets) {
    if (wants_body()) message_.body.add(octets);
}

void EvidenceCollector::when_all_is_in(std::function<void()> handler) {
    if (dkim_) {
        answers_->expect();
        dkim_->when_keys_are_in([answers = answers_] { answers->done(); });
        answers_->expect();
        arc_->when_keys_are_in([answers = answers_] { answers->done(); });
    }
    if (walks_ && sources_->settings->dmarc.standard == config::DmarcStandard::rfc9989) {
        answers_->expect();
        walks_->when_all_is_in([answers = answers_] { answers->done(); });
    }
    answers_->when_complete(std::move(handler));
}

std::string EvidenceCollector::organizational_domain_of(std::string_view domain) const {
    const auto name = DomainName::parse(domain);
    return name ? sources_->suffixes->organizational_domain(*name).text() : std::string();
}

Evidence EvidenceCollector::take(std::string queue_id, unsigned draw) {
    evidence_.queue_id = std::move(queue_id);
    evidence_.draw = draw;
    evidence_.author_status = author_.status;
    evidence_.author_reason = author_.reason;
    keep_author_addresses();
    evidence_.spf = answers_->take_spf();
    for (auto& spf : evidence_.spf) spf.organizational_domain = organizational_domain_of(spf.domain);
    message_.body.finish();
    if (dkim_) evidence_.dkim = dkim_->finish(evidence_.received_at);
    if (arc_) evidence_.arc = arc_->finish(evidence_.received_at);
    for (auto& dkim : evidence_.dkim) dkim.organizational_domain = organizational_domain_of(dkim.domain);
    // A second From field takes the author away, and with it the policies of the first.
    if (author_.status == mail::AuthorStatus::ok) {
        evidence_.policies = answers_->take_policies();
        take_tree_walks();
    }
    note_limits();
    return std::move(evidence_);
}

void EvidenceCollector::keep_author_addresses() {
    for (const auto& mailbox : author_.mailboxes) {
        if (evidence_.author_addresses.size() == kept_addresses) return reached("record.author_addresses");
        evidence_.author_addresses.push_back(
            text::printable(mailbox.local_part + "@" + mailbox.domain.text(), kept_octets));
    }
}

/// Limits that show in what has come together.
void EvidenceCollector::note_limits() {
    const auto& dkim = evidence_.dkim;
    if (std::any_of(dkim.begin(), dkim.end(), [](const auto& each) { return !each.verified; }))
        reached("dkim.max_signatures");
    if (dkim.size() < signatures_) reached("record.signatures");
    const auto& policies = evidence_.policies;
    if (std::any_of(policies.begin(), policies.end(), text_says_less)) reached("record.policy_text");
}

void EvidenceCollector::take_tree_walks() {
    if (!walks_) return;
    auto found = walks_->answers();
    walks_->abandon();
    evidence_.walked = std::move(found.walked);
    for (auto& policy : evidence_.policies) {
        const auto author = DomainName::parse(policy.author_domain);
        const auto known = author ? found.existence.find(*author) : found.existence.end();
        if (known != found.existence.end()) policy.existence = known->second;
    }
}

std::optional<ArcMessage> EvidenceCollector::take_arc_message() {
    if (!arc_ || !header_is_whole_) return std::nullopt;
    return arc_->take_message();
}

}  // namespace defender::auth
