#include "common/auth/body_hashes.hpp"

#include "common/auth/digital_signature.hpp"

namespace defender::auth {

/// One form of the body.
class BodyHashes::Stream {
  public:
    explicit Stream(Canonicalization mode)
        : canonicalizer_(mode, [this](std::string_view octets) { hash(octets); }) {}

    void want(std::optional<std::uint64_t> length) {
        if (length) {
            prefixes_.try_emplace(*length);
        } else {
            whole_wanted_ = true;
        }
    }
    void add(std::span<const char> octets) { canonicalizer_.add(octets); }
    void finish() {
        canonicalizer_.finish();
        note_prefix();
        if (whole_wanted_) whole_ = hash_.digest();
    }

    [[nodiscard]] std::uint64_t octets() const { return octets_; }
    [[nodiscard]] std::string whole() const { return whole_; }
    [[nodiscard]] std::optional<std::string> prefix(std::uint64_t length) const {
        const auto found = prefixes_.find(length);
        return found == prefixes_.end() || length > octets_ ? std::nullopt : std::optional(found->second);
    }

  private:
    void hash(std::string_view octets);
    void note_prefix();

    BodyCanonicalizer canonicalizer_;
    Sha256 hash_;
    std::uint64_t octets_ = 0;
    std::map<std::uint64_t, std::string> prefixes_;  ///< by length; empty until that many octets are hashed
    bool whole_wanted_ = false;
    std::string whole_;
};

void BodyHashes::Stream::note_prefix() {
    const auto found = prefixes_.find(octets_);
    if (found != prefixes_.end()) found->second = hash_.digest();
}

void BodyHashes::Stream::hash(std::string_view octets) {
    while (!octets.empty()) {
        note_prefix();
        const auto next = prefixes_.upper_bound(octets_);
        auto count = octets.size();
        if (next != prefixes_.end() && next->first - octets_ < count)
            count = static_cast<std::size_t>(next->first - octets_);
        // Behind the last l= there is nothing but to count.
        if (whole_wanted_ || next != prefixes_.end()) hash_.add(octets.substr(0, count));
        octets_ += count;
        octets.remove_prefix(count);
    }
}

BodyHashes::BodyHashes() = default;
BodyHashes::~BodyHashes() = default;

const std::unique_ptr<BodyHashes::Stream>& BodyHashes::stream(Canonicalization mode) const {
    return streams_[mode == Canonicalization::relaxed ? 1 : 0];
}

void BodyHashes::want(Canonicalization mode, std::optional<std::uint64_t> length) {
    auto& stream = streams_[mode == Canonicalization::relaxed ? 1 : 0];
    if (!stream) stream = std::make_unique<Stream>(mode);
    stream->want(length);
}

bool BodyHashes::any_wanted() const noexcept {
    return streams_[0] || streams_[1];
}

void BodyHashes::add(std::span<const char> octets) {
    bare_line_ends_.add(octets);
    for (const auto& stream : streams_) {
        if (stream) stream->add(octets);
    }
}

void BodyHashes::finish() {
    for (const auto& stream : streams_) {
        if (stream) stream->finish();
    }
}

std::optional<std::string> BodyHashes::digest(Canonicalization mode,
                                              std::optional<std::uint64_t> length) const {
    const auto& wanted = stream(mode);
    if (!wanted) return std::nullopt;
    return length ? wanted->prefix(*length) : wanted->whole();
}

std::uint64_t BodyHashes::octets(Canonicalization mode) const {
    const auto& wanted = stream(mode);
    return wanted ? wanted->octets() : 0;
}

}  // namespace defender::auth
