#include "common/auth/signed_header.hpp"

#include "common/auth/digital_signature.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

mail::HeaderField unsigned_form(const mail::HeaderField& field) {
    return {field.name, without_signature(field.value)};
}

void add_line(Sha256& hash, const mail::HeaderField& field, Canonicalization mode) {
    hash.add(canonical_field(field, mode));
    hash.add("\r\n");
}

/// Seals know the relaxed form only (RFC 8617 section 4.1.3).
void add_results_and_signature(Sha256& hash, const mail::HeaderField& authentication_results,
                               const mail::HeaderField& message_signature) {
    add_line(hash, authentication_results, Canonicalization::relaxed);
    add_line(hash, message_signature, Canonicalization::relaxed);
}

std::string digest_with(Sha256 hash, const mail::HeaderField& seal) {
    hash.add(canonical_field(unsigned_form(seal), Canonicalization::relaxed));
    return hash.digest();
}

}  // namespace

SignedHeader::SignedHeader(const mail::HeaderFields& header) : header_(header) {
    for (std::size_t at = 0; at < header.size(); ++at)
        by_name_[text::to_lower(text::trim(header[at].name))].push_back(at);
}

std::string SignedHeader::signature_digest(const std::vector<std::string>& names, Canonicalization mode,
                                           const mail::HeaderField& signature) const {
    Sha256 hash;
    std::unordered_map<std::string_view, std::size_t> taken;
    for (const auto& name : names) {
        const auto found = by_name_.find(name);
        if (found == by_name_.end()) continue;
        const auto& positions = found->second;
        auto& count = taken[name];
        while (count < positions.size()) {
            const auto& field = header_[positions[positions.size() - ++count]];
            if (&field == &signature) continue;
            add_line(hash, field, mode);
            break;
        }
    }
    hash.add(canonical_field(unsigned_form(signature), mode));
    return hash.digest();
}

std::vector<std::string> seal_digests(const mail::HeaderFields& header, const std::vector<ArcSet>& sets) {
    std::vector<std::string> digests;
    Sha256 hash;
    for (const auto& set : sets) {
        add_results_and_signature(hash, header[set.authentication_results], header[set.message_signature]);
        digests.push_back(digest_with(hash, header[set.seal]));
        add_line(hash, header[set.seal], Canonicalization::relaxed);
    }
    return digests;
}

std::string new_seal_digest(const mail::HeaderFields& header, const std::vector<ArcSet>& sets,
                            const mail::HeaderField& authentication_results,
                            const mail::HeaderField& message_signature, const mail::HeaderField& seal) {
    Sha256 hash;
    for (const auto& set : sets) {
        add_results_and_signature(hash, header[set.authentication_results], header[set.message_signature]);
        add_line(hash, header[set.seal], Canonicalization::relaxed);
    }
    add_results_and_signature(hash, authentication_results, message_signature);
    return digest_with(hash, seal);
}

}  // namespace defender::auth
