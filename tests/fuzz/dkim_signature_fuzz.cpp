/// The parsers of DKIM-Signature fields and of key records, each fed the whole input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/auth/dkim_key.hpp"
#include "common/auth/dkim_signature.hpp"
#include "common/base/text.hpp"

namespace {

using namespace defender;

void require(bool holds) {
    if (!holds) std::abort();
}

void require_printable(std::string_view s) {
    for (const char c : s) require(text::is_printable(c));
}

void check_signature(std::string_view input) {
    const auto parsed = auth::parse_dkim_signature(input);
    const auto& evidence = parsed.evidence;
    for (const auto* shown : {&evidence.domain, &evidence.selector, &evidence.identity, &evidence.algorithm,
                              &evidence.signature_prefix, &evidence.reason})
        require_printable(*shown);
    require(evidence.result != auth::DkimResult::pass && evidence.result != auth::DkimResult::temperror);
    require(parsed.signature.has_value() == evidence.reason.empty());
    if (!parsed.signature) return;
    const auto& signature = *parsed.signature;
    require(dns::can_be_asked(signature.key_name));
    require(signature.key_name.ends_with("._domainkey." + signature.domain.text()));
    require(signature.identity_domain.is_within(signature.domain));
    require(!signature.signature.empty() && signature.body_hash.size() == 32);
    require(!signature.signed_at || !signature.expires_at || *signature.signed_at < *signature.expires_at);
}

void check_key(std::string_view input, std::string_view algorithm) {
    const auto signature = auth::parse_dkim_signature(
                               "v=1; d=example.com; s=s; h=from; b=AAAA; "
                               "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; a=" +
                               std::string(algorithm))
                               .signature.value();
    dns::Answer answer;
    answer.outcome = dns::Outcome::found;
    for (const auto piece : text::split(input, '\n')) answer.texts.emplace_back(piece);
    const auto key = auth::choose_dkim_key(answer, signature, 1024);
    require(key.fault.has_value() == key.octets.empty());
    require(key.octets.size() <= 729);
    if (key.fault) require_printable(key.fault->reason);
    if (!key.fault) require(algorithm == "ed25519-sha256" ? key.bits == 256 : key.bits >= 1024);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    check_signature(input);
    check_key(input, "rsa-sha256");
    check_key(input, "ed25519-sha256");
    return 0;
}
