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
#include "common/base/text.hpp"

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

struct Input {
    std::string_view record;
    mail::HeaderFields fields;
    std::string_view body;
};

std::string_view take_line(std::string_view& rest) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    return line;
}

Input split(std::string_view rest) {
    Input input;
    input.record = take_line(rest);
    while (!rest.empty()) {
        auto line = take_line(rest);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty()) break;
        const auto colon = line.find(':');
        if (text::is_blank(line.front()) && !input.fields.empty()) {
            input.fields.back().value.append("\r\n").append(line);
        } else if (colon != std::string_view::npos) {
            input.fields.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
        }
    }
    input.body = rest;
    return input;
}

std::vector<auth::DkimEvidence> verify(const Input& input, std::size_t piece) {
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
    const Input input = split({reinterpret_cast<const char*>(data), size});
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
