// what_if_bench: how fast stored messages are judged again, and how much memory that takes.
//
//   what_if_bench [--records N] [--domains N] [--folder F]
//
// Fills a store in folder F with N judged messages of so many author domains, as the milter would store them;
// then judges all of them again in monitor and in enforce mode. Prints a line for each part: its time, its
// rate, and the peak of the resident memory so far. Fails where the counts do not add up to the records.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>

#include "common/config/settings_reader.hpp"
#include "common/store/evidence_json.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/sqlite_store.hpp"
#include "ctl/judging_again.hpp"
#include "ctl/what_if_settings.hpp"
#include "tests/bench/bench_support.hpp"

namespace {

using namespace defender;
using bench::must;
using bench::print;

struct Options {
    std::uint64_t records = 5000;
    std::uint64_t domains = 200;
    std::string folder = "what_if_bench.data";
};

constexpr std::uint64_t batch = 1000;

/// A message as they come: one signature, SPF for both identities, a policy. Every third fails.
auth::Evidence evidence_of(std::uint64_t number, const Options& options) {
    const bool fails = number % 3 == 0;
    // Scattered, so that neighbours in time are of different domains, as in real mail.
    const auto domain = "d" + std::to_string(number * 2654435761U % options.domains) + ".example";
    const auto helo = "mx." + domain;
    auth::Evidence evidence;
    evidence.queue_id = "4F" + std::to_string(number);
    evidence.received_at = 1777636800 + static_cast<UtcSeconds>(number / 20);
    evidence.draw = static_cast<unsigned>(number % 100);
    evidence.client = {*IpAddress::parse("192.0.2.25"), false, helo, helo, false};
    evidence.mail_from = "@bounce." + domain;
    evidence.author_status = mail::AuthorStatus::ok;
    evidence.author_addresses = {"@" + domain};
    evidence.spf = {{auth::SpfScope::mail_from, fails ? auth::SpfResult::fail : auth::SpfResult::pass,
                     "bounce." + domain, domain, "ip4:192.0.2.0/24", 2, 0},
                    {auth::SpfScope::helo, auth::SpfResult::none, helo, domain, "", 0, 1}};
    auth::DkimEvidence signature;
    signature.result = fails ? auth::DkimResult::fail : auth::DkimResult::pass;
    signature.domain = domain;
    signature.organizational_domain = domain;
    signature.selector = "s20260501";
    signature.identity = "@" + domain;
    signature.algorithm = "rsa-sha256";
    signature.signature_prefix = "AbCdEfGh";
    signature.key_bits = 2048;
    evidence.dkim = {signature};
    auth::PolicyEvidence policy;
    policy.author_domain = domain;
    policy.organizational_domain = domain;
    policy.outcome = auth::PolicyOutcome::found;
    policy.policy_domain = domain;
    policy.record_text = "v=DMARC1; p=reject; rua=mailto:dmarc-reports@" + domain;
    policy.record = auth::parse_dmarc_record(policy.record_text).value();
    evidence.policies = {policy};
    return evidence;
}

void fill(const std::string& path, const Options& options, const auth::JudgeSettings& settings) {
    const bench::Begin began;
    const auto records = must(store::open_sqlite_store(path, store::OpenMode::read_write));
    for (std::uint64_t number = 0; number < options.records;) {
        std::vector<store::Record> some;
        for (; some.size() < batch && number < options.records; ++number) {
            auto& record = some.emplace_back();
            record.host = "mx.example";
            record.evidence = evidence_of(number, options);
            record.judgement = auth::judge(record.evidence, settings);
        }
        must(records->append(some));
    }
    print("records made", options.records, "messages", began);
}

/// The parts that judging again consists of, each alone, on one message.
void time_parts(const Options& options, const ctl::TwoSettings& settings) {
    const auto json = store::json_text(store::to_json(evidence_of(0, options)));
    bench::Begin began;
    for (std::uint64_t i = 0; i < options.records; ++i) must(store::evidence_from_json(json));
    print("evidence read (" + std::to_string(json.size()) + " octets)", options.records, "messages", began);
    const auto evidence = must(store::evidence_from_json(json));
    std::uint64_t steps = 0;
    began = {};
    for (std::uint64_t i = 0; i < options.records; ++i) {
        steps += auth::judge(evidence, settings.in_force).trace.size();
        steps += auth::judge(evidence, settings.changed).trace.size();
    }
    print("judged twice", options.records, "messages", began);
    if (steps == 0) throw std::runtime_error("a judgement without a trace");
}

void scan_alone(store::RecordScan& records, const Options& options) {
    const bench::Begin began;
    std::uint64_t seen = 0;
    must(records.scan(std::numeric_limits<UtcSeconds>::min(), [&](store::StoredRecord&&) { ++seen; }));
    print("records read", seen, "messages", began);
    if (seen != options.records) throw std::runtime_error("not all records were read");
}

void judge_all(store::RecordScan& records, const Options& options, const ctl::TwoSettings& settings) {
    const bench::Begin began;
    ctl::WhatIfLimits limits;
    limits.messages = 100;
    ctl::WhatIf what_if(limits);
    must(ctl::judge_all_again(records, std::numeric_limits<UtcSeconds>::min(), settings, what_if,
                              [](std::uint64_t) {}));
    print("judged again", what_if.counts().looked_at, "messages", began);
    const auto& counts = what_if.counts();
    if (counts.looked_at != options.records || counts.changed != (options.records + 2) / 3 ||
        counts.otherwise_when_received != 0) {
        throw std::runtime_error("the counts do not add up");
    }
}

void run(const Options& options) {
    const auto in_force = config::default_settings();
    const auto changed = ctl::change_by(*in_force, {"policy.mode=enforce"});
    const ctl::TwoSettings settings{auth::judge_settings(*in_force), auth::judge_settings(*changed.settings)};
    config::StoreSettings where;
    where.path = options.folder + "/defender.db";
    fill(where.path, options, settings.in_force);
    time_parts(options, settings);
    const auto records = must(store::RecordScan::open(where));
    scan_alone(*records, options);
    judge_all(*records, options, settings);
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app("Times the judging again of stored messages.", "what_if_bench");
    app.add_option("--records", options.records, "Messages")->capture_default_str();
    app.add_option("--domains", options.domains, "Author domains")->capture_default_str();
    app.add_option("--folder", options.folder, "Made anew, and removed at the end")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    return bench::run("what_if_bench", options.folder, [&] { run(options); });
}
