/// A small signed message and its verification, for DKIM tests.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/auth/dkim_verification.hpp"
#include "tests/support/dkim_signer.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::test {

inline constexpr UtcSeconds dkim_now = 1'767'225'600;  // 2026-01-01

inline mail::HeaderFields plain_fields() {
    return {{"From", " Someone <someone@example.com>"},
            {"To", " other@example.net"},
            {"Subject", " A  subject\r\n\tthat is \r\n folded "},
            {"Date", " Thu, 01 Jan 2026 00:00:00 +0000"},
            {"X-Not-Signed", " x"}};
}
inline const std::string plain_body = "Hello  world \r\n\r\n second\tline\r\n\r\n\r\n";

/// Keys are made once: a large RSA key takes long.
inline const DkimSigningKey& rsa_key(unsigned bits = 1024) {
    static std::map<unsigned, DkimSigningKey> keys;
    const auto found = keys.find(bits);
    return found != keys.end() ? found->second : keys.emplace(bits, DkimSigningKey::rsa(bits)).first->second;
}
inline const DkimSigningKey& ed25519_key() {
    static const DkimSigningKey key = DkimSigningKey::ed25519();
    return key;
}

inline auth::VerifyingKeys& verifying_keys() {
    static auth::VerifyingKeys keys;
    return keys;
}

/// The verification of one message under way, with what it works on.
class DkimVerifying {
  public:
    DkimVerifying(dns::Resolver& resolver, const config::DkimSettings& settings)
        : verification(message, verifying_keys(), resolver, settings,
                       dns::Clock::now() + std::chrono::seconds(20)) {}

    auth::SignedMessage message;
    auth::DkimVerification verification;

    void header(const mail::HeaderField& field) {
        message.header.push_back(field);
        verification.field_added();
    }
    [[nodiscard]] std::vector<auth::DkimEvidence> finish(UtcSeconds now) {
        message.body.finish();
        return verification.finish(now);
    }
};

struct DkimMessage {
    mail::HeaderFields fields = plain_fields();
    std::string body = plain_body;
    FakeResolver resolver;
    config::DkimSettings settings{10, 1024, config::PartialBody::policy};
    std::size_t chunk = 65535;
    UtcSeconds now = dkim_now;
    auth::DkimVerification::Aligned aligned = [](const DomainName&) { return false; };

    void publish(const DkimSigningKey& key, const std::string& name = "s1._domainkey.example.com") {
        resolver.add_txt(name, key.record());
    }
    /// Signs the message as it is and puts the signature on top.
    void sign(const DkimSigningKey& key, const DkimSigning& how = {}) {
        fields.insert(fields.begin(), DkimSigner::sign(key, how, fields, body));
    }
    [[nodiscard]] std::unique_ptr<DkimVerifying> start() {
        return std::make_unique<DkimVerifying>(resolver, settings);
    }
    void feed(DkimVerifying& verifying) const {
        for (const auto& field : fields) verifying.header(field);
        verifying.verification.end_of_headers(aligned);
        auto& hashes = verifying.message.body;
        for (std::size_t at = 0; at < body.size() && hashes.any_wanted(); at += chunk)
            hashes.add(std::span(body).subspan(at, std::min(chunk, body.size() - at)));
    }
    [[nodiscard]] std::vector<auth::DkimEvidence> verify() {
        const auto verifying = start();
        feed(*verifying);
        bool ready = false;
        verifying->verification.when_keys_are_in([&ready] { ready = true; });
        if (!ready) throw std::runtime_error("keys are outstanding");
        return verifying->finish(now);
    }
    [[nodiscard]] auth::DkimEvidence verify_one() { return verify().at(0); }
};

/// A message signed once with `key`, the key published as it is.
inline std::unique_ptr<DkimMessage> signed_message(const DkimSigningKey& key, const DkimSigning& how = {}) {
    auto message = std::make_unique<DkimMessage>();
    message->publish(key);
    message->sign(key, how);
    return message;
}

}  // namespace defender::test
