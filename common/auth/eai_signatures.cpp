#include "common/auth/eai_signatures.hpp"

#include <algorithm>

#include "common/auth/digital_signature.hpp"

namespace defender::auth {
namespace {

Canonicalization form(bool relaxed) {
    return relaxed ? Canonicalization::relaxed : Canonicalization::simple;
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
         signature.body_hash, signature.signature});
}

DkimFault EaiSignatures::verdict(std::size_t at, std::string_view key) const {
    const auto& signature = signatures_[at];
    const auto body = hashes_.digest(signature.body, signature.body_length);
    if (!body) return {DkimResult::fail, "l= is larger than the body"};
    if (body != signature.body_hash) return {DkimResult::fail, "body hash did not verify"};
    if (!verify_signature(signature.algorithm, key, signature.header_digest, signature.value))
        return {DkimResult::fail, "signature did not verify"};
    return {DkimResult::pass, ""};
}

}  // namespace defender::auth
