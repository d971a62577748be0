#include "common/auth/dkim_verification.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "common/auth/dkim_key.hpp"
#include "common/auth/dkim_keys.hpp"
#include "common/auth/dkim_selection.hpp"
#include "common/auth/dkim_signature.hpp"
#include "common/auth/signed_header.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

// The first hundred tell what a message was about; a record stays small whatever the message.
constexpr std::size_t max_refused_recorded = 100;
constexpr std::size_t max_unverified_recorded = 100;

/// One DKIM-Signature field of the message.
struct Entry {
    std::size_t position = 0;  ///< in the header
    ParsedDkimSignature parsed;
    bool chosen = false;
    bool hashable = true;
    std::string header_digest;  ///< of a chosen one
};

void set_fault(DkimEvidence& evidence, DkimFault fault) {
    evidence.result = fault.result;
    evidence.reason = std::move(fault.reason);
}

Canonicalization form(bool relaxed) {
    return relaxed ? Canonicalization::relaxed : Canonicalization::simple;
}

}  // namespace

class DkimVerification::State {
  public:
    State(SignedMessage& message, VerifyingKeys& verifying_keys, dns::Resolver& resolver,
          const config::DkimSettings& settings, dns::Deadline deadline)
        : message_(message),
          verifying_keys_(verifying_keys),
          settings_(settings),
          keys_(std::make_shared<DkimKeys>(resolver, deadline)) {}
    ~State() { keys_->abandon(); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void field_added();
    void end_of_headers(const Aligned& aligned);
    void when_keys_are_in(std::function<void()> handler) { keys_->when_all_are_in(std::move(handler)); }
    [[nodiscard]] std::vector<DkimEvidence> finish(UtcSeconds now);

  private:
    void choose(const Aligned& aligned);
    void prepare_hashing();
    [[nodiscard]] DkimFault verify(Entry& entry, UtcSeconds now) const;
    [[nodiscard]] std::optional<DkimFault> body_fault(const DkimSignature& signature) const;
    void count_unsigned_octets(Entry& entry) const;

    SignedMessage& message_;
    VerifyingKeys& verifying_keys_;
    const config::DkimSettings settings_;
    std::shared_ptr<DkimKeys> keys_;
    std::vector<Entry> entries_;
    std::size_t refused_ = 0;
};

void DkimVerification::State::field_added() {
    const auto& field = message_.header.back();
    if (!text::iequals(text::trim(field.name), "dkim-signature")) return;
    Entry entry;
    entry.position = message_.header.size() - 1;
    entry.parsed = parse_dkim_signature(field.value);
    if (!entry.parsed.signature) {
        if (++refused_ <= max_refused_recorded) entries_.push_back(std::move(entry));
        return;
    }
    const auto sound = entries_.size() - std::min(refused_, max_refused_recorded);
    if (sound < settings_.max_signatures) keys_->ask(entry.parsed.signature->key_name);
    entries_.push_back(std::move(entry));
}

void DkimVerification::State::end_of_headers(const Aligned& aligned) {
    choose(aligned);
    prepare_hashing();
}

void DkimVerification::State::choose(const Aligned& aligned) {
    std::vector<bool> could_align;
    for (const auto& entry : entries_) {
        if (entry.parsed.signature) could_align.push_back(aligned && aligned(entry.parsed.signature->domain));
    }
    const auto chosen = choose_signatures(could_align, settings_.max_signatures);
    std::size_t at = 0;
    for (auto& entry : entries_) {
        if (entry.parsed.signature) entry.chosen = chosen[at++];
        if (entry.chosen) keys_->ask(entry.parsed.signature->key_name);
    }
}

void DkimVerification::State::prepare_hashing() {
    std::vector<Entry*> chosen;
    std::vector<const DkimSignature*> signatures;
    for (auto& entry : entries_) {
        if (!entry.chosen) continue;
        chosen.push_back(&entry);
        signatures.push_back(&*entry.parsed.signature);
    }
    if (chosen.empty()) return;
    SignedHeader header(message_.header);
    const auto hashable = which_are_hashable(header, signatures);
    for (std::size_t at = 0; at < chosen.size(); ++at) {
        auto& entry = *chosen[at];
        const auto& signature = *signatures[at];
        entry.hashable = hashable[at];
        entry.header_digest = header.signature_digest(signature.signed_fields, form(signature.relaxed_header),
                                                      message_.header[entry.position]);
        message_.body.want(form(signature.relaxed_body), signature.body_length);
    }
}

void DkimVerification::State::count_unsigned_octets(Entry& entry) const {
    const auto& signature = *entry.parsed.signature;
    if (!signature.body_length) return;
    const auto octets = message_.body.octets(form(signature.relaxed_body));
    if (octets > *signature.body_length)
        entry.parsed.evidence.unsigned_octets = octets - *signature.body_length;
}

/// What keeps the body from being the one that was signed.
std::optional<DkimFault> DkimVerification::State::body_fault(const DkimSignature& signature) const {
    const auto& bare = message_.body.bare_line_ends();
    if (bare.has_cr() || (bare.has_lf() && !signature.relaxed_body))
        return DkimFault{DkimResult::neutral, "the body holds a bare CR or LF"};
    const auto digest = message_.body.digest(form(signature.relaxed_body), signature.body_length);
    if (!digest) return DkimFault{DkimResult::fail, "l= is larger than the body"};
    if (*digest != signature.body_hash) return DkimFault{DkimResult::fail, "body hash did not verify"};
    return std::nullopt;
}

/// RFC 6376 section 6.1.3: the key and the body first, as the signature is what takes time to verify.
DkimFault DkimVerification::State::verify(Entry& entry, UtcSeconds now) const {
    const auto& signature = *entry.parsed.signature;
    auto key = choose_dkim_key(*keys_->answer(signature.key_name), signature, settings_.min_rsa_bits);
    entry.parsed.evidence.key_bits = key.bits;
    entry.parsed.evidence.testing = key.testing;
    if (auto fault = time_fault(signature, now)) return std::move(*fault);
    if (key.fault) return std::move(*key.fault);
    if (!entry.hashable)
        return {DkimResult::neutral, "a signed header field holds octets that cannot be hashed reliably"};
    if (auto fault = body_fault(signature)) return std::move(*fault);
    const auto verifying = verifying_keys_.read(signature.algorithm, key.octets);
    if (!verifying) return {DkimResult::permerror, "the key cannot be used"};
    if (!verifying->verifies(entry.header_digest, signature.signature))
        return {DkimResult::fail, "signature did not verify"};
    return {DkimResult::pass, ""};
}

std::vector<DkimEvidence> DkimVerification::State::finish(UtcSeconds now) {
    std::vector<DkimEvidence> evidence;
    std::size_t unverified = 0;
    for (auto& entry : entries_) {
        if (entry.chosen) {
            count_unsigned_octets(entry);
            set_fault(entry.parsed.evidence, verify(entry, now));
        } else if (entry.parsed.signature) {
            if (++unverified > max_unverified_recorded) continue;
            entry.parsed.evidence.verified = false;
            set_fault(entry.parsed.evidence,
                      {DkimResult::policy,
                       "more signatures than the limit of " + std::to_string(settings_.max_signatures)});
        }
        evidence.push_back(std::move(entry.parsed.evidence));
    }
    return evidence;
}

DkimVerification::DkimVerification(SignedMessage& message, VerifyingKeys& keys, dns::Resolver& resolver,
                                   const config::DkimSettings& settings, dns::Deadline deadline)
    : state_(std::make_unique<State>(message, keys, resolver, settings, deadline)) {}
DkimVerification::~DkimVerification() = default;

void DkimVerification::field_added() {
    state_->field_added();
}
void DkimVerification::end_of_headers(const Aligned& aligned) {
    state_->end_of_headers(aligned);
}
void DkimVerification::when_keys_are_in(std::function<void()> handler) {
    state_->when_keys_are_in(std::move(handler));
}
std::vector<DkimEvidence> DkimVerification::finish(UtcSeconds now) {
    return state_->finish(now);
}

}  // namespace defender::auth
