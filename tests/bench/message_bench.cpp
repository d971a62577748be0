// message_bench: what one message costs in the gateway, part by part.
//
//   message_bench [--messages N] [--sizes KB,KB] [--at-once N] [--folder F]
//
// Plays N messages of each kind through what the milter does with one: the evidence is collected from a zone
// in memory behind the gateway's cache, judged, answered, encoded and put into SQLite in folder F. Prints
// microseconds of processor time for each part alone, on one thread; then of the whole gateway, with all its
// threads and its store, that many messages at once. Fails where a message does not come out as it should.
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <ctime>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/auth/verdict_header.hpp"
#include "common/config/settings_reader.hpp"
#include "common/dns/caching_resolver.hpp"
#include "common/dns/zone_resolver.hpp"
#include "common/log/log.hpp"
#include "common/store/record_redaction.hpp"
#include "common/store/record_row.hpp"
#include "common/store/sqlite_store.hpp"
#include "milter/message_log.hpp"
#include "milter/session.hpp"
#include "tests/bench/bench_support.hpp"
#include "tests/support/dkim_signer.hpp"

namespace {

using namespace defender;
using bench::must;

struct Options {
    std::uint64_t messages = 200;
    std::vector<std::size_t> sizes = {4, 60, 1024};
    std::size_t at_once = 32;
    std::string folder = "message_bench.data";
};

constexpr std::size_t chunk_octets = 65535;

/// What arrives, and what is to become of it.
struct Letter {
    std::string kind;
    mail::HeaderFields fields;
    std::string body;
    std::string expected;  ///< in Authentication-Results
};

mail::HeaderFields usual_fields() {
    mail::HeaderFields fields;
    for (int hop = 4; hop > 0; --hop) {
        const auto number = std::to_string(hop);
        fields.push_back(
            {"Received", " from relay" + number + ".example.com (relay" + number + ".example.com [192.0.2." +
                             number + "])\r\n\tby relay.example.com (Postfix) with ESMTPS id 4XkQ7r2Z" +
                             number + "\r\n\tfor <someone@example.net>; Thu, 1 Jan 2026 00:00:0" + number +
                             " +0000 (UTC)"});
    }
    fields.push_back({"Return-Path", " <bounce@news.example.com>"});
    fields.push_back({"From", " \"Someone of Example\" <someone@news.example.com>"});
    fields.push_back({"To", " Other Person <someone@example.net>"});
    fields.push_back({"Subject", " Re: the figures of the last quarter, and what we make\r\n of them"});
    fields.push_back({"Date", " Thu, 1 Jan 2026 00:00:00 +0000"});
    fields.push_back({"Message-ID", " <20260101000000.4XkQ7r2Z@news.example.com>"});
    fields.push_back({"In-Reply-To", " <20251231000000.AAAAAAAA@example.net>"});
    fields.push_back({"References",
                      " <20251230000000.BBBBBBBB@example.net>\r\n <20251231000000.AAAAAAAA@"
                      "example.net>"});
    fields.push_back({"MIME-Version", " 1.0"});
    fields.push_back({"Content-Type", " text/plain; charset=utf-8"});
    fields.push_back({"Content-Transfer-Encoding", " 7bit"});
    fields.push_back({"List-Id", " Figures <figures.news.example.com>"});
    fields.push_back({"X-Mailer", " Example Mailer 1.0"});
    return fields;
}

/// Prose in lines of some 70 octets, a paragraph every few of them.
std::string body_of(std::size_t octets) {
    std::string body;
    for (std::size_t line = 0; body.size() < octets; ++line) {
        body += "Line " + std::to_string(line) +
                " of the message says what all the others say as well, just so\r\n";
        if (line % 8 == 7) body += "\r\n";
    }
    return body;
}

std::vector<Letter> letters_of(std::size_t kilobytes, const test::DkimSigningKey& key) {
    const auto size = std::to_string(kilobytes) + " KB ";
    std::vector<Letter> letters;
    for (const std::string form : {"relaxed", "simple"}) {
        Letter letter{size + form, usual_fields(), body_of(kilobytes * 1024), "dkim=pass"};
        test::DkimSigning how;
        how.domain = "news.example.com";
        how.header = how.body = form;
        how.signed_fields = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"};
        letter.fields.insert(letter.fields.begin() + 4,
                             test::DkimSigner::sign(key, how, letter.fields, letter.body));
        letters.push_back(std::move(letter));
    }
    letters.push_back({size + "unsigned", usual_fields(), body_of(kilobytes * 1024), "dkim=none"});
    return letters;
}

/// TXT data in strings of at most 255 octets.
std::string strings_of(std::string_view text) {
    std::string out;
    for (; !text.empty(); text.remove_prefix(std::min<std::size_t>(text.size(), 255)))
        out += "\"" + std::string(text.substr(0, 255)) + "\" ";
    return out;
}

std::string zone_of(const test::DkimSigningKey& key) {
    const auto txt = [](const std::string& name, const std::string& text) {
        return name + ". 3600 IN TXT " + strings_of(text) + "\n";
    };
    return txt("news.example.com", "v=spf1 mx include:_spf.example.com ip4:192.0.2.0/24 -all") +
           "news.example.com. 3600 IN MX 10 mx.example.com.\nmx.example.com. 3600 IN A 203.0.113.25\n" +
           txt("_spf.example.com", "v=spf1 ip4:198.51.100.0/24 ip4:203.0.113.0/28 ~all") +
           txt("relay1.example.com", "v=spf1 a -all") + "relay1.example.com. 3600 IN A 192.0.2.1\n" +
           txt("_dmarc.example.com", "v=DMARC1; p=reject; rua=mailto:dmarc@example.com; adkim=r; aspf=r") +
           txt("s1._domainkey.news.example.com", key.record());
}

double seconds_of(clockid_t clock) {
    timespec spent{};
    clock_gettime(clock, &spent);
    return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

/// Processor time of one thread by parts of a message.
class Parts {
  public:
    template <typename Work>
    auto time(std::size_t part, Work work) {
        const Span span(spent_.at(part));
        return work();
    }
    [[nodiscard]] double spent(std::size_t part) const { return spent_.at(part); }

  private:
    class Span {
      public:
        explicit Span(double& sum) : sum_(sum), began_(seconds_of(CLOCK_THREAD_CPUTIME_ID)) {}
        ~Span() { sum_ += seconds_of(CLOCK_THREAD_CPUTIME_ID) - began_; }
        Span(const Span&) = delete;
        Span& operator=(const Span&) = delete;

      private:
        double& sum_;
        double began_;
    };
    std::vector<double> spent_ = std::vector<double>(16);
};

constexpr const char* part_names[] = {"MAIL FROM", "header", "body",   "verify",
                                      "judge",     "reply",  "encode", "store"};
enum Part : std::size_t { mail_from, header, body, verify, judge, reply, encode, store_part, parts };

/// Log lines are made and thrown away while it lives.
class QuietLog {
  public:
    QuietLog() : kept_(::dup(STDERR_FILENO)) {
        const int nothing = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (kept_ < 0 || nothing < 0) throw std::runtime_error("/dev/null cannot be opened");
        ::dup2(nothing, STDERR_FILENO);
        ::close(nothing);
    }
    ~QuietLog() {
        ::dup2(kept_, STDERR_FILENO);
        ::close(kept_);
    }
    QuietLog(const QuietLog&) = delete;
    QuietLog& operator=(const QuietLog&) = delete;

  private:
    int kept_;
};

/// All that a message meets, with DNS in memory.
class World {
  public:
    explicit World(const Options& options)
        : options_(options),
          zone_(must(dns::make_zone_resolver(zone_of(key_)))),
          alarm_(dns::make_alarm(thread_)),
          settings_(settings()),
          cache_(std::make_shared<dns::CachingResolver>(*zone_, *alarm_, metrics_.dns(), cache_options())) {
        auto sources = std::make_shared<auth::EvidenceSources>();
        sources->settings = settings_;
        sources->resolver = cache_;
        sources->suffixes = must(auth::PublicSuffixList::load(""));
        auto configuration = std::make_shared<milter::Configuration>();
        configuration->settings = settings_;
        configuration->judge = auth::judge_settings(*settings_);
        configuration->sources = std::move(sources);
        configuration_ = std::move(configuration);
    }

    [[nodiscard]] const test::DkimSigningKey& key() const { return key_; }
    void time_parts(const Letter& letter);
    void time_gateway(const Letter& letter);

  private:
    [[nodiscard]] static std::shared_ptr<const config::Settings> settings() {
        auto made = std::make_shared<config::Settings>(*config::default_settings());
        made->milter.authserv_id = "mx.example.net";
        return made;
    }
    [[nodiscard]] dns::CachingOptions cache_options() const {
        const auto& dns = settings_->dns;
        dns::CachingOptions made;
        made.limits = {dns.cache_records, dns.cache_bytes, dns.max_ttl, dns.max_negative_ttl,
                       dns.failure_ttl};
        return made;
    }
    [[nodiscard]] static auth::ClientEvidence client() {
        return {*IpAddress::parse("192.0.2.1"), false, "relay1.example.com", "relay1.example.com", false};
    }
    [[nodiscard]] store::Record collect(const Letter& letter, Parts& spent) const;
    static void feed(milter::Session& session, const Letter& letter);
    void check(const Letter& letter, const milter::Reply& reply) const;

    const Options& options_;
    test::DkimSigningKey key_ = test::DkimSigningKey::rsa(2048);
    metrics::Metrics metrics_;
    std::unique_ptr<dns::Resolver> zone_;
    dns::EventThread thread_;
    std::unique_ptr<dns::Alarm> alarm_;
    std::shared_ptr<const config::Settings> settings_;
    std::shared_ptr<dns::CachingResolver> cache_;
    std::shared_ptr<const milter::Configuration> configuration_;
};

void World::check(const Letter& letter, const milter::Reply& reply) const {
    const bool as_expected = reply.authentication_results &&
                             reply.authentication_results->value.find(letter.expected) != std::string::npos &&
                             reply.authentication_results->value.find("dmarc=pass") != std::string::npos;
    if (!as_expected) throw std::runtime_error(letter.kind + ": not the result that was expected");
}

store::Record World::collect(const Letter& letter, Parts& spent) const {
    std::unique_ptr<auth::EvidenceCollector> collector;
    spent.time(mail_from, [&] {
        collector = std::make_unique<auth::EvidenceCollector>(configuration_->sources, client());
        collector->mail_from("<bounce@news.example.com>", 1'767'225'600);
    });
    spent.time(header, [&] {
        for (const auto& field : letter.fields) collector->header(field);
        collector->end_of_headers();
    });
    spent.time(body, [&] {
        const std::string_view all(letter.body);
        for (std::size_t at = 0; at < all.size() && collector->wants_body(); at += chunk_octets)
            collector->body(all.substr(at, chunk_octets));
    });
    store::Record record;
    spent.time(verify, [&] {
        bool ready = false;
        collector->when_all_is_in([&ready] { ready = true; });
        if (!ready) throw std::runtime_error("an answer is outstanding");
        record.evidence = collector->take("4XkQ7r2Z", 7);
        collector.reset();
    });
    spent.time(judge, [&] { record.judgement = auth::judge(record.evidence, configuration_->judge); });
    return record;
}

void World::time_parts(const Letter& letter) {
    const auto path = options_.folder + "/parts.db";
    const auto records = must(store::open_sqlite_store(path, store::OpenMode::read_write));
    Parts spent;
    std::vector<store::Record> batch;
    for (std::uint64_t number = 0; number < options_.messages; ++number) {
        auto record = collect(letter, spent);
        spent.time(reply, [&] {
            const auto made = milter::reply_for(record.evidence, record.judgement, *settings_, {});
            log::info("MESSAGE_JUDGED", milter::message_fields(record.evidence, record.judgement,
                                                               std::chrono::milliseconds(1)));
            check(letter, made);
        });
        spent.time(encode, [&] {
            record = store::redact(std::move(record), settings_->store.addresses);
            if (store::to_row(record).evidence.empty()) throw std::runtime_error("an empty record");
        });
        batch.push_back(std::move(record));
        if (batch.size() < options_.at_once && number + 1 < options_.messages) continue;
        spent.time(store_part, [&] { must(records->append(batch)); });
        batch.clear();
    }
    // The store encodes what it stores; that has been counted already.
    const auto stored = spent.spent(store_part) - spent.spent(encode);
    double sum = 0;
    std::printf("%-18s", letter.kind.c_str());
    for (std::size_t part = 0; part < parts; ++part) {
        const auto seconds = part == store_part ? stored : spent.spent(part);
        sum += seconds;
        std::printf(" %9.1f", seconds * 1e6 / static_cast<double>(options_.messages));
    }
    std::printf(" %9.1f\n", sum * 1e6 / static_cast<double>(options_.messages));
    std::fflush(stdout);
}

void World::feed(milter::Session& session, const Letter& letter) {
    session.connect("relay1.example.com", IpAddress::parse("192.0.2.1"));
    session.helo("relay1.example.com");
    session.mail_from("<bounce@news.example.com>", false);
    for (const auto& field : letter.fields) session.header(field.name, field.value);
    session.end_of_headers();
    const std::string_view all(letter.body);
    for (std::size_t at = 0; at < all.size() && session.wants_body(); at += chunk_octets)
        session.body(all.substr(at, chunk_octets));
}

void World::time_gateway(const Letter& letter) {
    const auto path = options_.folder + "/gateway.db";
    milter::Gateway gateway(
        configuration_, [&path] { return store::open_sqlite_store(path, store::OpenMode::read_write); },
        metrics_);
    const auto play = [&](std::uint64_t count) {
        std::vector<std::unique_ptr<milter::Session>> sessions;
        std::vector<std::future<milter::Reply>> replies;
        for (std::uint64_t at = 0; at < count; ++at) {
            auto& session = *sessions.emplace_back(std::make_unique<milter::Session>(gateway));
            feed(session, letter);
            const auto promise = std::make_shared<std::promise<milter::Reply>>();
            replies.push_back(promise->get_future());
            session.end_of_message("4XkQ7r2Z",
                                   [promise](milter::Reply made) { promise->set_value(std::move(made)); });
        }
        for (auto& each : replies) check(letter, each.get());
    };
    play(1);  // the store is open, and DNS known
    const auto began = bench::Clock::now();
    const auto spent_before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    for (std::uint64_t left = options_.messages; left > 0;) {
        const auto some = std::min<std::uint64_t>(left, options_.at_once);
        play(some);
        left -= some;
    }
    const auto count = static_cast<double>(options_.messages);
    const auto spent = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - spent_before;
    const std::chrono::duration<double> passed = bench::Clock::now() - began;
    std::printf("%-18s %9.1f us of processor time a message, %8.0f messages/s\n", letter.kind.c_str(),
                spent * 1e6 / count, count / passed.count());
    std::fflush(stdout);
}

void run(const Options& options) {
    World world(options);
    log::configure(log::Level::info, log::Target::journald);
    const QuietLog quiet;
    std::vector<Letter> letters;
    for (const auto kilobytes : options.sizes) {
        auto some = letters_of(kilobytes, world.key());
        std::move(some.begin(), some.end(), std::back_inserter(letters));
    }
    std::printf("us of processor time  ");
    for (const auto* name : part_names) std::printf(" %9s", name);
    std::printf(" %9s\n", "sum");
    for (const auto& letter : letters) world.time_parts(letter);
    std::printf("\nthe whole gateway, %zu messages at once\n", options.at_once);
    for (const auto& letter : letters) world.time_gateway(letter);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Times what one message costs in the gateway, part by part.", "message_bench");
    app.add_option("--messages", options.messages, "Messages of each kind")->capture_default_str();
    app.add_option("--sizes", options.sizes, "Kilobytes of the bodies")
        ->delimiter(',')
        ->capture_default_str();
    app.add_option("--at-once", options.at_once, "Messages at once, and records in one transaction")
        ->capture_default_str();
    app.add_option("--folder", options.folder, "Made anew, and removed at the end")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return bench::run("message_bench", options.folder, [&] { run(options); });
}
