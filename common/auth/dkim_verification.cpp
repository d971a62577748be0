#include "common/auth/dkim_verification.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/auth/body_extent.hpp"
#include "common/auth/dkim_engine.hpp"
#include "common/auth/dkim_key.hpp"
#include "common/auth/dkim_keys.hpp"
#include "common/auth/dkim_selection.hpp"
#include "common/auth/dkim_signature.hpp"
#include "common/auth/eai_signatures.hpp"
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
    bool eai = false;  ///< verified by EaiSignatures, not by libopendkim
};

void set_fault(DkimEvidence& evidence, DkimFault fault) {
    evidence.result = fault.result;
    evidence.reason = std::move(fault.reason);
}

}  // namespace

class DkimVerification::State {
  public:
    State(std::shared_ptr<const DkimLibrary> library, dns::Resolver& resolver,
          const config::DkimSettings& settings, dns::Deadline deadline)
        : library_(std::move(library)),
          settings_(settings),
          keys_(std::make_shared<DkimKeys>(resolver, deadline)) {}
    ~State() { keys_->abandon(); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void header(const mail::HeaderField& field);
    void end_of_headers(const Aligned& aligned);
    [[nodiscard]] bool wants_body() const noexcept { return engine_ || !eai_.empty(); }
    void body(std::span<const char> octets);
    void when_keys_are_in(std::function<void()> handler) { keys_->when_all_are_in(std::move(handler)); }
    [[nodiscard]] std::vector<DkimEvidence> finish(UtcSeconds now);

  private:
    void add_signature(std::size_t position, std::string_view value);
    void choose(const Aligned& aligned);
    void prepare_hashing();
    void start_engine(const std::vector<std::size_t>& positions);
    void start_eai();
    void end_body();
    [[nodiscard]] std::optional<DkimFault> fault_before_hashing(Entry& entry, DkimKey& key,
                                                                UtcSeconds now) const;
    void verify_chosen(UtcSeconds now);
    [[nodiscard]] std::vector<DkimFault> verdicts(const std::vector<Entry*>& chosen,
                                                  const std::vector<DkimKey>& keys);
    void take_verdict(Entry& entry, DkimFault verdict) const;
    void count_unsigned_octets(Entry& entry) const;

    std::shared_ptr<const DkimLibrary> library_;
    const config::DkimSettings settings_;
    std::shared_ptr<DkimKeys> keys_;
    mail::HeaderFields fields_;  ///< until the end of the header, when it is known which are needed
    std::vector<Entry> entries_;
    std::size_t refused_ = 0;
    std::optional<DkimEngine> engine_;  ///< where there is a signature for it
    EaiSignatures eai_;
    BodyExtent extent_;
};

void DkimVerification::State::header(const mail::HeaderField& field) {
    fields_.push_back(field);
    if (text::iequals(text::trim(field.name), "dkim-signature"))
        add_signature(fields_.size() - 1, field.value);
}

void DkimVerification::State::add_signature(std::size_t position, std::string_view value) {
    Entry entry;
    entry.position = position;
    entry.parsed = parse_dkim_signature(value);
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
    fields_ = {};
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
    std::vector<PlacedSignature> placed;
    for (const auto& entry : entries_) {
        if (entry.chosen) placed.push_back({entry.position, &*entry.parsed.signature});
    }
    if (placed.empty()) return;
    const auto selected = select_fields(fields_, placed);
    std::size_t at = 0;
    for (auto& entry : entries_) {
        if (!entry.chosen) continue;
        entry.hashable = selected.hashable[at++];
        entry.eai = EaiSignatures::is_one(fields_[entry.position]);
    }
    start_engine(selected.positions);
    start_eai();
}

void DkimVerification::State::start_engine(const std::vector<std::size_t>& positions) {
    std::vector<std::string> tag_values;
    for (const auto& entry : entries_) {
        if (entry.chosen && !entry.eai) tag_values.push_back(entry.parsed.signature->tag_values);
    }
    if (tag_values.empty()) return;
    engine_.emplace(library_);
    for (const auto position : positions) engine_->header(fields_[position]);
    engine_->end_of_headers(std::move(tag_values));
}

void DkimVerification::State::start_eai() {
    std::optional<SignedHeader> header;
    for (const auto& entry : entries_) {
        if (!entry.eai) continue;
        if (!header) header.emplace(fields_);
        eai_.add(*entry.parsed.signature, fields_[entry.position], *header);
    }
}

void DkimVerification::State::body(std::span<const char> octets) {
    if (!wants_body()) return;
    extent_.add(octets);
    if (engine_) engine_->body(octets);
    eai_.body(octets);
}

/// RFC 6376 sections 3.4.3 and 3.4.4 add a CRLF to a last line that has none.
void DkimVerification::State::end_body() {
    constexpr std::string_view crlf = "\r\n";
    if (engine_ && !extent_.ends_with_crlf()) engine_->body(crlf);
    eai_.end_of_body();
}

std::optional<DkimFault> DkimVerification::State::fault_before_hashing(Entry& entry, DkimKey& key,
                                                                       UtcSeconds now) const {
    const auto& signature = *entry.parsed.signature;
    key = choose_dkim_key(*keys_->answer(signature.key_name), signature, settings_.min_rsa_bits);
    entry.parsed.evidence.key_bits = key.bits;
    entry.parsed.evidence.testing = key.testing;
    if (auto fault = time_fault(signature, now)) return fault;
    if (key.fault) return key.fault;
    if (!entry.hashable)
        return DkimFault{DkimResult::neutral,
                         "a signed header field holds octets that cannot be hashed reliably"};
    return std::nullopt;
}

void DkimVerification::State::count_unsigned_octets(Entry& entry) const {
    const auto& signature = *entry.parsed.signature;
    if (!signature.body_length) return;
    const auto octets = signature.relaxed_body ? extent_.relaxed_octets() : extent_.simple_octets();
    if (octets > *signature.body_length)
        entry.parsed.evidence.unsigned_octets = octets - *signature.body_length;
}

void DkimVerification::State::take_verdict(Entry& entry, DkimFault verdict) const {
    const bool hashed = verdict.result == DkimResult::pass || verdict.result == DkimResult::fail;
    const bool misread =
        extent_.has_bare_cr() || (extent_.has_bare_lf() && !entry.parsed.signature->relaxed_body);
    if (hashed && misread) verdict = {DkimResult::neutral, "the body holds a bare CR or LF"};
    set_fault(entry.parsed.evidence, std::move(verdict));
}

void DkimVerification::State::verify_chosen(UtcSeconds now) {
    std::vector<Entry*> chosen;
    std::vector<DkimKey> keys;
    for (auto& entry : entries_) {
        if (!entry.chosen) continue;
        DkimKey key;
        key.fault = fault_before_hashing(entry, key, now);
        chosen.push_back(&entry);
        keys.push_back(std::move(key));
        count_unsigned_octets(entry);
    }
    end_body();
    auto found = verdicts(chosen, keys);
    for (std::size_t at = 0; at < chosen.size(); ++at) {
        if (keys[at].fault) {
            set_fault(chosen[at]->parsed.evidence, std::move(*keys[at].fault));
        } else {
            take_verdict(*chosen[at], std::move(found[at]));
        }
    }
}

/// One for each of `chosen`; it means nothing where the key has a fault.
std::vector<DkimFault> DkimVerification::State::verdicts(const std::vector<Entry*>& chosen,
                                                         const std::vector<DkimKey>& keys) {
    std::vector<DkimFault> by_library;
    if (engine_) {
        std::vector<std::string> key_texts;
        for (std::size_t at = 0; at < chosen.size(); ++at) {
            if (!chosen[at]->eai) key_texts.push_back(keys[at].fault ? "" : keys[at].library_text);
        }
        by_library = engine_->finish(key_texts);
    }
    std::vector<DkimFault> found;
    std::size_t read = 0;
    std::size_t eai = 0;
    for (std::size_t at = 0; at < chosen.size(); ++at) {
        found.push_back(chosen[at]->eai ? eai_.verdict(eai++, keys[at].octets) : by_library[read++]);
    }
    return found;
}

std::vector<DkimEvidence> DkimVerification::State::finish(UtcSeconds now) {
    if (wants_body()) verify_chosen(now);
    std::vector<DkimEvidence> evidence;
    std::size_t unverified = 0;
    for (auto& entry : entries_) {
        if (entry.parsed.signature && !entry.chosen) {
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

DkimVerification::DkimVerification(std::shared_ptr<const DkimLibrary> library, dns::Resolver& resolver,
                                   const config::DkimSettings& settings, dns::Deadline deadline)
    : state_(std::make_unique<State>(std::move(library), resolver, settings, deadline)) {}
DkimVerification::~DkimVerification() = default;

void DkimVerification::header(const mail::HeaderField& field) {
    state_->header(field);
}
void DkimVerification::end_of_headers(const Aligned& aligned) {
    state_->end_of_headers(aligned);
}
bool DkimVerification::wants_body() const noexcept {
    return state_->wants_body();
}
void DkimVerification::body(std::span<const char> octets) {
    state_->body(octets);
}
void DkimVerification::when_keys_are_in(std::function<void()> handler) {
    state_->when_keys_are_in(std::move(handler));
}
std::vector<DkimEvidence> DkimVerification::finish(UtcSeconds now) {
    return state_->finish(now);
}

}  // namespace defender::auth
