// message_cost: judges the messages of a corpus, so many rounds of them, and says nothing. What that costs is
// counted from outside, by message_cost.py.
//
//   message_cost --corpus FOLDER --rounds N
//
// Played is what is the gateway's own work on one thread: the evidence is collected, from the zone of the
// corpus behind the gateway's cache, judged, and made into the header field and the row of the record.
// Nothing in it depends on the clock, on chance or on a second thread. Fails where a message does not come
// out as its kind should.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/auth/evidence_collector.hpp"
#include "common/auth/forwarding_sighting.hpp"
#include "common/auth/judgement.hpp"
#include "common/auth/verdict_header.hpp"
#include "common/config/settings_reader.hpp"
#include "common/dns/alarm.hpp"
#include "common/dns/caching_resolver.hpp"
#include "common/dns/zone_resolver.hpp"
#include "common/mail/authentication_results.hpp"
#include "common/mail/line_ends.hpp"
#include "common/metrics/metrics.hpp"
#include "common/store/record_row.hpp"
#include "tests/bench/bench_support.hpp"
#include "tests/bench/mail_corpus.hpp"

namespace {

using namespace defender;
using bench::must;

constexpr UtcSeconds received_at = 1777885964;  // of all messages; their signatures hold then
constexpr const char* authserv_id = "mx.bench.example";

/// A zone in memory answers at once, so that nobody waits for a deadline.
class SilentAlarm final : public dns::Alarm {
  public:
    void set(dns::Clock::time_point, std::function<void()>) override {}
};

class World {
  public:
    explicit World(const std::string& zone_text)
        : zone_(must(dns::make_zone_resolver(zone_text))), settings_(config::default_settings()) {
        dns::CachingOptions options;
        const auto& limits = settings_->dns;
        options.limits = {limits.cache_records, limits.cache_bytes, limits.max_ttl, limits.max_negative_ttl,
                          limits.failure_ttl};
        // Before every deadline, which is the real clock's, also on a host that was just started.
        options.now = [] { return dns::Clock::time_point(); };
        auto sources = std::make_shared<auth::EvidenceSources>();
        sources->settings = settings_;
        sources->resolver = std::make_shared<dns::CachingResolver>(*zone_, alarm_, metrics_.dns(), options);
        sources->suffixes = must(auth::PublicSuffixList::load(""));
        sources_ = std::move(sources);
        judge_settings_ = auth::judge_settings(*settings_);
    }

    void play(const bench::Mail& mail) const {
        store::Record record;
        record.host = authserv_id;
        record.evidence = collect(mail);
        record.judgement = auth::judge(record.evidence, judge_settings_);
        record.sighting = auth::forwarding_sighting(record.evidence, judge_settings_);
        const auto field = mail::encode(auth::verdict_header(record.evidence, record.judgement, authserv_id));
        const bool passes = mail.kind == "rsa" || mail.kind == "rsa-simple" || mail.kind == "ed25519" ||
                            mail.kind == "rsa-relaxed-simple" || mail.kind == "forwarded";
        if (passes != (field.find("dmarc=pass") != std::string::npos)) {
            throw std::runtime_error("a message of the kind " + mail.kind + " came out as" + field);
        }
        if (store::to_row(record).evidence.empty()) throw std::runtime_error("no record");
    }

  private:
    [[nodiscard]] auth::Evidence collect(const bench::Mail& mail) const {
        auth::EvidenceCollector collector(
            sources_, {*IpAddress::parse(mail.client), false, mail.helo, mail.helo, false});
        collector.mail_from("<" + mail.mail_from + ">", received_at);
        for (const auto& field : mail.header) collector.header({field.name, mail::with_crlf(field.value)});
        collector.end_of_headers();
        collector.body(mail.body);
        bool all_is_in = false;
        collector.when_all_is_in([&] { all_is_in = true; });
        if (!all_is_in) throw std::runtime_error("an answer is outstanding, with a zone in memory");
        return collector.take("4F1A2B3C4D", 50);
    }

    metrics::Metrics metrics_;
    SilentAlarm alarm_;
    std::unique_ptr<dns::Resolver> zone_;
    std::shared_ptr<const config::Settings> settings_;
    std::shared_ptr<const auth::EvidenceSources> sources_;
    auth::JudgeSettings judge_settings_;
};

std::string zone_of(const std::string& folder) {
    std::ifstream file(folder + "/zone.txt");
    if (!file) throw std::runtime_error("cannot read " + folder + "/zone.txt");
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Judges the messages of a corpus, so many rounds of them");
    std::string folder;
    std::uint64_t rounds = 1;
    app.add_option("--corpus", folder, "Messages, and the zone that they are judged by")->required();
    app.add_option("--rounds", rounds, "How often")->required();
    CLI11_PARSE(app, argc, argv);
    try {
        const auto mails = bench::read_corpus(folder, 0, 0);
        const World world(zone_of(folder));
        for (std::uint64_t round = 0; round < rounds; ++round) {
            for (const auto& mail : mails) world.play(mail);
        }
    } catch (const std::exception& problem) {
        std::cerr << "message_cost: " << problem.what() << '\n';
        return 1;
    }
    return 0;
}
