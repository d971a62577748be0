/// A whole message through DkimVerification. The input's first line is the key record for every name (in the
/// seeds it is a sound one); then come header fields, an empty line and the body, with bare LF for CRLF where
/// it stands so.
///
/// Besides crashes: verdicts must not depend on how the body is cut into pieces, a pass must be a plain one,
/// and what passes or fails here passes or fails with libopendkim.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/auth/dkim_key.hpp"
#include "common/auth/dkim_verification.hpp"
#include "tests/fuzz/signed_input.hpp"
#include "tests/support/libopendkim.hpp"

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
    static auth::VerifyingKeys keys(10);
    OneKeyResolver resolver(input.record);
    auth::SignedMessage message;
    auth::DkimVerification verification(message, keys, resolver, {4, 1024, config::PartialBody::policy},
                                        dns::Clock::now() + std::chrono::seconds(1));
    for (const auto& field : input.fields) {
        message.header.push_back(field);
        verification.field_added();
    }
    verification.end_of_headers([](const DomainName& domain) { return domain.label_count() == 2; });
    for (std::size_t at = 0; at < input.body.size() && message.body.any_wanted(); at += piece)
        message.body.add(std::span(input.body).subspan(at, std::min(piece, input.body.size() - at)));
    bool ready = false;
    verification.when_keys_are_in([&ready] { ready = true; });
    require(ready);
    message.body.finish();
    return verification.finish(1'767'225'600);
}

/// Whether both read the field alike: libopendkim reads none that is not ASCII, and takes a signature that
/// lists its own field for one that covers itself.
bool is_read_alike(const mail::HeaderField& field) {
    const auto signature = auth::parse_dkim_signature(field.value).signature;
    if (!signature) return false;
    const auto& names = signature->signed_fields;
    return std::all_of(field.value.begin(), field.value.end(), [](char c) { return c > 0; }) &&
           std::find(names.begin(), names.end(), "dkim-signature") == names.end();
}

/// The key in the form that libopendkim reads, for the first signature that it can serve; empty where there
/// is none.
std::string record_for_libopendkim(const fuzz::SignedInput& input) {
    dns::Answer answer;
    answer.outcome = dns::Outcome::found;
    answer.texts.emplace_back(input.record);
    for (const auto& field : input.fields) {
        const auto signature = auth::parse_dkim_signature(field.value).signature;
        if (!signature) continue;
        const auto key = auth::choose_dkim_key(answer, *signature, 1024);
        if (!key.fault) return test::Libopendkim::key_record(signature->algorithm, key.octets);
    }
    return {};
}

void compare_with_libopendkim(const fuzz::SignedInput& input, const std::vector<auth::DkimEvidence>& ours) {
    const auto record = record_for_libopendkim(input);
    if (record.empty()) return;
    const auto theirs = test::Libopendkim(record).passes(input.fields, std::string(input.body));
    if (theirs.size() != ours.size()) return;  // it does not take every field for one
    std::size_t at = 0;
    for (const auto& field : input.fields) {
        if (!text::iequals(text::trim(field.name), "dkim-signature")) continue;
        const auto result = ours.at(at).result;
        const bool decided = result == auth::DkimResult::pass || result == auth::DkimResult::fail;
        if (decided && is_read_alike(field)) require(theirs[at] == (result == auth::DkimResult::pass));
        ++at;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = fuzz::split_input({reinterpret_cast<const char*>(data), size});
    const auto whole = verify(input, 65535);
    const auto pieces = verify(input, 3);
    if (!whole.empty()) compare_with_libopendkim(input, whole);
    require(whole.size() == pieces.size());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        require(whole[at].result == pieces[at].result && whole[at].reason == pieces[at].reason);
        require(whole[at].unsigned_octets == pieces[at].unsigned_octets);
        require((whole[at].result == auth::DkimResult::pass) == whole[at].reason.empty());
        require(whole[at].result != auth::DkimResult::pass || (whole[at].verified && whole[at].key_bits > 0));
    }
    return 0;
}
