/// Runs a MessageScript through milter::Session as the MTA would, against a gateway with everything of the
/// real one but DNS, which the script plays, and the disk: the last record stays in memory.
///
/// The gateway's threads run; what comes out (reply, record) is there when run() returns.
#pragma once

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config/settings_reader.hpp"
#include "milter/session.hpp"
#include "tests/fuzz/message_script.hpp"
#include "tests/support/arc_message.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::fuzz {

inline constexpr std::string_view our_authserv_id = "mx.receiver.example";
inline constexpr std::string_view our_sealer = "sealer.example";

inline const test::DkimSigningKey& our_key() {
    static const auto key = test::DkimSigningKey::ed25519();
    return key;
}

/// DNS as the script has it. Not thread-safe: questions are asked by the events alone.
class ScriptedResolver : public test::FakeResolver {
  public:
    explicit ScriptedResolver(const std::vector<DnsLine>& lines) {
        add_txt("s1._domainkey." + std::string(our_sealer), our_key().record());
        for (const auto& line : lines) add(line);
    }

    void ask(dns::Question question, dns::Deadline deadline, Handler handler) override {
        const auto how = timing_.find(question.name);
        if (how == timing_.end()) return FakeResolver::ask(std::move(question), deadline, std::move(handler));
        ++held_;
        auto& waiting = how->second == 'L' ? late_ : silent_;
        waiting.push_back({std::move(question), std::move(handler)});
    }

    /// Answers what is late, then gives up what is not answered at all, until nothing waits.
    void finish(dns::Deadline deadline) {
        while (!late_.empty() || !silent_.empty()) {
            for (auto& each : std::exchange(late_, {}))
                FakeResolver::ask(std::move(each.question), deadline, std::move(each.handler));
            if (!late_.empty()) continue;
            for (auto& each : std::exchange(silent_, {})) each.handler(dns::tempfail("timeout"));
        }
    }

    /// How many questions the message has asked.
    [[nodiscard]] std::size_t questions() const { return asked().size() + held_; }

  protected:
    [[nodiscard]] dns::AnswerPtr answer(const dns::Question& question) const override {
        auto own = FakeResolver::answer(question);
        if (own->outcome != dns::Outcome::nxdomain) return own;
        return FakeResolver::answer({"*", question.type});
    }

  private:
    struct Waiting {
        dns::Question question;
        Handler handler;
    };

    static std::string with_key(std::string text) {
        if (const auto at = text.find("$K"); at != std::string::npos) text.replace(at, 2, our_key().record());
        return text;
    }

    void add(const DnsLine& line) {
        switch (line.kind) {
            case 'T':
                add_txt(line.name, with_key(line.value));
                break;
            case 'A':
                if (IpAddress::parse(line.value)) add_address(line.name, line.value);
                break;
            case 'M': {
                const auto blank = line.value.find(' ');
                const auto preference = text::parse_unsigned(line.value.substr(0, blank)).value_or(0);
                const auto host = blank == std::string::npos ? "" : line.value.substr(blank + 1);
                add_mx(line.name, static_cast<std::uint16_t>(preference), host);
                break;
            }
            case 'P':
                add_ptr(line.name, line.value);
                break;
            case 'N':
                add_name(line.name);
                break;
            case 'S':
                for (const auto type : {dns::RecordType::a, dns::RecordType::aaaa, dns::RecordType::mx,
                                        dns::RecordType::ptr, dns::RecordType::txt})
                    set_tempfail(line.name, type, "SERVFAIL");
                break;
            default:
                timing_[dns::question(line.name, dns::RecordType::txt).name] = line.kind;
        }
    }

    std::map<std::string, char> timing_;  ///< L or W, by name
    std::vector<Waiting> late_;
    std::vector<Waiting> silent_;
    std::size_t held_ = 0;
};

/// Keeps the record that was written last.
class LastRecord : public store::RecordStore {
  public:
    explicit LastRecord(std::shared_ptr<store::RecordRow> last) : last_(std::move(last)) {}
    Status append_rows(const std::vector<store::RecordRow>& rows) override {
        *last_ = rows.back();
        return Done{};
    }
    Result<std::vector<store::Record>> find(const std::string&) override {
        return std::vector<store::Record>{};
    }
    Result<std::uint64_t> expire(UtcSeconds) override { return std::uint64_t{0}; }
    Result<store::StoreStatus> status() override { return store::StoreStatus{}; }

  private:
    std::shared_ptr<store::RecordRow> last_;
};

inline std::shared_ptr<const config::Settings> settings_of(const MessageScript& script) {
    static const auto defaults = config::default_settings();
    static const auto list = DomainName::parse("list.example").value();
    auto settings = std::make_shared<config::Settings>(*defaults);
    settings->milter.authserv_id = our_authserv_id;
    settings->milter.workers = 1;
    settings->trust.arc_sealers = {list};
    settings->store.addresses =
        script.has('d') ? config::StoredAddresses::domain : config::StoredAddresses::full;
    if (script.has('e')) settings->policy.mode = config::PolicyMode::enforce;
    if (script.has('9')) settings->dmarc.standard = config::DmarcStandard::rfc9989;
    if (script.has('t')) settings->policy.on_temperror = config::OnTemperror::tempfail;
    if (script.has('j')) settings->policy.on_reject = config::OnReject::judge;
    if (script.has('p')) settings->dkim.partial_body = config::PartialBody::accept;
    if (script.has('s')) settings->arc.domain = our_sealer;
    if (script.has('u')) {
        auto& rule = settings->policy.overrides.emplace_back();
        rule.list_ids = {"list.example"};
        rule.action = config::OverrideAction::tag;
        rule.reason = config::OverrideReason::mailing_list;
    }
    if (script.has('x')) {
        settings->limits.header_octets = 2000;
        settings->limits.header_fields = 12;
        settings->dmarc.max_author_domains = 2;
        settings->dkim.max_signatures = 2;
        settings->arc.max_sets = 2;
    }
    return settings;
}

inline std::shared_ptr<const milter::Configuration> configuration_of(
    const MessageScript& script, std::shared_ptr<dns::Resolver> resolver) {
    static const auto suffixes = auth::PublicSuffixList::load("").value();
    static const auto sealer = std::make_shared<const auth::ArcSealer>(
        std::string(our_sealer), "s1", auth::SigningKey::parse(our_key().pem()).value());
    auto made = std::make_shared<milter::Configuration>();
    made->settings = settings_of(script);
    made->judge = auth::judge_settings(*made->settings);
    made->sources = std::make_shared<const auth::EvidenceSources>(
        auth::EvidenceSources{made->settings, std::move(resolver), suffixes});
    if (script.has('s')) made->sealer = sealer;
    return made;
}

/// The message with the signatures and seals that the script asks for.
inline mail::HeaderFields signed_fields(const MessageScript& script) {
    test::ArcMessage message;
    message.fields = script.fields;
    message.body.clear();
    for (const auto& piece : script.body) message.body += piece;
    for (const auto& line : script.signings) {
        if (line.seals) {
            test::ArcHop hop;
            hop.domain = line.domain;
            hop.results = " " + line.results;
            message.pass_on(hop, our_key());
        } else {
            test::DkimSigning how;
            how.domain = line.domain;
            message.fields.insert(message.fields.begin(),
                                  test::DkimSigner::sign(our_key(), how, message.fields, message.body));
        }
    }
    message.fields.insert(message.fields.begin(), script.fields_above.begin(), script.fields_above.end());
    return message.fields;
}

/// What came of a message; no reply where it was given up.
struct Outcome {
    std::shared_ptr<const milter::Configuration> configuration;
    mail::HeaderFields fields;
    std::optional<milter::Reply> reply;
    store::RecordRow row;
    store::Record record;  ///< as it is read from the row
    std::size_t questions = 0;
};

class GatewayUnderTest {
  public:
    static Outcome run(const MessageScript& script) {
        static GatewayUnderTest gateway;
        return gateway.pass(script);
    }

  private:
    GatewayUnderTest()
        : gateway_(
              configuration_of({}, std::make_shared<test::FakeResolver>()),
              [last = last_] {
                  return Result<std::unique_ptr<store::RecordStore>>(std::make_unique<LastRecord>(last));
              },
              metrics_) {}

    Outcome pass(const MessageScript& script) {
        const auto resolver = std::make_shared<ScriptedResolver>(script.dns);
        Outcome outcome{configuration_of(script, resolver), signed_fields(script), {}, {}, {}, 0};
        gateway_.replace_configuration(outcome.configuration);
        milter::Session session(gateway_);
        feed(session, script, outcome.fields);
        const auto deadline = dns::Clock::now() + std::chrono::seconds(20);
        if (script.aborted) {
            session.abort();
            resolver->finish(deadline);
        } else {
            std::promise<milter::Reply> promise;
            auto reply = promise.get_future();
            session.end_of_message("Q1",
                                   [&promise](milter::Reply made) { promise.set_value(std::move(made)); });
            resolver->finish(deadline);
            outcome.reply = reply.get();  // where none comes, libFuzzer's -timeout tells
            while (!gateway_.wait_until_idle(std::chrono::seconds(1))) {
            }
            outcome.row = *last_;
            outcome.record = store::from_row(outcome.row).value();  // throws where it does not come back
        }
        outcome.questions = resolver->questions();
        return outcome;
    }

    static void feed(milter::Session& session, const MessageScript& script,
                     const mail::HeaderFields& fields) {
        session.connect(script.client_name, IpAddress::parse(script.client));
        session.helo(script.helo);
        session.mail_from(script.mail_from, script.authenticated);
        for (const auto& recipient : script.recipients) session.recipient(recipient);
        for (const auto& field : fields) session.header(field.name, field.value);
        session.end_of_headers();
        for (const auto& piece : script.body) {
            if (session.wants_body()) session.body(piece);
        }
    }

    metrics::Metrics metrics_;
    std::shared_ptr<store::RecordRow> last_ = std::make_shared<store::RecordRow>();
    milter::Gateway gateway_;
};

}  // namespace defender::fuzz
