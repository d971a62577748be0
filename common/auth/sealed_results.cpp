#include "common/auth/sealed_results.hpp"

#include <algorithm>
#include <string>

#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"
#include "common/mail/utf8.hpp"

namespace defender::auth {
namespace {

constexpr std::size_t kept_octets = 4096;
constexpr std::size_t kept_octets_of_all = 32768;

/// On one line, without controls, in UTF-8.
std::string one_line(std::string_view value) {
    std::string line;
    for (const char c : text::trim(value)) {
        if (c == '\r' || c == '\n') continue;
        const auto octet = static_cast<unsigned char>(c);
        line += c == '\t' ? ' ' : (octet < 0x20 || octet == 0x7f) ? '?' : c;
    }
    if (!mail::is_utf8(line)) {
        std::replace_if(
            line.begin(), line.end(), [](char c) { return !text::is_printable(c); }, '?');
    }
    return line;
}

/// The domain of an address, or of "@domain", or the text itself.
std::string_view domain_part(std::string_view value) {
    const auto at = value.rfind('@');
    return at == std::string_view::npos ? value : value.substr(at + 1);
}

bool has_domain(const mail::MethodResult& result, std::string_view type, std::string_view property,
                std::string_view domain) {
    return std::any_of(result.properties.begin(), result.properties.end(),
                       [&](const mail::ResultProperty& one) {
                           if (!text::iequals(one.type, type) || !text::iequals(one.property, property))
                               return false;
                           const auto name = DomainName::parse(domain_part(one.value));
                           return name && name->text() == domain;
                       });
}

bool authenticates(const mail::MethodResult& result, std::string_view domain) {
    if (!text::iequals(result.result, "pass")) return false;
    if (text::iequals(result.method, "spf")) return has_domain(result, "smtp", "mailfrom", domain);
    if (!text::iequals(result.method, "dkim")) return false;
    return has_domain(result, "header", "d", domain) || has_domain(result, "header", "i", domain);
}

/// What the dmarc results for the domain say; nothing where there is none.
std::optional<SealedVerdict> dmarc_verdict(const std::vector<mail::MethodResult>& results,
                                           std::string_view domain) {
    std::optional<SealedVerdict> verdict;
    for (const auto& result : results) {
        if (!text::iequals(result.method, "dmarc") || !has_domain(result, "header", "from", domain)) continue;
        if (text::iequals(result.result, "fail")) return SealedVerdict::fail;
        const bool pass = text::iequals(result.result, "pass") || verdict == SealedVerdict::pass;
        verdict = pass ? SealedVerdict::pass : SealedVerdict::nothing;
    }
    return verdict;
}

std::optional<IpAddress> find_address(const std::vector<mail::MethodResult>& results, std::string_view type,
                                      std::string_view property) {
    for (const auto& result : results) {
        for (const auto& one : result.properties) {
            if (!text::iequals(one.type, type) || !text::iequals(one.property, property)) continue;
            if (auto address = IpAddress::parse(one.value)) return address;
        }
    }
    return std::nullopt;
}

}  // namespace

void keep_sealed_results(const mail::HeaderFields& header, const std::vector<ArcSet>& sets,
                         std::vector<ArcSetEvidence>& evidence) {
    std::size_t left = kept_octets_of_all;
    for (std::size_t at = 0; at < sets.size(); ++at) {
        auto line = one_line(sealed_results(header[sets[at].authentication_results].value));
        if (line.size() > std::min(kept_octets, left)) continue;
        left -= line.size();
        evidence[at].authentication_results = std::move(line);
    }
}

SealedVerdict sealed_verdict(std::string_view text, std::string_view author_domain) {
    const auto parsed = mail::parse_authentication_results(text);
    if (!parsed) return SealedVerdict::nothing;
    if (const auto verdict = dmarc_verdict(parsed->results, author_domain)) return *verdict;
    const bool authenticated =
        std::any_of(parsed->results.begin(), parsed->results.end(),
                    [&](const mail::MethodResult& result) { return authenticates(result, author_domain); });
    return authenticated ? SealedVerdict::pass : SealedVerdict::nothing;
}

std::optional<IpAddress> sealed_remote_ip(std::string_view text) {
    const auto parsed = mail::parse_authentication_results(text);
    if (!parsed) return std::nullopt;
    if (auto address = find_address(parsed->results, "smtp", "remote-ip")) return address;
    return find_address(parsed->results, "policy", "iprev");
}

}  // namespace defender::auth
