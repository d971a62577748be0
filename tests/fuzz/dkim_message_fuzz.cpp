/// A whole message through DkimVerification. The input's first line is the key record for every name (in the
/// seeds it is a sound one); then come header fields, an empty line and the body, with bare LF for CRLF where
/// it stands so.
///
/// Besides crashes: verdicts must not depend on how the body is cut into pieces, and a pass must be a plain
/// one.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/auth/dkim_verification.hpp"
#include "tests/fuzz/signed_input.hpp"

namespace {

using namespace defender;

void require(bool holds) {
    if (!holds) std::abort();
}

class OneKeyResolver : public dns::Resolver {
  public:
    explicit OneKeyResolver(std::string_view record) {
        auto answer = std::make_shared<dns::Answer>();
        answer->outcome = dns::Outcome::found;
        answer->texts.emplace_back(record);
        answer_ = std::move(answer);
    }
    void ask(dns::Question, dns::Deadline, Handler handler) override { handler(answer_); }

  private:
    dns::AnswerPtr answer_;
};

std::vector<auth::DkimEvidence> verify(const fuzz::SignedInput& input, std::size_t piece) {
    static const auto library = std::make_shared<const auth::DkimLibrary>();
    OneKeyResolver resolver(input.record);
    auth::DkimVerification verification(library, resolver, {4, 1024, config::PartialBody::policy},
                                        dns::Clock::now() + std::chrono::seconds(1));
    for (const auto& field : input.fields) verification.header(field);
    verification.end_of_headers([](const DomainName& domain) { return domain.label_count() == 2; });
    for (std::size_t at = 0; at < input.body.size() && verification.wants_body(); at += piece)
        verification.body(std::span(input.body).subspan(at, std::min(piece, input.body.size() - at)));
    bool ready = false;
    verification.when_keys_are_in([&ready] { ready = true; });
    require(ready);
    return verification.finish(1'767'225'600);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = fuzz::split_input({reinterpret_cast<const char*>(data), size});
    const auto whole = verify(input, 65535);
    const auto pieces = verify(input, 3);
    require(whole.size() == pieces.size());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        require(whole[at].result == pieces[at].result && whole[at].reason == pieces[at].reason);
        require(whole[at].unsigned_octets == pieces[at].unsigned_octets);
        require((whole[at].result == auth::DkimResult::pass) == whole[at].reason.empty());
        require(whole[at].result != auth::DkimResult::pass || (whole[at].verified && whole[at].key_bits > 0));
    }
    return 0;
}
