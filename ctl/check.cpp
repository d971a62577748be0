// defenderctl check: judges a message file as the milter would, and explains it.
#include <fstream>
#include <future>
#include <iostream>
#include <iterator>
#include <optional>
#include <random>

#include "common/auth/evidence_collector.hpp"
#include "common/auth/judgement.hpp"
#include "common/auth/verdict_header.hpp"
#include "common/base/utc_clock.hpp"
#include "common/dns/system_resolver.hpp"
#include "common/dns/zone_resolver.hpp"
#include "common/mail/authentication_results.hpp"
#include "common/mail/message_file.hpp"
#include "common/metrics/metrics.hpp"
#include "common/store/json_fields.hpp"
#include "ctl/commands.hpp"
#include "ctl/explanation.hpp"

namespace defender::ctl {
namespace {

struct CheckOptions {
    std::string ip;
    std::string helo;
    std::string mail_from;
    std::string zone_file;
    std::string message_file;
    bool json = false;
    bool strict = false;
};

Result<std::string> read_all(const std::string& path) {
    if (path == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
    std::ifstream file(path, std::ios::binary);
    if (!file) return Error{"cannot read " + path};
    std::string octets(std::istreambuf_iterator<char>(file), {});
    if (file.bad()) return Error{"cannot read " + path};
    return octets;
}

Result<std::shared_ptr<dns::Resolver>> make_resolver(const CheckOptions& options,
                                                     const config::Settings& settings,
                                                     metrics::Metrics& metrics) {
    if (options.zone_file.empty()) {
        return std::shared_ptr<dns::Resolver>(dns::make_system_resolver(settings.dns, metrics.dns()));
    }
    const auto text = read_all(options.zone_file);
    if (!text) return text.error();
    auto zone = dns::make_zone_resolver(*text);
    if (!zone) return Error{options.zone_file + ": " + zone.error().message};
    return std::shared_ptr<dns::Resolver>(std::move(*zone));
}

auth::Evidence collect(const std::shared_ptr<const auth::EvidenceSources>& sources,
                       const CheckOptions& options, const IpAddress& ip, const mail::MessageFile& message) {
    auth::ClientEvidence client;
    client.address = ip;
    client.helo = options.helo;
    auth::EvidenceCollector collector(sources, std::move(client));
    collector.mail_from(options.mail_from, utc_now());
    for (const auto& field : message.fields) collector.header(field);
    collector.end_of_headers();
    collector.body(message.body);
    std::promise<void> complete;
    collector.when_all_is_in([&] { complete.set_value(); });
    complete.get_future().wait();
    std::random_device source;
    return collector.take("", std::uniform_int_distribution<unsigned>(0, 99)(source));
}

void print(const store::Record& record, const std::string& field, bool json) {
    if (json) {
        auto object = explanation_json(record);
        object["authentication_results"] = field;
        std::cout << store::json_text(object) << '\n';
        return;
    }
    std::cout << explanation_text(record);
    if (!field.empty()) std::cout << "\nAuthentication-Results:" << field << '\n';
}

/// The field's value with folds as LF; empty for a message that is not judged.
std::string results_field(const auth::Evidence& evidence, const auth::Judgement& judgement,
                          const std::string& authserv_id) {
    if (judgement.exemption != auth::Exemption::no) return {};
    auto value = mail::encode(auth::verdict_header(evidence, judgement, authserv_id));
    std::erase(value, '\r');
    return value;
}

void check(const CheckOptions& options, Context& context) {
    const auto settings = load_settings(context);
    if (!settings) return;
    const auto ip = IpAddress::parse(options.ip);
    if (!ip) {
        std::cerr << "defenderctl: --ip: not an IP address\n";
        context.exit_status = exit_usage;
        return;
    }
    const auto octets = read_all(options.message_file);
    if (!octets) return fail(context, octets.error());
    metrics::Metrics metrics;
    auto resolver = make_resolver(options, *settings, metrics);
    if (!resolver) return fail(context, resolver.error());
    const auto suffixes = auth::PublicSuffixList::load(settings->dmarc.public_suffix_list);
    if (!suffixes) return fail(context, suffixes.error());
    const auto sources = std::make_shared<const auth::EvidenceSources>(
        auth::EvidenceSources{settings, std::move(*resolver), *suffixes});

    store::Record record;
    record.host = settings->milter.authserv_id;
    record.evidence = collect(sources, options, *ip, mail::parse_message_file(*octets));
    record.judgement = auth::judge(record.evidence, auth::judge_settings(*settings));
    print(record, results_field(record.evidence, record.judgement, record.host), options.json);
    if (options.strict && record.judgement.result != auth::DmarcResult::pass)
        context.exit_status = exit_wrong;
}

}  // namespace

void add_check(CLI::App& app, Context& context) {
    const auto options = std::make_shared<CheckOptions>();
    auto* command = app.add_subcommand("check", "Judge a message file as the milter would, and explain it");
    command->add_option("--ip", options->ip, "The client's address")->required();
    command->add_option("--helo", options->helo, "The client's HELO name")->required();
    command->add_option("--mail-from", options->mail_from, "The envelope sender; <> for the null sender")
        ->required();
    command->add_option("--zone", options->zone_file, "Take DNS from this RFC 1035 zone file")
        ->type_name("FILE");
    command->add_flag("--json", options->json, "For machines: one object");
    command->add_flag("--strict", options->strict, "Exit with 1 unless DMARC passes");
    command->add_option("message", options->message_file, "The message; - for standard input")->required();
    command->callback([options, &context] { check(*options, context); });
}

}  // namespace defender::ctl
