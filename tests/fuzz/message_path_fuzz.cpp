/// A whole message, envelope, header, body and all that DNS says of it, from MAIL FROM to reply and record.
/// The input is a script (message_script.hpp), which run by milter::Session (message_run.hpp) as the MTA
/// would.
///
/// Besides crashes and hangs: nothing unexpected happens inside the filter; no author passes without an
/// identifier that passed and belongs to it; monitor mode does nothing; the reply and the header fields are
/// octets that no sender can break out of, and say what the record says; forged results go; the record comes
/// back from its columns as it was, and judged again, by either standard and in either mode, it is judged
/// alike; a report can be made of it; what a message can ask of DNS is bounded.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/auth/alignment.hpp"
#include "common/auth/verdict_header.hpp"
#include "common/log/log.hpp"
#include "common/mail/authentication_results.hpp"
#include "common/mail/utf8.hpp"
#include "common/report/report_model.hpp"
#include "common/report/report_xml.hpp"
#include "common/store/evidence_json.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/judgement_json.hpp"
#include "common/store/record_redaction.hpp"
#include "common/store/record_row.hpp"
#include "common/store/report_row_json.hpp"
#include "tests/fuzz/message_run.hpp"

namespace {

using namespace defender;

// Ten author domains with eight names each by the tree walk and two by RFC 7489, two SPF evaluations with all
// that is looked up ahead, 10 signatures with their walks, 50 ARC sets with two keys each.
constexpr std::size_t most_questions = 1500;
constexpr std::size_t longest_line = 998;  // RFC 5322 section 2.1.1
constexpr std::size_t longest_reply = 500;

void require(bool holds) {
    if (!holds) std::abort();
}

std::string_view last_label(std::string_view domain) {
    const auto dot = domain.rfind('.');
    return dot == std::string_view::npos ? domain : domain.substr(dot + 1);
}

/// Whether an identifier could align with the author by the standard, as far as that can be told without the
/// code under test: the tree walk's organizational domains are at least in one top-level domain.
bool related(const auth::Identifier& authenticated, const auth::PolicyEvidence& author,
             auth::AlignmentMode mode, config::DmarcStandard standard) {
    if (authenticated.domain.empty()) return false;
    if (authenticated.domain == author.author_domain) return true;
    if (mode == auth::AlignmentMode::strict) return false;
    if (standard == config::DmarcStandard::rfc9989)
        return last_label(authenticated.domain) == last_label(author.author_domain);
    return authenticated.organizational_domain == author.organizational_domain;
}

/// `mode` of the author's policy by RFC 7489; a tree walk may find another, so relaxed is taken there.
bool passes(const auth::Evidence& evidence, const auth::PolicyEvidence& author,
            const auth::JudgeSettings& settings) {
    const bool psl = settings.standard == config::DmarcStandard::rfc7489;
    const auto aspf = psl ? author.record.spf_alignment : auth::AlignmentMode::relaxed;
    const auto adkim = psl ? author.record.dkim_alignment : auth::AlignmentMode::relaxed;
    const bool by_spf = std::any_of(evidence.spf.begin(), evidence.spf.end(), [&](const auto& spf) {
        return spf.scope == auth::SpfScope::mail_from && spf.result == auth::SpfResult::pass &&
               related(auth::identifier(spf), author, aspf, settings.standard);
    });
    return by_spf || std::any_of(evidence.dkim.begin(), evidence.dkim.end(), [&](const auto& dkim) {
               const bool whole =
                   !dkim.unsigned_octets || settings.partial_body == config::PartialBody::accept;
               return dkim.result == auth::DkimResult::pass && dkim.verified && !dkim.testing && whole &&
                      related(auth::identifier(dkim), author, adkim, settings.standard);
           });
}

/// The author whose domain that is, in the evidence and in the From field's addresses.
const auth::PolicyEvidence& author_of(const auth::Evidence& evidence, const std::string& domain) {
    const auto author = std::find_if(evidence.policies.begin(), evidence.policies.end(),
                                     [&](const auto& policy) { return policy.author_domain == domain; });
    require(author != evidence.policies.end());
    require(std::any_of(evidence.author_addresses.begin(), evidence.author_addresses.end(),
                        [&](const auto& address) { return address.ends_with("@" + domain); }));
    return *author;
}

void check_judgement(const auth::Evidence& evidence, const auth::Judgement& judgement,
                     const auth::JudgeSettings& settings) {
    if (judgement.exemption != auth::Exemption::no) {
        require(judgement.domains.empty() && judgement.action == auth::Action::accept);
        return;
    }
    if (settings.policy.mode == config::PolicyMode::monitor)
        require(judgement.action == auth::Action::accept);
    const bool known_author = evidence.author_status == mail::AuthorStatus::ok;
    require(known_author == !judgement.domains.empty());
    require(known_author || judgement.result == auth::DmarcResult::permerror);
    for (const auto& domain : judgement.domains) {
        const auto& author = author_of(evidence, domain.author_domain);
        if (domain.result != auth::DmarcResult::pass) continue;
        require(domain.spf_aligned || domain.dkim_aligned);
        require(!domain.policy_domain.empty() && domain.disposition == auth::Disposition::none);
        require(passes(evidence, author, settings));
    }
    if (!known_author) return;
    require(judgement.deciding < judgement.domains.size());
    require(judgement.domains[judgement.deciding].result == judgement.result);
}

/// Text of a header field: printable ASCII, and folds.
void check_lines(std::string_view name, std::string_view value) {
    require(value.starts_with(' '));
    std::size_t length = name.size() + 1;
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (value[at] == '\r') {
            require(value.substr(at + 1, 1) == "\n");
            require(at + 2 < value.size() && text::is_blank(value[at + 2]));
            length = 0;
            ++at;
        } else {
            require(text::is_printable(value[at]) || value[at] == '\t');
            require(++length <= longest_line);
        }
    }
}

const mail::MethodResult& only(const mail::AuthenticationResults& results, std::string_view method) {
    const auto is_it = [&](const auto& result) { return result.method == method; };
    require(std::count_if(results.results.begin(), results.results.end(), is_it) == 1);
    return *std::find_if(results.results.begin(), results.results.end(), is_it);
}

std::string property_of(const mail::MethodResult& result, std::string_view type, std::string_view property) {
    const auto found =
        std::find_if(result.properties.begin(), result.properties.end(),
                     [&](const auto& each) { return each.type == type && each.property == property; });
    return found == result.properties.end() ? "" : found->value;
}

/// Our own field says what the record says, whoever reads it.
void check_results(const fuzz::Outcome& outcome) {
    const auto& field = *outcome.reply->authentication_results;
    const auto& judgement = outcome.record.judgement;
    check_lines(field.name, field.value);
    const auto read = mail::parse_authentication_results(field.value);
    require(read.has_value() && read->authserv_id == fuzz::our_authserv_id);
    const auto written = auth::verdict_header(outcome.record.evidence, judgement, fuzz::our_authserv_id);
    require(read->results.size() == written.results.size());
    for (std::size_t at = 0; at < read->results.size(); ++at) {
        require(read->results[at].method == written.results[at].method);
        require(read->results[at].result == written.results[at].result);
    }
    const auto& dmarc = only(*read, "dmarc");
    require(dmarc.result == auth::to_string(judgement.result));
    const auto from = judgement.domains.empty() ? "" : judgement.domains[judgement.deciding].author_domain;
    require(property_of(dmarc, "header", "from") == from);
    require(only(*read, "spf").properties.size() <= 1);
    require(only(*read, "arc").result != "temperror");
}

/// Every field that a reader takes for ours is deleted, and none twice.
void check_deleted(const fuzz::Outcome& outcome) {
    const auto& positions = outcome.reply->delete_positions;
    require(std::is_sorted(positions.rbegin(), positions.rend()));
    require(std::adjacent_find(positions.begin(), positions.end()) == positions.end());
    unsigned position = 0;
    for (const auto& field : outcome.fields) {
        if (!text::iequals(text::trim(field.name), "authentication-results")) continue;
        ++position;
        const auto read = mail::parse_authentication_results(field.value);
        if (read && text::iequals(read->authserv_id, fuzz::our_authserv_id))
            require(std::find(positions.begin(), positions.end(), position) != positions.end());
    }
    require(positions.empty() || (positions.front() <= position && positions.back() >= 1));
}

void check_reply(const fuzz::Outcome& outcome) {
    const auto& reply = *outcome.reply;
    const auto& judgement = outcome.record.judgement;
    require(reply.action == judgement.action);
    require(reply.text.size() <= longest_reply);
    require(std::all_of(reply.text.begin(), reply.text.end(), text::is_printable));
    const bool refused = reply.action == auth::Action::reject || reply.action == auth::Action::tempfail;
    require(refused == !reply.code.empty());
    require(milter::smtp_text(reply) == outcome.record.reply);
    const bool marked = !refused && judgement.exemption == auth::Exemption::no;
    require(marked == reply.authentication_results.has_value());
    require(reply.arc_set.empty() || (marked && reply.arc_set.size() == 3));
    for (const auto& field : reply.arc_set) check_lines(field.name, field.value);
    if (marked) check_results(outcome);
    if (!refused && judgement.exemption != auth::Exemption::trusted_network) check_deleted(outcome);
}

std::string json(const auto& value) {
    return store::json_text(store::to_json(value));
}

/// The same text of what a column has.
std::string json_text_of(const std::string& column) {
    return store::json_text(store::Json::parse(column));
}

/// Nothing that the columns have is lost where they are read.
void check_record(const fuzz::Outcome& outcome) {
    const auto& row = outcome.row;
    const auto& record = outcome.record;
    require(record.error.empty());
    require(mail::is_utf8(row.evidence) && mail::is_utf8(row.judgement));
    require(json(record.evidence) == json_text_of(row.evidence));
    require(json(record.judgement) == json_text_of(row.judgement));
    require(store::to_row(record).auth_results == row.auth_results);
}

/// Without what names addresses: the explanations.
std::string verdict_of(auth::Judgement judgement) {
    judgement.trace.clear();
    judgement.overrides.clear();
    for (auto& domain : judgement.domains) domain.overrides.clear();
    return json(judgement);
}

/// What is stored is enough to judge by: under the same settings the same comes out, addresses or not.
void check_judged_again(const fuzz::Outcome& outcome) {
    const auto& record = outcome.record;
    const auto evidence = store::evidence_from_json(json(record.evidence));
    require(evidence.has_value());
    auto settings = outcome.configuration->judge;
    const auto again = auth::judge(*evidence, settings);
    require(verdict_of(again) == verdict_of(record.judgement));
    if (outcome.configuration->settings->store.addresses == config::StoredAddresses::full)
        require(json(again) == json(record.judgement));
    for (const auto standard : {config::DmarcStandard::rfc7489, config::DmarcStandard::rfc9989}) {
        for (const auto mode : {config::PolicyMode::monitor, config::PolicyMode::enforce}) {
            settings.standard = standard;
            settings.policy.mode = mode;
            const auto judgement = auth::judge(*evidence, settings);
            check_judgement(*evidence, judgement, settings);
            const auto header = auth::verdict_header(*evidence, judgement, fuzz::our_authserv_id);
            check_lines("Authentication-Results", mail::encode(header));
        }
    }
}

/// A report that has this message alone.
void check_report(const store::Record& record, config::DmarcStandard standard) {
    const auto columns = store::to_row(record);
    for (const auto& domain : columns.domains) {
        if (!domain.reportable) continue;
        store::Report report;
        report.policy_domain = domain.policy_domain;
        report.policy_record = domain.policy_record;
        const auto policy = report::published_policy(report, standard);
        require(policy.has_value());
        store::ReportRow row;
        row.source_ip = columns.client;
        row.disposition = domain.disposition;
        row.header_from = domain.author_domain;
        row.envelope_from = columns.envelope_from;
        require(store::read_reasons(domain.reasons, row).has_value());
        require(store::read_auth_results(columns.auth_results, row).has_value());
        for (const auto schema : {config::ReportSchema::rfc7489, config::ReportSchema::rfc9990}) {
            const auto told = report::report_record(row, *policy, schema);
            require(told.has_value() && mail::is_utf8(report::xml_record(*told)));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
    log::configure(log::Level::error, log::Target::stderr_);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto script = fuzz::MessageScriptReader::read({reinterpret_cast<const char*>(data), size});
    const auto outcome = fuzz::GatewayUnderTest::run(script);
    require(outcome.questions <= most_questions);
    if (!outcome.reply) return 0;
    check_record(outcome);
    check_judgement(outcome.record.evidence, outcome.record.judgement, outcome.configuration->judge);
    check_reply(outcome);
    check_judged_again(outcome);
    check_report(outcome.record, outcome.configuration->judge.standard);
    const auto once = store::redact(outcome.record, config::StoredAddresses::domain);
    const auto twice = store::redact(once, config::StoredAddresses::domain);
    require(json(once.evidence) == json(twice.evidence) && json(once.judgement) == json(twice.judgement));
    return 0;
}
