// External destinations: whatever a policy record or a destination's TXT record says, only an address that
// can stand in an SMTP command comes out, at the host that was asked, and a server's words stay printable.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"
#include "common/report/external_destination.hpp"
#include "common/report/smtp_dialogue.hpp"
#include "common/report/suppressions.hpp"

namespace {

using namespace defender;
using namespace defender::report;

void require(bool holds) {
    if (!holds) std::abort();
}

/// Every name has the same TXT record.
class OneText : public dns::Resolver {
  public:
    explicit OneText(std::string_view text) : text_(text) {}
    void ask(dns::Question, dns::Deadline, Handler handler) override {
        dns::Answer answer;
        answer.outcome = dns::Outcome::found;
        answer.texts = {text_};
        handler(std::make_shared<const dns::Answer>(std::move(answer)));
    }

  private:
    std::string text_;
};

void check_mailbox(const std::string& mailbox) {
    const auto at = mailbox.rfind('@');
    require(at != std::string::npos && at > 0 && at <= 64);
    const auto host = DomainName::parse(mailbox.substr(at + 1));
    require(host && host->text() == mailbox.substr(at + 1));
    for (const char c : mailbox.substr(0, at)) {
        require(static_cast<unsigned char>(c) > 0x20 && c != 0x7f);
        require(std::string_view("<>()[],;:\\\"@").find(c) == std::string_view::npos);
    }
    require(destinations_of(mailbox).size() >= 2);
}

void check_verdict(std::string_view text) {
    static const auto suffixes = auth::PublicSuffixList::load("").value();
    OneText resolver(text);
    const auto verdict = verify_destination("example.com", "r@collector.example", *suffixes, resolver,
                                            dns::Clock::now() + std::chrono::seconds(1));
    require(verdict.permission != Permission::unknown);
    require((verdict.permission == Permission::yes) == !verdict.addresses.empty());
    for (const auto& address : verdict.addresses) {
        check_mailbox(address);
        require(address.ends_with("@collector.example"));
    }
}

void check_dialogue(std::string_view text) {
    SmtpDialogue dialogue;
    dialogue.begin();
    for (const auto line : text::split(text, '\n')) {
        line.starts_with('C') ? dialogue.sent(line.substr(1)) : dialogue.received(line);
    }
    for (const auto& answer :
         {dialogue.success(), dialogue.failure(text, false), dialogue.failure(text, true)}) {
        require(std::all_of(answer.text.begin(), answer.text.end(), text::is_printable));
        require(answer.code >= 0 && answer.code <= 999);
        // Nobody is blamed twice.
        require(!answer.server_is_at_fault || answer.outcome == SmtpOutcome::retry);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto mailbox = mailbox_of(text)) check_mailbox(*mailbox);
    check_verdict(text);
    check_dialogue(text);
    return 0;
}
