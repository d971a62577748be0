#include "common/auth/arc_validation.hpp"

#include <utility>

#include "common/auth/dkim_key.hpp"
#include "common/auth/dkim_keys.hpp"
#include "common/auth/sealed_results.hpp"
#include "common/auth/signed_header.hpp"

namespace defender::auth {
namespace {

/// The verdict on one signature, and why it is none better.
struct Checked {
    ArcVerdict verdict = ArcVerdict::pass;
    std::string reason;
};

Checked failed(std::string reason) {
    return {ArcVerdict::fail, std::move(reason)};
}

DkimSignature for_key_choice(DkimAlgorithm algorithm, const KeyOwner& key) {
    return {.algorithm = algorithm,
            .domain = key.domain,
            .identity_domain = key.domain,
            .key_name = key.key_name};
}

}  // namespace

class ArcValidation::State {
  public:
    State(SignedMessage& message, VerifyingKeys& verifying_keys, dns::Resolver& resolver,
          const config::ArcSettings& arc, const config::DkimSettings& dkim, dns::Deadline deadline)
        : message_(message),
          verifying_keys_(verifying_keys),
          max_sets_(arc.max_sets),
          sealing_(!arc.domain.empty()),
          dkim_(dkim),
          keys_(std::make_shared<DkimKeys>(resolver, deadline)) {}
    ~State() { keys_->abandon(); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void end_of_headers();
    [[nodiscard]] bool wants_header() const noexcept { return sealing_ || !chain_.sets.empty(); }
    void when_keys_are_in(std::function<void()> handler) { keys_->when_all_are_in(std::move(handler)); }
    [[nodiscard]] ArcEvidence finish(UtcSeconds now);
    [[nodiscard]] bool too_many_sets() const noexcept { return chain_.too_long; }
    [[nodiscard]] std::optional<ArcMessage> take_message();

  private:
    void want(const ArcSet& set);
    [[nodiscard]] Checked check_key(DkimAlgorithm algorithm, const KeyOwner& key, std::string_view digest,
                                    std::string_view signature) const;
    [[nodiscard]] Checked check_body(const ArcMessageSignature& signature) const;
    [[nodiscard]] Checked check_signature(const ArcSet& set, SignedHeader& header, UtcSeconds now) const;
    void check_signatures(ArcEvidence& evidence, UtcSeconds now);
    void check_seals(ArcEvidence& evidence);
    static void take_verdict(ArcEvidence& evidence, const std::string& what, const Checked& checked);

    SignedMessage& message_;
    VerifyingKeys& verifying_keys_;
    const unsigned max_sets_;
    const bool sealing_;
    const config::DkimSettings dkim_;
    std::shared_ptr<DkimKeys> keys_;
    ArcChain chain_;
    ArcResult result_ = ArcResult::none;
};

void ArcValidation::State::end_of_headers() {
    chain_ = find_arc_chain(message_.header, max_sets_);
    for (const auto& set : chain_.sets) want(set);
    if (sealing_) message_.body.want(Canonicalization::relaxed, std::nullopt);
}

void ArcValidation::State::want(const ArcSet& set) {
    keys_->ask(set.parsed_seal.key.key_name);
    if (!set.parsed_signature) return;
    keys_->ask(set.parsed_signature->key.key_name);
    message_.body.want(set.parsed_signature->canonicalization.body, set.parsed_signature->body_length);
}

Checked ArcValidation::State::check_key(DkimAlgorithm algorithm, const KeyOwner& owner,
                                        std::string_view digest, std::string_view signature) const {
    const auto key =
        choose_dkim_key(*keys_->answer(owner.key_name), for_key_choice(algorithm, owner), dkim_.min_rsa_bits);
    if (key.fault) {
        const bool temporary = key.fault->result == DkimResult::temperror;
        return {temporary ? ArcVerdict::temperror : ArcVerdict::fail, key.fault->reason};
    }
    const auto verifying = verifying_keys_.read(algorithm, key.octets);
    if (!verifying || !verifying->verifies(digest, signature))
        return failed("the signature does not fit the header");
    return {};
}

Checked ArcValidation::State::check_body(const ArcMessageSignature& signature) const {
    const auto mode = signature.canonicalization.body;
    const auto digest = message_.body.digest(mode, signature.body_length);
    if (!digest) return failed("l= is larger than the body");
    if (*digest != signature.body_hash) return failed("the body hash does not fit the body");
    const bool partial = signature.body_length && *signature.body_length < message_.body.octets(mode);
    if (partial && dkim_.partial_body == config::PartialBody::policy)
        return failed("l= leaves octets of the body unsigned");
    return {};
}

Checked ArcValidation::State::check_signature(const ArcSet& set, SignedHeader& header, UtcSeconds now) const {
    if (!set.parsed_signature) return failed(set.parsed_signature.error().message);
    const auto& signature = *set.parsed_signature;
    if (signature.expires_at && *signature.expires_at <= now) return failed("the signature has expired");
    if (auto body = check_body(signature); body.verdict != ArcVerdict::pass) return body;
    const auto digest = header.signature_digest(signature.signed_fields, signature.canonicalization.header,
                                                message_.header[set.message_signature]);
    return check_key(signature.algorithm, signature.key, digest, signature.signature);
}

/// What failed for certain stands before what a temporary error left open.
void ArcValidation::State::take_verdict(ArcEvidence& evidence, const std::string& what,
                                        const Checked& checked) {
    if (checked.verdict == ArcVerdict::pass || evidence.result == ArcResult::fail) return;
    if (checked.verdict == ArcVerdict::temperror && evidence.result == ArcResult::temperror) return;
    evidence.result = checked.verdict == ArcVerdict::temperror ? ArcResult::temperror : ArcResult::fail;
    evidence.reason = what + ": " + checked.reason;
}

/// RFC 8617 section 5.2, steps 4 and 5.
void ArcValidation::State::check_signatures(ArcEvidence& evidence, UtcSeconds now) {
    SignedHeader header(message_.header);
    for (std::size_t at = chain_.sets.size(); at-- > 0;) {
        const auto checked = check_signature(chain_.sets[at], header, now);
        evidence.sets[at].signature = checked.verdict;
        const bool newest = at + 1 == chain_.sets.size();
        if (newest) take_verdict(evidence, "ARC-Message-Signature " + std::to_string(at + 1), checked);
        if (checked.verdict == ArcVerdict::pass) continue;
        if (!newest) evidence.oldest_pass = static_cast<unsigned>(at + 2);
        return;
    }
}

/// Step 6.
void ArcValidation::State::check_seals(ArcEvidence& evidence) {
    const auto digests = seal_digests(message_.header, chain_.sets);
    for (std::size_t at = chain_.sets.size(); at-- > 0;) {
        const auto& seal = chain_.sets[at].parsed_seal;
        const auto checked = check_key(seal.algorithm, seal.key, digests[at], seal.signature);
        evidence.sets[at].seal = checked.verdict;
        take_verdict(evidence, "ARC-Seal " + std::to_string(at + 1), checked);
        if (checked.verdict == ArcVerdict::fail) return;
    }
}

ArcEvidence ArcValidation::State::finish(UtcSeconds now) {
    ArcEvidence evidence;
    if (!chain_.present) return evidence;
    evidence.sets = chain_.evidence;
    if (!chain_.fault.empty()) {
        evidence.result = ArcResult::fail;
        evidence.reason = chain_.fault;
    } else {
        evidence.result = ArcResult::pass;
        check_signatures(evidence, now);
        if (evidence.result != ArcResult::fail) check_seals(evidence);
    }
    if (evidence.result == ArcResult::pass) keep_sealed_results(message_.header, chain_.sets, evidence.sets);
    result_ = evidence.result;
    return evidence;
}

std::optional<ArcMessage> ArcValidation::State::take_message() {
    if (!sealing_) return std::nullopt;
    auto hash = message_.body.digest(Canonicalization::relaxed, std::nullopt);
    return ArcMessage{std::move(message_.header), std::move(chain_), result_, std::move(hash).value()};
}

ArcValidation::ArcValidation(SignedMessage& message, VerifyingKeys& keys, dns::Resolver& resolver,
                             const config::ArcSettings& arc, const config::DkimSettings& dkim,
                             dns::Deadline deadline)
    : state_(std::make_unique<State>(message, keys, resolver, arc, dkim, deadline)) {}
ArcValidation::~ArcValidation() = default;

void ArcValidation::end_of_headers() {
    state_->end_of_headers();
}
bool ArcValidation::wants_header() const noexcept {
    return state_->wants_header();
}
void ArcValidation::when_keys_are_in(std::function<void()> handler) {
    state_->when_keys_are_in(std::move(handler));
}
ArcEvidence ArcValidation::finish(UtcSeconds now) {
    return state_->finish(now);
}
bool ArcValidation::too_many_sets() const noexcept {
    return state_->too_many_sets();
}
std::optional<ArcMessage> ArcValidation::take_message() {
    return state_->take_message();
}

}  // namespace defender::auth
