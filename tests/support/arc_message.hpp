/// ArcMessage: a message that is passed on from hop to hop, and its validation, for ARC tests.
///
/// Sets are made as RFC 8617 has it, with the canonicalization of dkim_signer.hpp, so nothing is shared with
/// the code under test. All hops use one key. Failures throw.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/auth/arc_validation.hpp"
#include "tests/support/dkim_message.hpp"
#include "tests/support/dkim_signer.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::test {

/// How one hop seals.
struct ArcHop {
    std::string domain = "list.example";
    std::string selector = "s1";
    std::string results = " list.example; dmarc=pass header.from=example.com";
    std::string chain_status;  ///< empty: none for the first set, pass for the others
    std::string header = "relaxed";
    std::string body = "relaxed";
    std::vector<std::string> signed_fields = {"from", "to", "subject", "date"};
    std::optional<std::size_t> length;  ///< l=
    std::string more_signature_tags;    ///< " x=1;" or the like
    std::string more_seal_tags;
    std::optional<unsigned> instance;  ///< else the next
};

/// The validation of one message under way, with what it works on.
class ArcValidating {
  public:
    ArcValidating(dns::Resolver& resolver, const config::ArcSettings& arc, const config::DkimSettings& dkim)
        : validation(message, verifying_keys(), resolver, arc, dkim,
                     dns::Clock::now() + std::chrono::seconds(20)) {}

    auth::SignedMessage message;
    auth::ArcValidation validation;

    [[nodiscard]] auth::ArcEvidence finish(UtcSeconds now) {
        message.body.finish();
        return validation.finish(now);
    }
};

struct ArcMessage {
    mail::HeaderFields fields = plain_fields();
    std::string body = plain_body;
    FakeResolver resolver;
    config::ArcSettings arc{50, "", "", ""};
    config::DkimSettings dkim{10, 1024, config::PartialBody::policy};
    std::size_t chunk = 65535;
    UtcSeconds now = dkim_now;

    void publish(const std::string& domain = "list.example", const DkimSigningKey& key = rsa_key(),
                 const std::string& selector = "s1") {
        resolver.add_txt(selector + "._domainkey." + domain, key.record());
    }

    void pass_on(const ArcHop& hop = {}, const DkimSigningKey& key = rsa_key()) {
        const auto seals = std::count_if(fields.begin(), fields.end(),
                                         [](const auto& field) { return field.name == "ARC-Seal"; });
        const auto number = std::to_string(hop.instance.value_or(static_cast<unsigned>(seals) + 1));
        const mail::HeaderField results{"ARC-Authentication-Results", " i=" + number + ";" + hop.results};
        const auto signature = message_signature(hop, key, number);
        const auto before = sets();
        const std::string status =
            !hop.chain_status.empty() ? hop.chain_status : (number == "1" ? "none" : "pass");
        mail::HeaderField seal{"ARC-Seal", " i=" + number + "; a=" + key.type() +
                                               "-sha256; t=1; cv=" + status + ";" + hop.more_seal_tags +
                                               "\r\n\td=" + hop.domain + "; s=" + hop.selector + "; b="};
        const auto text =
            before + canonical(results) + canonical(signature) + DkimSigner::canonical_field(seal, "relaxed");
        seal.value += DkimSigner::folded(base64_of(key.sign(text, EVP_sha256())));
        fields.insert(fields.begin(), {seal, signature, results});
    }

    mail::HeaderField& field(const std::string& name, std::size_t which = 0) {
        for (auto& each : fields) {
            if (each.name == name && which-- == 0) return each;
        }
        throw std::runtime_error("no field " + name);
    }

    [[nodiscard]] std::unique_ptr<ArcValidating> start() {
        return std::make_unique<ArcValidating>(resolver, arc, dkim);
    }
    void feed(ArcValidating& validating) const {
        validating.message.header = fields;
        validating.validation.end_of_headers();
        auto& hashes = validating.message.body;
        for (std::size_t at = 0; at < body.size() && hashes.any_wanted(); at += chunk)
            hashes.add(std::span(body).subspan(at, std::min(chunk, body.size() - at)));
    }
    [[nodiscard]] auth::ArcEvidence validate() {
        const auto validating = start();
        feed(*validating);
        return finish(*validating);
    }
    [[nodiscard]] auth::ArcEvidence finish(ArcValidating& validating) const {
        bool ready = false;
        validating.validation.when_keys_are_in([&ready] { ready = true; });
        if (!ready) throw std::runtime_error("keys are outstanding");
        return validating.finish(now);
    }

  private:
    static std::string canonical(const mail::HeaderField& field) {
        return DkimSigner::canonical_field(field, "relaxed") + "\r\n";
    }
    /// All sets so far as a seal signs them: the oldest first, each as results, signature, seal.
    [[nodiscard]] std::string sets() const {
        std::string text;
        std::vector<mail::HeaderField> arc_fields;
        for (const auto& each : fields) {
            if (each.name.starts_with("ARC-")) arc_fields.push_back(each);
        }
        for (auto each = arc_fields.rbegin(); each != arc_fields.rend(); ++each) text += canonical(*each);
        return text;
    }
    [[nodiscard]] mail::HeaderField message_signature(const ArcHop& hop, const DkimSigningKey& key,
                                                      const std::string& number) const {
        auto hashed = DkimSigner::canonical_body(body, hop.body);
        if (hop.length) hashed.resize(std::min(*hop.length, hashed.size()));
        mail::HeaderField field{"ARC-Message-Signature",
                                " i=" + number + "; a=" + key.type() + "-sha256; c=" + hop.header + "/" +
                                    hop.body + "; d=" + hop.domain + "; s=" + hop.selector + ";" +
                                    hop.more_signature_tags +
                                    "\r\n\th=" + DkimSigner::joined(hop.signed_fields) + ";"};
        if (hop.length) field.value += " l=" + std::to_string(*hop.length) + ";";
        field.value += " bh=" + base64_of(digest_of(hashed, EVP_sha256())) + ";\r\n\tb=";
        const auto text = DkimSigner::signed_text(hop.signed_fields, hop.header, fields) +
                          DkimSigner::canonical_field(field, hop.header);
        field.value += DkimSigner::folded(base64_of(key.sign(text, EVP_sha256())));
        return field;
    }
};

/// A message that went through `hops` relays of list.example, whose key is published.
inline std::unique_ptr<ArcMessage> passed_on(std::size_t hops, const ArcHop& how = {}) {
    auto message = std::make_unique<ArcMessage>();
    message->publish(how.domain, rsa_key(), how.selector);
    for (std::size_t hop = 0; hop < hops; ++hop) message->pass_on(how);
    return message;
}

}  // namespace defender::test
