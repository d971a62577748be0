/// A whole message through ArcValidation and ArcSealer. The input's first line is the key record for every
/// name (in the seeds it is a sound one); then come header fields, an empty line and the body, with bare LF
/// for CRLF where it stands so.
///
/// Besides crashes: the verdict must not depend on how the body is cut into pieces; a chain that passes has
/// all its seals and its newest signature verified and is numbered from 1; and what we seal ourselves passes.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/auth/arc_override.hpp"
#include "common/auth/arc_sealing.hpp"
#include "common/auth/arc_validation.hpp"
#include "common/auth/sealed_results.hpp"
#include "tests/fuzz/signed_input.hpp"
#include "tests/support/dkim_signer.hpp"

namespace {

using namespace defender;

constexpr UtcSeconds now = 1'767'225'600;

void require(bool holds) {
    if (!holds) std::abort();
}

/// One record for all names but our own, whose key is there as well.
class KeyResolver : public dns::Resolver {
  public:
    KeyResolver(std::string_view record, const std::string& ours) {
        theirs_ = answer_of(std::string(record));
        ours_ = answer_of(ours);
    }
    void ask(dns::Question question, dns::Deadline, Handler handler) override {
        handler(question.name == "s1._domainkey.sealer.example" ? ours_ : theirs_);
    }

  private:
    static dns::AnswerPtr answer_of(const std::string& record) {
        auto answer = std::make_shared<dns::Answer>();
        answer->outcome = dns::Outcome::found;
        answer->texts.push_back(record);
        return answer;
    }
    dns::AnswerPtr theirs_;
    dns::AnswerPtr ours_;
};

const test::DkimSigningKey& our_key() {
    static const auto key = test::DkimSigningKey::ed25519();
    return key;
}

struct Validated {
    auth::ArcEvidence evidence;
    std::optional<auth::ArcMessage> message;
};

Validated validate(const fuzz::SignedInput& input, std::size_t piece) {
    KeyResolver resolver(input.record, our_key().record());
    static auth::VerifyingKeys keys(10);
    auth::SignedMessage message{input.fields, {}};
    auth::ArcValidation validation(message, keys, resolver, {50, "sealer.example", "s1", "/key"},
                                   {4, 1024, config::PartialBody::policy},
                                   dns::Clock::now() + std::chrono::seconds(1));
    validation.end_of_headers();
    require(validation.wants_header() && message.body.any_wanted());
    for (std::size_t at = 0; at < input.body.size(); at += piece)
        message.body.add(std::span(input.body).subspan(at, std::min(piece, input.body.size() - at)));
    bool ready = false;
    validation.when_keys_are_in([&ready] { ready = true; });
    require(ready);
    message.body.finish();
    auto evidence = validation.finish(now);
    return {std::move(evidence), validation.take_message()};
}

void check_pass(const auth::ArcEvidence& arc) {
    require(!arc.sets.empty() && arc.reason.empty());
    require(arc.sets.back().signature == auth::ArcVerdict::pass);
    require(arc.oldest_pass <= arc.sets.size());
    for (std::size_t at = 0; at < arc.sets.size(); ++at) {
        const auto& set = arc.sets[at];
        require(set.instance == at + 1 && set.seal == auth::ArcVerdict::pass);
        require(set.chain_status == (at == 0 ? "none" : "pass"));
        require(set.authentication_results.size() <= 4096);
        static_cast<void>(auth::sealed_verdict(set.authentication_results, "example.com"));
        static_cast<void>(auth::sealed_remote_ip(set.authentication_results));
    }
    const auto newest = DomainName::parse(arc.sets.back().seal_domain);
    require(newest.has_value() && auth::newest_sealer_is(arc, {*newest}));
    require(auth::arc_trust(arc, {*newest}, "example.com").comment.size() <= 1000);
}

void check_sealing(fuzz::SignedInput input, const Validated& validated) {
    static const auth::ArcSealer sealer("sealer.example", "s1",
                                        auth::SigningKey::parse(our_key().pem()).value());
    const auto set = sealer.seal(*validated.message, {"mx.example", {}}, now);
    if (set.empty()) return;
    const auto before = validated.evidence.result;
    input.fields.insert(input.fields.begin(), set.begin(), set.end());
    const auto after = validate(input, 65535).evidence;
    const bool sound = before == auth::ArcResult::none || before == auth::ArcResult::pass;
    require((after.result == auth::ArcResult::pass) == sound);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = fuzz::split_input({reinterpret_cast<const char*>(data), size});
    const auto whole = validate(input, 65535);
    const auto pieces = validate(input, 3);
    require(whole.evidence.result == pieces.evidence.result);
    require(whole.evidence.reason == pieces.evidence.reason);
    require(whole.evidence.oldest_pass == pieces.evidence.oldest_pass);
    require(whole.evidence.sets.size() <= auth::max_arc_instance);
    require(whole.evidence.result != auth::ArcResult::temperror);
    if (whole.evidence.result == auth::ArcResult::pass) check_pass(whole.evidence);
    check_sealing(input, whole);
    return 0;
}
