#include "common/store/record_redaction.hpp"

#include <algorithm>

#include "common/base/text.hpp"
#include "common/mail/authentication_results.hpp"

namespace defender::store {
namespace {

/// A local part is at most 64 octets (RFC 5321 4.5.3.1.1); the rest is room for quoting. Bounds the search.
constexpr std::size_t max_quoted_octets = 256;

/// RFC 5322 atext, the dot, and octets of UTF-8 (RFC 6532).
bool is_local_part_octet(char c) {
    return text::is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 ||
           std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
}

bool is_escaped(std::string_view s, std::size_t at) {
    std::size_t backslashes = 0;
    while (backslashes < at && s[at - 1 - backslashes] == '\\') ++backslashes;
    return backslashes % 2 == 1;
}

/// Where a quoted string that ends `s` begins; the end of `s` where none does.
std::size_t quoted_string_begin(std::string_view s) {
    if (s.size() < 2 || s.back() != '"' || is_escaped(s, s.size() - 1)) return s.size();
    const std::size_t lowest = s.size() - std::min(s.size(), max_quoted_octets);
    for (std::size_t at = s.size() - 1; at-- > lowest;) {
        if (s[at] == '"' && !is_escaped(s, at)) return at;
    }
    return s.size();
}

/// Where the local part that ends `s` begins: atoms and quoted strings joined by dots (RFC 5322 3.4.1
/// and 4.4).
std::size_t local_part_begin(std::string_view s) {
    for (;;) {
        const std::size_t before = s.size();
        s = s.substr(0, quoted_string_begin(s));
        while (!s.empty() && is_local_part_octet(s.back())) s.remove_suffix(1);
        if (s.size() == before) return before;
    }
}

/// The domain is what stands behind the last '@', as no domain holds one.
std::string domain_only(const std::string& address) {
    if (address.empty()) return {};
    const auto at = address.rfind('@');
    return at == std::string::npos ? "@" : address.substr(at);
}

/// Sealed results in the same way; text that is no such thing says nothing, and is not kept.
std::string redacted_results(const std::string& text) {
    auto results = mail::parse_authentication_results(text);
    if (!results) return {};
    for (auto& result : results->results) {
        result.reason = without_local_parts(result.reason);
        for (auto& property : result.properties) {
            if (property.value.find('@') != std::string::npos) property.value = domain_only(property.value);
        }
    }
    const auto lines = mail::encode(*results);
    std::string line;
    for (const auto piece : text::split(lines, '\n')) {
        line += line.empty() ? "" : " ";
        line += text::trim(piece);
    }
    return line;
}

void redact_evidence(auth::Evidence& evidence) {
    evidence.mail_from = domain_only(evidence.mail_from);
    evidence.author_reason = without_local_parts(evidence.author_reason);
    for (auto& address : evidence.author_addresses) address = domain_only(address);
    for (auto& spf : evidence.spf) spf.reason = without_local_parts(spf.reason);
    for (auto& dkim : evidence.dkim) {
        dkim.identity = domain_only(dkim.identity);
        dkim.reason = without_local_parts(dkim.reason);
    }
    for (auto& set : evidence.arc.sets)
        set.authentication_results = redacted_results(set.authentication_results);
}

void redact_overrides(std::vector<auth::OverrideApplied>& overrides) {
    for (auto& applied : overrides) applied.comment = without_local_parts(applied.comment);
}

void redact_judgement(auth::Judgement& judgement) {
    redact_overrides(judgement.overrides);
    for (auto& domain : judgement.domains) redact_overrides(domain.overrides);
    for (auto& step : judgement.trace) step.text = without_local_parts(step.text);
}

}  // namespace

std::string without_local_parts(std::string_view s) {
    std::string out;
    out.reserve(s.size());
    while (!s.empty()) {
        const auto before = s.substr(0, s.find('@'));
        out += before;
        s.remove_prefix(before.size());
        if (s.empty()) break;
        out.resize(local_part_begin(out));
        out += '@';
        s.remove_prefix(1);
    }
    return out;
}

Record redact(Record record, config::StoredAddresses addresses) {
    if (addresses == config::StoredAddresses::full) return record;
    redact_evidence(record.evidence);
    redact_judgement(record.judgement);
    record.reply = without_local_parts(record.reply);
    record.error = without_local_parts(record.error);
    return record;
}

}  // namespace defender::store
