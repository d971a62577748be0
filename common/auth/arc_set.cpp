#include "common/auth/arc_set.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "common/auth/tag_list.hpp"
#include "common/base/text.hpp"
#include "common/mail/rfc5322_lexer.hpp"

namespace defender::auth {
namespace {

// RFC 8617 section 4.2.1: instances go up to 50.
constexpr std::size_t max_instance_digits = 2;
constexpr std::size_t max_shown_octets = 255;
constexpr std::size_t max_shown_status = 16;

std::optional<unsigned> parse_position(std::string_view digits) {
    if (digits.size() > max_instance_digits) return std::nullopt;
    const auto number = text::parse_unsigned(digits);
    if (!number || *number == 0) return std::nullopt;
    return static_cast<unsigned>(*number);
}

/// [CFWS] "i" [CFWS] "=" [CFWS] position [CFWS] ";" (RFC 8617 sections 3.9 and 4.1.1). Where it succeeds the
/// lexer stands behind the semicolon.
std::optional<unsigned> take_instance(mail::Rfc5322Lexer& lexer) {
    const auto skip = [&] { return lexer.skip_cfws() != mail::Cfws::malformed; };
    if (!skip() || !lexer.take('i') || !skip() || !lexer.take('=') || !skip()) return std::nullopt;
    const auto position = parse_position(lexer.take_while(text::is_digit));
    if (!position || !skip() || !lexer.take(';')) return std::nullopt;
    return position;
}

/// The tags that both signatures have.
struct Signer {
    DkimAlgorithm algorithm{};
    KeyOwner key;
    std::string signature;
};

Result<Signer> read_signer(const TagList& tags) {
    for (const std::string_view name : {"i", "a", "b", "d", "s"}) {
        if (!tags.find(name)) return Error{"tag " + std::string(name) + "= is missing"};
    }
    const auto algorithm = parse_algorithm(*tags.find("a"));
    if (!algorithm) return Error{"a= is no algorithm that is accepted"};
    auto key = parse_key_owner(*tags.find("d"), *tags.find("s"));
    if (!key) return key.error();
    auto signature = parse_signature_octets(*tags.find("b"));
    if (!signature) return Error{"b= is no base64"};
    return Signer{*algorithm, std::move(*key), std::move(*signature)};
}

std::optional<Error> read_signed_fields(const TagList& tags, ArcMessageSignature& out) {
    const auto written = tags.find("h");
    if (!written) return Error{"tag h= is missing"};
    if (remove_white_space(*written).size() > max_signed_names_octets)
        return Error{"h= is longer than is verified"};
    auto names = parse_field_names(*written);
    if (!names) return Error{"h= is no list of field names"};
    if (names->size() > max_signed_names) return Error{"h= names more fields than are verified"};
    const auto lists = [&](std::string_view name) {
        return std::find(names->begin(), names->end(), name) != names->end();
    };
    if (!lists("from")) return Error{"From is not signed"};
    if (lists("arc-seal")) return Error{"h= names ARC-Seal"};
    out.signed_fields = std::move(*names);
    return std::nullopt;
}

std::optional<Error> read_body_tags(const TagList& tags, ArcMessageSignature& out) {
    auto hash = parse_body_hash(tags.find("bh").value_or(""));
    if (!hash) return Error{"bh= is no SHA-256 hash in base64"};
    out.body_hash = std::move(*hash);
    const auto canonicalization = parse_canonicalization(tags.find("c").value_or("simple/simple"));
    if (!canonicalization) return Error{"c= is no canonicalization that is known"};
    out.canonicalization = *canonicalization;
    if (const auto written = tags.find("l")) {
        out.body_length = parse_body_length(*written);
        if (!out.body_length) return Error{"l= is no number"};
    }
    return std::nullopt;
}

std::optional<Error> read_times(const TagList& tags, ArcMessageSignature& out) {
    std::optional<UtcSeconds> signed_at;
    if (const auto written = tags.find("t")) {
        signed_at = parse_signature_time(*written);
        if (!signed_at) return Error{"t= is no time"};
    }
    if (const auto written = tags.find("x")) {
        out.expires_at = parse_signature_time(*written);
        if (!out.expires_at) return Error{"x= is no time"};
        if (signed_at && *out.expires_at <= *signed_at) return Error{"x= is not after t="};
    }
    return std::nullopt;
}

std::string shown(const std::optional<TagList>& tags, std::string_view name, std::size_t octets) {
    return tags ? text::printable(tags->find(name).value_or(""), octets) : std::string();
}

std::optional<TagList> tags_of(std::string_view value) {
    auto tags = TagList::parse(value);
    if (!tags) return std::nullopt;
    return std::move(tags).value();
}

/// The ARC fields of one instance, by kind.
using Fields = std::array<std::vector<std::size_t>, 3>;

std::size_t index_of(ArcField field) {
    return static_cast<std::size_t>(field);
}
const std::vector<std::size_t>& of(const Fields& fields, ArcField field) {
    return fields[index_of(field)];
}

/// Collects the fields and checks the chain, step by step; each step that finds a fault is the last.
class ChainFinder {
  public:
    ChainFinder(const mail::HeaderFields& header, unsigned max_sets) : header_(header), max_sets_(max_sets) {}

    ArcChain find() {
        collect();
        if (!chain_.present) return std::move(chain_);
        show();
        if (!chain_.too_long && chain_.fault.empty()) check_sets();
        if (!chain_.fault.empty()) chain_.sets.clear();
        return std::move(chain_);
    }

  private:
    void collect();
    void show();
    void check_sets();
    [[nodiscard]] std::string set_fault(unsigned instance);
    void fail(std::string fault) {
        if (chain_.fault.empty()) chain_.fault = std::move(fault);
    }

    const mail::HeaderFields& header_;
    unsigned max_sets_;
    std::map<unsigned, Fields> fields_;
    ArcChain chain_;
};

void ChainFinder::collect() {
    for (std::size_t at = 0; at < header_.size(); ++at) {
        const auto kind = arc_field(header_[at].name);
        if (!kind) continue;
        chain_.present = true;
        const auto instance = arc_instance(*kind, header_[at].value);
        if (!instance) {
            fail("an ARC field has no instance i=1 to i=50");
            continue;
        }
        chain_.highest = std::max(chain_.highest, *instance);
        fields_[*instance][index_of(*kind)].push_back(at);
    }
    if (chain_.highest <= max_sets_) return;
    chain_.too_long = true;
    chain_.fault = "there are more ARC sets than " + std::to_string(max_sets_);
}

/// What the fields say of themselves. A set's own verdicts come later.
void ChainFinder::show() {
    for (const auto& [instance, fields] : fields_) {
        if (chain_.evidence.size() == max_arc_instance) break;
        auto& set = chain_.evidence.emplace_back();
        set.instance = instance;
        if (const auto& seals = of(fields, ArcField::seal); !seals.empty()) {
            const auto tags = tags_of(header_[seals.front()].value);
            set.seal_domain = shown(tags, "d", max_shown_octets);
            set.seal_selector = shown(tags, "s", max_shown_octets);
            set.chain_status = text::to_lower(shown(tags, "cv", max_shown_status));
        }
        if (const auto& signatures = of(fields, ArcField::message_signature); !signatures.empty()) {
            const auto tags = tags_of(header_[signatures.front()].value);
            set.signature_domain = shown(tags, "d", max_shown_octets);
            set.signature_selector = shown(tags, "s", max_shown_octets);
        }
    }
    if (chain_.evidence.empty() || chain_.evidence.back().instance != chain_.highest) return;
    chain_.ended = chain_.evidence.back().chain_status == "fail";
}

std::string ChainFinder::set_fault(unsigned instance) {
    const auto& fields = fields_[instance];
    const std::string set = "ARC set " + std::to_string(instance);
    for (const auto& of_kind : fields) {
        if (of_kind.empty()) return set + " is not complete";
        if (of_kind.size() > 1) return set + " has a field twice";
    }
    const auto seal_at = of(fields, ArcField::seal).front();
    const auto signature_at = of(fields, ArcField::message_signature).front();
    auto seal = parse_arc_seal(header_[seal_at].value);
    if (!seal) return "ARC-Seal " + std::to_string(instance) + ": " + seal.error().message;
    const std::string_view wanted = instance == 1 ? "none" : "pass";
    if (seal->chain_status != wanted)
        return "ARC-Seal " + std::to_string(instance) + " says cv=" + seal->chain_status;
    auto& evidence = chain_.evidence[instance - 1];
    evidence.seal_domain = seal->key.domain.text();
    evidence.seal_selector = seal->key.selector;
    auto signature = parse_arc_message_signature(header_[signature_at].value);
    if (signature) {
        evidence.signature_domain = signature->key.domain.text();
        evidence.signature_selector = signature->key.selector;
    }
    chain_.sets.push_back({of(fields, ArcField::authentication_results).front(), signature_at, seal_at,
                           std::move(signature), std::move(*seal)});
    return {};
}

void ChainFinder::check_sets() {
    if (chain_.ended) return fail("the newest ARC-Seal says cv=fail");
    for (unsigned instance = 1; instance <= chain_.highest; ++instance) {
        if (auto fault = set_fault(instance); !fault.empty()) return fail(std::move(fault));
    }
}

}  // namespace

std::optional<ArcField> arc_field(std::string_view name) {
    const auto trimmed = text::trim(name);
    if (!text::istarts_with(trimmed, "arc-")) return std::nullopt;
    if (text::iequals(trimmed, "arc-seal")) return ArcField::seal;
    if (text::iequals(trimmed, "arc-message-signature")) return ArcField::message_signature;
    if (text::iequals(trimmed, "arc-authentication-results")) return ArcField::authentication_results;
    return std::nullopt;
}

std::optional<unsigned> arc_instance(ArcField field, std::string_view value) {
    if (field == ArcField::authentication_results) {
        mail::Rfc5322Lexer lexer(value);
        return take_instance(lexer);
    }
    const auto tags = TagList::parse(value);
    if (!tags) return std::nullopt;
    return parse_position(tags->find("i").value_or(""));
}

Result<ArcMessageSignature> parse_arc_message_signature(std::string_view value) {
    const auto tags = TagList::parse(value);
    if (!tags) return tags.error();
    auto signer = read_signer(*tags);
    if (!signer) return signer.error();
    ArcMessageSignature out{
        signer->algorithm, std::move(signer->key), std::move(signer->signature), {}, {}, {}, std::nullopt,
        std::nullopt};
    if (auto error = read_signed_fields(*tags, out)) return *error;
    if (auto error = read_body_tags(*tags, out)) return *error;
    if (auto error = read_times(*tags, out)) return *error;
    return out;
}

Result<ArcSeal> parse_arc_seal(std::string_view value) {
    const auto tags = TagList::parse(value);
    if (!tags) return tags.error();
    if (tags->find("h")) return Error{"there is a tag h="};
    auto signer = read_signer(*tags);
    if (!signer) return signer.error();
    auto status = text::to_lower(tags->find("cv").value_or(""));
    if (status != "none" && status != "pass" && status != "fail") return Error{"cv= is no chain status"};
    return ArcSeal{signer->algorithm, std::move(signer->key), std::move(signer->signature),
                   std::move(status)};
}

std::string_view sealed_results(std::string_view value) {
    mail::Rfc5322Lexer lexer(value);
    if (!take_instance(lexer)) return {};
    return value.substr(lexer.position());
}

ArcChain find_arc_chain(const mail::HeaderFields& header, unsigned max_sets) {
    return ChainFinder(header, max_sets).find();
}

}  // namespace defender::auth
