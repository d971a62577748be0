#include "common/auth/dkim_signature.hpp"

#include <algorithm>
#include <limits>

#include "common/auth/signature_tags.hpp"
#include "common/auth/tag_list.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

// Far beyond the signatures of honest signers; each bounds the work that one field can cause.
constexpr std::size_t max_field_octets = 65536;
/// h= may name other DKIM-Signature fields.
constexpr std::ptrdiff_t max_signatures_signed = 10;
constexpr std::size_t max_shown_octets = 255;
constexpr std::size_t prefix_octets = 8;
// Times that no signer's clock has shown: before DKIM was (September 2001), or far in the future.
constexpr UtcSeconds first_time = 1'000'000'000;
constexpr UtcSeconds most_ahead = 1'000'000'000;

using Fault = std::optional<DkimFault>;

DkimFault permanent(std::string reason) {
    return {DkimResult::permerror, std::move(reason)};
}
DkimFault syntax(std::string reason) {
    return {DkimResult::neutral, std::move(reason)};
}

int hex_value(char c) {
    if (text::is_digit(c)) return c - '0';
    return (c >= 'A' && c <= 'F') ? c - 'A' + 10 : -1;
}

/// RFC 6376 section 2.11; white space has gone already.
std::optional<std::string> decode_quoted_printable(std::string_view s) {
    std::string out;
    for (std::size_t at = 0; at < s.size(); ++at) {
        if (s[at] != '=') {
            out.push_back(s[at]);
            continue;
        }
        if (at + 2 >= s.size()) return std::nullopt;
        const int high = hex_value(s[at + 1]);
        const int low = hex_value(s[at + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<char>(high * 16 + low));
        at += 2;
    }
    return out;
}

/// Parses one field. Each read_… step fills in what it reads and gives the fault that it finds.
class FieldParser {
  public:
    explicit FieldParser(DkimEvidence& evidence) : evidence_(evidence) {}

    /// Either a fault or, in `out`, the signature.
    Fault parse(std::string_view value, std::optional<DkimSignature>& out);

  private:
    [[nodiscard]] std::string_view tag(std::string_view name) const { return tags_.find(name).value_or(""); }

    void show_tags();
    [[nodiscard]] Fault check_required_tags() const;
    [[nodiscard]] Fault check_hashable() const;
    [[nodiscard]] Fault check_query_methods() const;
    Fault read_algorithm();
    Fault read_names();
    Fault read_identity(const DomainName& domain);
    Fault read_base64();
    Fault read_canonicalization();
    Fault read_signed_fields();
    Fault read_length();
    Fault read_times();

    DkimEvidence& evidence_;
    TagList tags_;
    std::optional<DomainName> domain_;
    std::optional<DomainName> identity_domain_;
    DkimAlgorithm algorithm_ = DkimAlgorithm::rsa_sha256;
    std::string body_hash_;
    std::string signature_;
    std::string key_name_;
    std::vector<std::string> signed_fields_;
    bool relaxed_header_ = false;
    bool relaxed_body_ = false;
    std::optional<std::uint64_t> body_length_;
    std::optional<UtcSeconds> signed_at_;
    std::optional<UtcSeconds> expires_at_;
};

/// What a log or a report may show, whatever becomes of the signature.
void FieldParser::show_tags() {
    evidence_.domain = text::printable(tag("d"), max_shown_octets);
    evidence_.selector = text::printable(tag("s"), max_shown_octets);
    evidence_.algorithm = text::printable(tag("a"), max_shown_octets);
    evidence_.identity = text::printable(tag("i"), max_shown_octets);
    evidence_.signature_prefix =
        text::printable(remove_white_space(tag("b")).substr(0, prefix_octets), prefix_octets);
}

Fault FieldParser::check_required_tags() const {
    for (const std::string_view name : {"v", "a", "b", "bh", "d", "h", "s"}) {
        if (!tags_.find(name)) return permanent("tag " + std::string(name) + "= is missing");
    }
    if (tag("v") != "1") return permanent("v= is not 1");
    return std::nullopt;
}

Fault FieldParser::check_hashable() const {
    for (const auto& each : tags_.tags()) {
        const bool is_b = each.name == "b";
        if (is_b ? each.blank_before_equals : (each.name.ends_with('b') && !each.blank_before_equals))
            return syntax("tag " + text::printable(each.name, 32) +
                          "= is written in a way that cannot be verified");
    }
    return std::nullopt;
}

Fault FieldParser::check_query_methods() const {
    const auto methods = tags_.find("q");
    if (!methods) return std::nullopt;
    const auto list = colon_list(*methods);
    if (std::any_of(list.begin(), list.end(), [](auto method) { return text::iequals(method, "dns/txt"); }))
        return std::nullopt;
    return permanent("q= names no query method that is known");
}

Fault FieldParser::read_algorithm() {
    const auto name = tag("a");
    if (text::iequals(name, "rsa-sha1")) return DkimFault{DkimResult::policy, "rsa-sha1 is not accepted"};
    const auto algorithm = parse_algorithm(name);
    if (!algorithm) return permanent("a= is no algorithm that is known");
    algorithm_ = *algorithm;
    evidence_.algorithm = to_string(algorithm_);
    return std::nullopt;
}

Fault FieldParser::read_names() {
    domain_ = DomainName::parse(tag("d"));
    if (domain_) evidence_.domain = domain_->text();
    auto key = parse_key_owner(tag("d"), tag("s"));
    if (!key) return permanent(key.error().message);
    key_name_ = std::move(key->key_name);
    evidence_.selector = std::move(key->selector);
    return read_identity(*domain_);
}

Fault FieldParser::read_identity(const DomainName& domain) {
    identity_domain_ = domain;
    evidence_.identity = "@" + domain.text();
    const auto written = tags_.find("i");
    if (!written) return std::nullopt;
    const auto identity = decode_quoted_printable(remove_white_space(*written));
    evidence_.identity = text::printable(identity.value_or(std::string(*written)), max_shown_octets);
    const auto at = identity ? identity->rfind('@') : std::string::npos;
    if (at == std::string::npos) return syntax("i= is no identity");
    const auto local_part = std::string_view(*identity).substr(0, at);
    const bool quoted = local_part.starts_with('"');
    if (quoted && (local_part.size() < 2 || !local_part.ends_with('"'))) return syntax("i= is no identity");
    // Who shows the identity would show another's address.
    if (!quoted && local_part.find('@') != std::string_view::npos)
        return permanent("i= has a bare @ in its local part");
    identity_domain_ = DomainName::parse(std::string_view(*identity).substr(at + 1));
    if (!identity_domain_ || !identity_domain_->is_within(domain)) return permanent("i= is outside d=");
    return std::nullopt;
}

Fault FieldParser::read_base64() {
    auto signature = parse_signature_octets(tag("b"));
    if (!signature) return syntax("b= is no base64");
    signature_ = std::move(*signature);
    auto body_hash = parse_body_hash(tag("bh"));
    if (!body_hash) return syntax("bh= is no SHA-256 hash in base64");
    body_hash_ = std::move(*body_hash);
    return std::nullopt;
}

Fault FieldParser::read_canonicalization() {
    const auto written = tags_.find("c");
    if (!written) return std::nullopt;
    const auto pair = parse_canonicalization(*written);
    if (!pair) return syntax("c= is no canonicalization that is known");
    relaxed_header_ = pair->header == Canonicalization::relaxed;
    relaxed_body_ = pair->body == Canonicalization::relaxed;
    return std::nullopt;
}

Fault FieldParser::read_signed_fields() {
    const auto written = tag("h");
    if (remove_white_space(written).size() > max_signed_names_octets)
        return permanent("h= is longer than is verified");
    auto names = parse_field_names(written);
    if (!names) return syntax("h= is no list of field names");
    signed_fields_ = std::move(*names);
    if (signed_fields_.size() > max_signed_names) return permanent("h= names more fields than are verified");
    const auto count = [this](std::string_view name) {
        return std::count(signed_fields_.begin(), signed_fields_.end(), name);
    };
    if (count("from") == 0) return permanent("From is not signed");
    if (count("dkim-signature") > max_signatures_signed)
        return permanent("h= names more DKIM-Signature fields than are verified");
    return std::nullopt;
}

Fault FieldParser::read_length() {
    const auto written = tags_.find("l");
    if (!written) return std::nullopt;
    body_length_ = parse_body_length(*written);
    if (!body_length_) return syntax("l= is no number");
    if (*body_length_ > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return DkimFault{DkimResult::fail, "l= is larger than the body"};
    return std::nullopt;
}

Fault FieldParser::read_times() {
    const auto read = [this](std::string_view name, std::optional<UtcSeconds>& out) {
        const auto written = tags_.find(name);
        if (!written) return true;
        out = parse_signature_time(*written);
        return out.has_value();
    };
    if (!read("t", signed_at_)) return syntax("t= is no time");
    if (!read("x", expires_at_)) return syntax("x= is no time");
    if (signed_at_ && expires_at_ && *expires_at_ <= *signed_at_) return permanent("x= is not after t=");
    if (signed_at_ && *signed_at_ < first_time) return permanent("t= is a time before DKIM");
    return std::nullopt;
}

Fault FieldParser::parse(std::string_view value, std::optional<DkimSignature>& out) {
    if (value.size() > max_field_octets) return permanent("the field is longer than 65536 octets");
    if (value.find('\0') != std::string_view::npos) return permanent("the field holds a NUL");
    auto tags = TagList::parse(value);
    if (!tags) return syntax(tags.error().message);
    tags_ = std::move(*tags);
    show_tags();
    if (auto fault = check_required_tags()) return fault;
    if (auto fault = read_names()) return fault;
    if (auto fault = read_algorithm()) return fault;
    if (auto fault = check_query_methods()) return fault;
    if (auto fault = read_base64()) return fault;
    if (auto fault = read_canonicalization()) return fault;
    if (auto fault = read_signed_fields()) return fault;
    if (auto fault = read_length()) return fault;
    if (auto fault = read_times()) return fault;
    if (auto fault = check_hashable()) return fault;
    out.emplace(DkimSignature{algorithm_, *domain_, *identity_domain_, std::move(key_name_),
                              std::move(signed_fields_), relaxed_header_, relaxed_body_, body_length_,
                              signed_at_, expires_at_, std::move(body_hash_), std::move(signature_)});
    return std::nullopt;
}

}  // namespace

ParsedDkimSignature parse_dkim_signature(std::string_view value) {
    ParsedDkimSignature parsed;
    if (auto fault = FieldParser(parsed.evidence).parse(value, parsed.signature)) {
        parsed.evidence.result = fault->result;
        parsed.evidence.reason = std::move(fault->reason);
    }
    return parsed;
}

std::optional<DkimFault> time_fault(const DkimSignature& signature, UtcSeconds now) {
    if (signature.expires_at && *signature.expires_at <= now) return permanent("the signature has expired");
    if (signature.signed_at && *signature.signed_at - now > most_ahead)
        return permanent("t= is too far in the future");
    return std::nullopt;
}

}  // namespace defender::auth
