#include "common/auth/eai_signatures.hpp"

#include <algorithm>

#include "common/auth/base64.hpp"
#include "common/auth/digital_signature.hpp"

namespace defender::auth {
namespace {

Canonicalization form(bool relaxed) {
    return relaxed ? Canonicalization::relaxed : Canonicalization::simple;
}

/// The value of a known tag; no value holds a semicolon.
std::string_view tag_value(std::string_view values, std::string_view name) {
    for (const std::string_view known : dkim_known_tags) {
        const auto end = values.find(';');
        if (known == name) return values.substr(0, end);
        values.remove_prefix(end + 1);
    }
    return {};
}

}  // namespace

bool EaiSignatures::is_one(const mail::HeaderField& field) {
    return std::any_of(field.value.begin(), field.value.end(),
                       [](char octet) { return static_cast<unsigned char>(octet) >= 0x80; });
}

void EaiSignatures::add(const DkimSignature& signature, const mail::HeaderField& field,
                        SignedHeader& header) {
    const auto body = form(signature.relaxed_body);
    hashes_.want(body, signature.body_length);
    signatures_.push_back(
        {signature.algorithm, body, signature.body_length,
         header.signature_digest(signature.signed_fields, form(signature.relaxed_header), field),
         decode_base64(tag_value(signature.tag_values, "bh")),
         decode_base64(tag_value(signature.tag_values, "b"))});
}

DkimFault EaiSignatures::verdict(std::size_t at, std::string_view key) const {
    const auto& signature = signatures_[at];
    const auto body = hashes_.digest(signature.body, signature.body_length);
    if (!body) return {DkimResult::fail, "l= is larger than the body"};
    if (body != signature.body_hash) return {DkimResult::fail, "body hash did not verify"};
    const bool fits = signature.value &&
                      verify_signature(signature.algorithm, key, signature.header_digest, *signature.value);
    if (!fits) return {DkimResult::fail, "signature did not verify"};
    return {DkimResult::pass, ""};
}

}  // namespace defender::auth
