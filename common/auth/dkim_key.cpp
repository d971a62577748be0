#include "common/auth/dkim_key.hpp"

#include <algorithm>
#include <vector>

#include "common/auth/base64.hpp"
#include "common/auth/rsa_public_key.hpp"
#include "common/auth/tag_list.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

/// What fits into a key record of 1,024 octets; libopendkim, for one, reads none that is longer. Bounds the
/// work of a verification, which grows with the square of the length.
constexpr std::size_t max_key_octets = 729;
constexpr std::size_t ed25519_octets = 32;
constexpr unsigned ed25519_bits = 256;
/// More records than these at one name are not looked at.
constexpr std::size_t max_records = 20;

DkimKey refuse(DkimResult result, std::string reason) {
    DkimKey key;
    key.fault = DkimFault{result, std::move(reason)};
    return key;
}
DkimKey refuse(std::string reason) {
    return refuse(DkimResult::permerror, std::move(reason));
}

bool lists(std::string_view value, std::string_view word) {
    const auto words = colon_list(value);
    return std::any_of(words.begin(), words.end(), [&](auto each) { return text::iequals(each, word); });
}

std::string_view type_of(DkimAlgorithm algorithm) {
    return algorithm == DkimAlgorithm::rsa_sha256 ? "rsa" : "ed25519";
}

std::optional<std::string> decode_key_data(std::string data) {
    while (data.size() % 4 != 0) data.push_back('=');
    return decode_base64(data);
}

/// What the octets of p= are.
struct KeyMaterial {
    unsigned bits = 0;
    std::string octets;
};

std::optional<KeyMaterial> read_material(const DkimKeyRecord& record) {
    const auto octets = decode_key_data(record.key_data);
    if (!octets) return std::nullopt;
    if (record.key_type == "ed25519") {
        if (octets->size() != ed25519_octets) return std::nullopt;
        return KeyMaterial{ed25519_bits, *octets};
    }
    auto key = parse_rsa_public_key(*octets);
    if (!key) return std::nullopt;
    return KeyMaterial{key->bits, std::move(key->der)};
}

std::optional<DkimFault> permission_fault(const DkimKeyRecord& record, const DkimSignature& signature) {
    const auto permanent = [](std::string reason) {
        return DkimFault{DkimResult::permerror, std::move(reason)};
    };
    if (record.key_data.empty()) return permanent("the key is revoked");
    if (record.key_type != type_of(signature.algorithm)) return permanent("k= of the key does not fit a=");
    if (!record.allows_sha256) return permanent("h= of the key does not allow sha256");
    if (!record.serves_email) return permanent("s= of the key does not allow email");
    if (record.same_domain_only && signature.identity_domain != signature.domain)
        return permanent("t=s of the key does not allow i= in a subdomain");
    return std::nullopt;
}

DkimKey use_record(const DkimKeyRecord& record, const DkimSignature& signature, unsigned min_rsa_bits) {
    DkimKey key;
    key.testing = record.testing;
    key.fault = permission_fault(record, signature);
    if (key.fault) return key;
    auto material = read_material(record);
    if (!material) {
        key.fault = DkimFault{DkimResult::permerror, "p= of the key is no " + record.key_type + " key"};
        return key;
    }
    key.bits = material->bits;
    if (signature.algorithm == DkimAlgorithm::rsa_sha256 && key.bits < min_rsa_bits) {
        key.fault =
            DkimFault{DkimResult::policy, "an RSA key of " + std::to_string(key.bits) + " bits; at least " +
                                              std::to_string(min_rsa_bits) + " are needed"};
        return key;
    }
    if (material->octets.size() > max_key_octets) {
        key.fault = DkimFault{DkimResult::permerror, "the key is too long to be verified with"};
        return key;
    }
    key.octets = std::move(material->octets);
    return key;
}

/// Different key records that could serve the signature: their order in DNS means nothing, so two are one too
/// many.
DkimKey choose_record(const std::vector<DkimKeyRecord>& records, const DkimSignature& signature,
                      unsigned min_rsa_bits) {
    std::vector<DkimKeyRecord> fitting;
    std::copy_if(records.begin(), records.end(), std::back_inserter(fitting),
                 [&](const auto& record) { return record.key_type == type_of(signature.algorithm); });
    if (fitting.empty()) return use_record(records.front(), signature, min_rsa_bits);
    if (fitting.size() > 1) return refuse("there are several key records");
    return use_record(fitting.front(), signature, min_rsa_bits);
}

DkimKey choose_among(const std::vector<std::string>& texts, const DkimSignature& signature,
                     unsigned min_rsa_bits) {
    std::vector<DkimKeyRecord> records;
    std::string first_error;
    for (std::size_t at = 0; at < std::min(texts.size(), max_records); ++at) {
        auto record = parse_dkim_key_record(texts[at]);
        if (!record) {
            if (first_error.empty()) first_error = record.error().message;
        } else if (std::find(records.begin(), records.end(), *record) == records.end()) {
            records.push_back(std::move(*record));
        }
    }
    if (records.empty()) return refuse("no key record: " + first_error);
    return choose_record(records, signature, min_rsa_bits);
}

}  // namespace

Result<DkimKeyRecord> parse_dkim_key_record(std::string_view input) {
    const auto tags = TagList::parse(input);
    if (!tags) return tags.error();
    const auto version = tags->find("v");
    if (version && *version != "DKIM1") return Error{"v= is not DKIM1"};
    if (version && tags->tags().front().name != "v") return Error{"v= is not the first tag"};
    const auto data = tags->find("p");
    if (!data) return Error{"tag p= is missing"};
    DkimKeyRecord record;
    record.key_data = remove_white_space(*data);
    record.key_type = text::to_lower(tags->find("k").value_or("rsa"));
    if (const auto hashes = tags->find("h")) record.allows_sha256 = lists(*hashes, "sha256");
    if (const auto services = tags->find("s"))
        record.serves_email = lists(*services, "email") || lists(*services, "*");
    const auto flags = tags->find("t").value_or("");
    record.testing = lists(flags, "y");
    record.same_domain_only = lists(flags, "s");
    return record;
}

DkimKey choose_dkim_key(const dns::Answer& answer, const DkimSignature& signature, unsigned min_rsa_bits) {
    switch (answer.outcome) {
        case dns::Outcome::tempfail:
            return refuse(DkimResult::temperror,
                          "key look-up failed: " + text::printable(answer.failure, 80));
        case dns::Outcome::nxdomain:
            return refuse("there is no key: NXDOMAIN");
        case dns::Outcome::nodata:
            return refuse("there is no key: no TXT record");
        case dns::Outcome::found:
            break;
    }
    if (answer.texts.empty()) return refuse("there is no key: no TXT record");
    return choose_among(answer.texts, signature, min_rsa_bits);
}

}  // namespace defender::auth
