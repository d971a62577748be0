#include "common/auth/signed_header.hpp"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "common/auth/digital_signature.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

std::string_view name_of(const mail::HeaderField& field) {
    return text::trim(field.name);
}

mail::HeaderField unsigned_form(const mail::HeaderField& field) {
    return {field.name, without_signature(field.value)};
}

/// Seals know the relaxed form only (RFC 8617 section 4.1.3).
void add_line(Sha256& hash, const mail::HeaderField& field) {
    hash.add(canonical_field(field, Canonicalization::relaxed));
    hash.add("\r\n");
}

void add_results_and_signature(Sha256& hash, const mail::HeaderField& authentication_results,
                               const mail::HeaderField& message_signature) {
    add_line(hash, authentication_results);
    add_line(hash, message_signature);
}

std::string digest_with(Sha256 hash, const mail::HeaderField& seal) {
    hash.add(canonical_field(unsigned_form(seal), Canonicalization::relaxed));
    return hash.digest();
}

}  // namespace

SignedHeader::SignedHeader(const mail::HeaderFields& header) : header_(header), by_name_(header.size()) {
    std::iota(by_name_.rbegin(), by_name_.rend(), std::size_t{0});
    std::stable_sort(by_name_.begin(), by_name_.end(), [&](std::size_t a, std::size_t b) {
        return text::iless(name_of(header[a]), name_of(header[b]));
    });
}

std::span<const std::size_t> SignedHeader::positions(std::string_view name) const {
    const auto first = std::lower_bound(
        by_name_.begin(), by_name_.end(), name,
        [&](std::size_t at, std::string_view wanted) { return text::iless(name_of(header_[at]), wanted); });
    const auto end = std::upper_bound(
        first, by_name_.end(), name,
        [&](std::string_view wanted, std::size_t at) { return text::iless(wanted, name_of(header_[at])); });
    return {first, end};
}

const std::string& SignedHeader::line(std::size_t position, Canonicalization mode) {
    auto& lines = lines_[mode == Canonicalization::relaxed ? 1 : 0];
    lines.resize(header_.size());
    auto& line = lines[position];
    if (line.empty()) {
        line = canonical_field(header_[position], mode);
        line += "\r\n";
    }
    return line;
}

std::string SignedHeader::signature_digest(const std::vector<std::string>& names, Canonicalization mode,
                                           const mail::HeaderField& signature) {
    Sha256 hash;
    std::unordered_map<std::string_view, std::size_t> taken;
    for (const auto& name : names) {
        const auto named = positions(name);
        if (named.empty()) continue;
        auto& count = taken[name];
        while (count < named.size()) {
            const auto position = named[count++];
            if (&header_[position] == &signature) continue;
            hash.add(line(position, mode));
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
        add_line(hash, header[set.seal]);
    }
    return digests;
}

std::string new_seal_digest(const mail::HeaderFields& header, const std::vector<ArcSet>& sets,
                            const mail::HeaderField& authentication_results,
                            const mail::HeaderField& message_signature, const mail::HeaderField& seal) {
    Sha256 hash;
    for (const auto& set : sets) {
        add_results_and_signature(hash, header[set.authentication_results], header[set.message_signature]);
        add_line(hash, header[set.seal]);
    }
    add_results_and_signature(hash, authentication_results, message_signature);
    return digest_with(hash, seal);
}

}  // namespace defender::auth
