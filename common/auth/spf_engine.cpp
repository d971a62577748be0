#include "common/auth/spf_engine.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "common/auth/spf_lookahead.hpp"
#include "common/base/text.hpp"

extern "C" {
#include <spf2/spf.h>
#include <spf2/spf_dns.h>
#include <spf2/spf_dns_rr.h>
#include <spf2/spf_log.h>
#include <spf2/spf_record.h>
#include <spf2/spf_request.h>
#include <spf2/spf_response.h>
#include <spf2/spf_server.h>
}

namespace defender::auth {
namespace {

constexpr unsigned max_void_lookups = 2;
constexpr std::size_t max_reason_octets = 300;
// Far above what can be reached: the limits are kept here, over the whole evaluation.
constexpr int library_limit = 1000000;

// The attribute in this form is part of the type, as the library declares its handler.
__attribute__((noreturn)) void on_library_error(const char*, int, const char* message) {
    throw std::runtime_error(std::string("libspf2: ") + message);
}

void set_library_handlers() {
    static std::once_flag once;
    std::call_once(once, [] {
        SPF_error_handler = on_library_error;
        SPF_warning_handler = nullptr;
        SPF_info_handler = nullptr;
        SPF_debug_handler = nullptr;
    });
}

template <auto Free>
struct Deleter {
    template <typename T>
    void operator()(T* object) const {
        Free(object);
    }
};
using ServerPtr = std::unique_ptr<SPF_server_t, Deleter<SPF_server_free>>;
using RequestPtr = std::unique_ptr<SPF_request_t, Deleter<SPF_request_free>>;
using ResponsePtr = std::unique_ptr<SPF_response_t, Deleter<SPF_response_free>>;
using AnswerRecords = std::unique_ptr<SPF_dns_rr_t, Deleter<SPF_dns_rr_free>>;

/// What a placeholder name stands for.
struct Placeholder {
    enum class Kind { initial, term, settled, redirect, exchange };
    Kind kind = Kind::initial;
    const SpfTerm* term = nullptr;          // for term and settled
    const SpfRedirect* redirect = nullptr;  // for redirect
    std::string domain;                     // whose record it is met in; for exchange the host
    bool decides =
        false;  // met in the initial record, or in one that it redirects to: a match is the verdict
};

char qualifier_sign(SpfQualifier qualifier) {
    switch (qualifier) {
        case SpfQualifier::pass:
            return '+';
        case SpfQualifier::fail:
            return '-';
        case SpfQualifier::softfail:
            return '~';
        case SpfQualifier::neutral:
            return '?';
    }
    return '?';
}

class Evaluation {
  public:
    explicit Evaluation(SpfLookups& lookups) : lookups_(lookups) {
        // libspf2 passes clients on loopback without a look. Flipping one bit of every address, the client's
        // and the answers', keeps all that prefixes tell and takes the client out of loopback.
        flip_ = lookups_.client().is_loopback() ? 0x80 : 0;
        dns_.lookup = &lookup_hook;
        dns_.get_spf = &record_hook;
        dns_.get_exp = &explanation_hook;
        dns_.name = "defender";
        dns_.hook = this;
    }
    Evaluation(const Evaluation&) = delete;
    Evaluation& operator=(const Evaluation&) = delete;

    SpfEngineRun run();

  private:
    using Kind = Placeholder::Kind;

    static SPF_dns_rr_t* lookup_hook(SPF_dns_server_t* dns, const char* domain, ns_type type, int) {
        return static_cast<Evaluation*>(dns->hook)->look_up(domain, type).release();
    }
    static SPF_errcode_t record_hook(SPF_server_t* server, SPF_request_t* request, SPF_response_t* response,
                                     SPF_record_t** record) {
        return static_cast<Evaluation*>(server->resolver->hook)->record(server, request, response, record);
    }
    static SPF_errcode_t explanation_hook(SPF_server_t*, const char*, char**, size_t*) {
        return SPF_E_NOT_SPF;
    }

    std::string add_placeholder(Placeholder placeholder) {
        placeholders_.push_back(std::move(placeholder));
        return 'q' + std::to_string(placeholders_.size() - 1) + ".invalid";
    }
    const Placeholder* placeholder(std::string_view name) const;

    // Ends the evaluation; what libspf2 makes of it afterwards is not looked at.
    void stop(SpfResult result, std::string reason) {
        if (!stopped_) verdict_.reason = text::printable(reason, max_reason_octets);
        if (!stopped_) verdict_.result = result;
        stopped_ = true;
    }
    bool wait_for(MissingQuestions& missing) {
        if (missing.empty()) return false;
        missing_ = std::move(missing);
        stopped_ = true;
        return true;
    }
    bool count_term() {
        if (++verdict_.terms > max_spf_terms)
            stop(SpfResult::permerror, "more than 10 terms that look up DNS");
        return !stopped_;
    }
    bool count_void() {
        if (++verdict_.void_lookups > max_void_lookups) {
            stop(SpfResult::permerror, "more than 2 look-ups without an answer");
        }
        return !stopped_;
    }

    std::string write_record(const SpfRecord& record, const std::string& domain, bool decides);
    std::string write_term(const SpfTerm& term, std::string name) const;
    SPF_errcode_t record(SPF_server_t* server, SPF_request_t* request, SPF_response_t* response,
                         SPF_record_t** record);
    std::shared_ptr<const SpfRecord> record_of(const Placeholder& at, std::string& domain);

    AnswerRecords new_records(ns_type type, int status) {
        AnswerRecords records(SPF_dns_rr_new_init(&dns_, "q.invalid", type, 0, status));
        if (!records) throw std::bad_alloc();
        return records;
    }
    AnswerRecords failure(ns_type type) { return new_records(type, TRY_AGAIN); }
    AnswerRecords truth(ns_type type, bool holds);
    AnswerRecords addresses(ns_type type, const dns::Answer& answer);
    void append(SPF_dns_rr_t& records, const void* data, std::size_t size);

    AnswerRecords look_up(std::string_view name, ns_type type);
    AnswerRecords visit_term(const Placeholder& at, ns_type type);
    AnswerRecords visit_ptr(const SpfTargetName& target, ns_type type);
    AnswerRecords visit_exchanges(const SpfTerm& term, const std::string& target, ns_type type);
    AnswerRecords any_exchange_address(const dns::Answer& exchanges, ns_type type);
    AnswerRecords visit_addresses(const dns::Question& question, ns_type type, bool primary);
    dns::AnswerPtr answered(const dns::Question& question, bool primary);

    void ask_library(const Placeholder& initial);
    void set_client(SPF_request_t* request) const;

    SpfLookups& lookups_;
    std::uint8_t flip_ = 0;
    SPF_dns_server_t dns_{};
    std::vector<Placeholder> placeholders_;
    std::vector<std::shared_ptr<const SpfRecord>> records_;  // keeps what placeholders point into
    SpfVerdict verdict_;
    std::string last_term_;  // the last one met whose match is the verdict
    bool stopped_ = false;
    MissingQuestions missing_;
};

const Placeholder* Evaluation::placeholder(std::string_view name) const {
    if (!name.starts_with('q')) return nullptr;
    const auto number = text::parse_unsigned(name.substr(1, name.find('.') - 1));
    return number && *number < placeholders_.size() ? &placeholders_[*number] : nullptr;
}

unsigned prefix_length(const SpfTerm& term, const IpAddress& client) {
    return client.is_v4() ? term.ip4_length : term.ip6_length;
}

std::string Evaluation::write_term(const SpfTerm& term, std::string name) const {
    const auto length = prefix_length(term, lookups_.client());
    const std::string prefix = (lookups_.client().is_v4() ? "/" : "//") + std::to_string(length);
    switch (term.mechanism) {
        case SpfMechanism::include:
            return "include:" + name;
        // The library takes a length of 0 for the longest one.
        case SpfMechanism::a:
            return length == 0 ? "exists:" + name : "a:" + name + prefix;
        case SpfMechanism::mx:
            return length == 0 ? "exists:" + name : "mx:" + name + prefix;
        default:
            return "exists:" + name;
    }
}

// At most 12 terms, however long the record: behind a term that matches for certain, and behind the 11th that
// costs a look-up, nothing is reached.
std::string Evaluation::write_record(const SpfRecord& record, const std::string& domain, bool decides) {
    std::string out = "v=spf1";
    unsigned lookups = 0;
    for (const auto& term : record.terms) {
        const bool certain = term.mechanism == SpfMechanism::all || network_matches(term, lookups_.client());
        if (!certain && !costs_lookup(term.mechanism)) continue;
        const bool settled = certain || lookups_.never_matches(term.domain);
        const auto name =
            add_placeholder({settled ? Kind::settled : Kind::term, &term, nullptr, domain, decides});
        out += ' ';
        out += qualifier_sign(term.qualifier);
        out += settled ? "exists:" + name : write_term(term, name);
        if (certain || ++lookups > max_spf_terms) return out;
    }
    if (record.redirect) {
        out += " redirect=" + add_placeholder({Kind::redirect, nullptr, &*record.redirect, domain, decides});
    }
    return out;
}

std::shared_ptr<const SpfRecord> Evaluation::record_of(const Placeholder& at, std::string& domain) {
    MissingQuestions missing;
    SpfTargetName target{lookups_.domain(), false};
    if (at.kind == Kind::redirect) target = lookups_.target_name(at.redirect->domain, at.domain, missing);
    if (at.kind == Kind::term) target = lookups_.target_name(at.term->domain, at.domain, missing);
    if (wait_for(missing)) return nullptr;
    verdict_.skipped_failure = verdict_.skipped_failure || target.failed;
    domain = target.text;
    const auto published = lookups_.published(domain, missing);
    if (wait_for(missing)) return nullptr;

    const bool initial = at.kind == Kind::initial;
    const auto where = initial ? std::string() : " of " + domain;
    if (!initial && published.no_answer && !count_void()) return nullptr;
    switch (published.state) {
        case SpfPublished::State::found:
            return published.record;
        case SpfPublished::State::tempfail:
            stop(SpfResult::temperror, published.problem);
            break;
        case SpfPublished::State::malformed:
            stop(SpfResult::permerror, published.problem + where);
            break;
        case SpfPublished::State::several:
            stop(SpfResult::permerror, "more than one record" + where);
            break;
        case SpfPublished::State::none:
            stop(initial ? SpfResult::none : SpfResult::permerror, "no record" + where);
            break;
    }
    return nullptr;
}

SPF_errcode_t Evaluation::record(SPF_server_t* server, SPF_request_t* request, SPF_response_t* response,
                                 SPF_record_t** record) {
    *record = nullptr;
    const auto fail = [&] { return SPF_response_add_error(response, SPF_E_DNS_ERROR, "stopped"); };
    const auto* met = placeholder(request->cur_dom);
    if (stopped_ || !met) return fail();
    const Placeholder at = *met;
    if (at.decides && at.kind != Kind::initial) last_term_ = at.term ? at.term->text : at.redirect->text;
    if (at.kind != Kind::initial && !count_term()) return fail();
    std::string domain;
    const auto found = record_of(at, domain);
    if (!found) return fail();
    records_.push_back(found);
    const bool decides = at.decides && at.kind != Kind::term;
    const auto code =
        SPF_record_compile(server, response, record, write_record(*found, domain, decides).c_str());
    if (code != SPF_E_SUCCESS) stop(SpfResult::permerror, std::string("libspf2: ") + SPF_strerror(code));
    return code;
}

void Evaluation::append(SPF_dns_rr_t& records, const void* data, std::size_t size) {
    if (SPF_dns_rr_buf_realloc(&records, records.num_rr, size) != SPF_E_SUCCESS) throw std::bad_alloc();
    std::memcpy(records.rr[records.num_rr], data, size);
    ++records.num_rr;
}

// The answer to an "exists".
AnswerRecords Evaluation::truth(ns_type type, bool holds) {
    auto records = new_records(type, holds ? NETDB_SUCCESS : NO_DATA);
    const std::uint8_t any[] = {127, 0, 0, 2};
    if (holds) append(*records, any, sizeof any);
    return records;
}

AnswerRecords Evaluation::addresses(ns_type type, const dns::Answer& answer) {
    auto records = new_records(type, NETDB_SUCCESS);
    for (const auto& address : lookups_.usable_addresses(answer)) {
        const auto octets = address.octets();
        std::vector<std::uint8_t> flipped(octets.begin(), octets.end());
        flipped.front() ^= flip_;
        append(*records, flipped.data(), flipped.size());
    }
    return records;
}

// Null where the evaluation has to stop. Only a term's own question can be void, not those of its exchanges.
dns::AnswerPtr Evaluation::answered(const dns::Question& question, bool primary) {
    MissingQuestions missing;
    auto answer = lookups_.answer(question, missing);
    if (wait_for(missing)) return nullptr;
    if (answer->outcome == dns::Outcome::tempfail) {
        stop(SpfResult::temperror, describe_failure(*answer, question));
        return nullptr;
    }
    if (primary && answer->outcome != dns::Outcome::found && !count_void()) return nullptr;
    return answer;
}

AnswerRecords Evaluation::look_up(std::string_view name, ns_type type) {
    const auto* met = placeholder(name);
    if (stopped_ || !met) return failure(type);
    const Placeholder at = *met;
    if (at.kind == Kind::exchange) return visit_addresses(lookups_.address_question(at.domain), type, false);
    if (!at.term) return failure(type);
    if (at.decides) last_term_ = at.term->text;
    if (costs_lookup(at.term->mechanism) && !count_term()) return failure(type);
    if (at.kind == Kind::settled) return truth(type, !costs_lookup(at.term->mechanism));
    return visit_term(at, type);
}

AnswerRecords Evaluation::visit_term(const Placeholder& at, ns_type type) {
    MissingQuestions missing;
    const auto target = lookups_.target_name(at.term->domain, at.domain, missing);
    if (wait_for(missing)) return failure(type);
    verdict_.skipped_failure = verdict_.skipped_failure || target.failed;
    switch (at.term->mechanism) {
        case SpfMechanism::a:
            return visit_addresses(lookups_.address_question(target.text), type, true);
        case SpfMechanism::mx:
            return visit_exchanges(*at.term, target.text, type);
        case SpfMechanism::ptr:
            return visit_ptr(target, type);
        default: {
            const auto answer = answered(dns::question(target.text, dns::RecordType::a), true);
            return answer ? truth(type, !answer->addresses.empty()) : failure(type);
        }
    }
}

// For "a" as it is and as "exists" alike: the latter only asks whether there is an address.
AnswerRecords Evaluation::visit_addresses(const dns::Question& question, ns_type type, bool primary) {
    const auto answer = answered(question, primary);
    if (!answer) return failure(type);
    const bool as_exists = type == ns_t_a && lookups_.client().is_v6();
    return as_exists ? truth(type, !lookups_.usable_addresses(*answer).empty()) : addresses(type, *answer);
}

AnswerRecords Evaluation::visit_ptr(const SpfTargetName& target, ns_type type) {
    MissingQuestions missing;
    const auto validated = lookups_.validated_names(missing);
    if (wait_for(missing)) return failure(type);
    verdict_.skipped_failure = verdict_.skipped_failure || validated.failed;
    const auto reverse =
        lookups_.answer(dns::question(lookups_.client().reverse_name(), dns::RecordType::ptr), missing);
    const bool is_void =
        reverse->outcome == dns::Outcome::nodata || reverse->outcome == dns::Outcome::nxdomain;
    if (is_void && !count_void()) return failure(type);
    return truth(type, std::any_of(validated.names.begin(), validated.names.end(),
                                   [&](const auto& name) { return is_same_or_below(name, target.text); }));
}

AnswerRecords Evaluation::visit_exchanges(const SpfTerm& term, const std::string& target, ns_type type) {
    const auto answer = answered(dns::question(target, dns::RecordType::mx), true);
    if (!answer) return failure(type);
    if (answer->exchanges.size() > max_spf_exchanges) {
        stop(SpfResult::permerror, "more than 10 exchanges of " + term.text);
        return failure(type);
    }
    if (type != ns_t_mx) return any_exchange_address(*answer, type);
    auto records = new_records(type, NETDB_SUCCESS);
    for (const auto& exchange : answer->exchanges) {
        const auto name = add_placeholder({Kind::exchange, nullptr, nullptr, exchange.host, false});
        append(*records, name.c_str(), name.size() + 1);
    }
    return records;
}

AnswerRecords Evaluation::any_exchange_address(const dns::Answer& exchanges, ns_type type) {
    for (const auto& exchange : exchanges.exchanges) {
        const auto answer = answered(lookups_.address_question(exchange.host), false);
        if (!answer) return failure(type);
        if (!lookups_.usable_addresses(*answer).empty()) return truth(type, true);
    }
    return truth(type, false);
}

void Evaluation::set_client(SPF_request_t* request) const {
    const auto octets = lookups_.client().octets();
    if (lookups_.client().is_v4()) {
        in_addr address{};
        std::memcpy(&address, octets.data(), sizeof address);
        reinterpret_cast<std::uint8_t*>(&address)[0] ^= flip_;
        SPF_request_set_ipv4(request, address);
    } else {
        in6_addr address{};
        std::memcpy(&address, octets.data(), sizeof address);
        address.s6_addr[0] ^= flip_;
        SPF_request_set_ipv6(request, address);
    }
}

/// One for each thread, as to make one takes as long as some evaluations do; `dns` is asked until the next
/// call.
SPF_server_t& library_server(SPF_dns_server_t& dns) {
    thread_local ServerPtr server;
    if (!server) {
        server.reset(SPF_server_new_dns(&dns, 0));
        if (!server) throw std::bad_alloc();
        SPF_server_set_max_dns_mech(server.get(), library_limit);
        SPF_server_set_max_dns_mx(server.get(), library_limit);
    }
    server->resolver = &dns;
    return *server;
}

void Evaluation::ask_library(const Placeholder& initial) {
    const RequestPtr request(SPF_request_new(&library_server(dns_)));
    if (!request) throw std::bad_alloc();
    set_client(request.get());
    const auto name = add_placeholder(initial);
    SPF_request_set_helo_dom(request.get(), name.c_str());
    SPF_request_set_env_from(request.get(), name.c_str());
    SPF_response_t* raw = nullptr;
    SPF_request_query_mailfrom(request.get(), &raw);
    const ResponsePtr response(raw);
    if (!response) throw std::bad_alloc();
    if (stopped_) return;

    const auto reason = SPF_response_reason(response.get());
    verdict_.reason =
        text::printable(reason == SPF_REASON_MECH ? last_term_ : "no term matched", max_reason_octets);
    switch (SPF_response_result(response.get())) {
        case SPF_RESULT_NEUTRAL:
            verdict_.result = SpfResult::neutral;
            break;
        case SPF_RESULT_PASS:
            verdict_.result = SpfResult::pass;
            break;
        case SPF_RESULT_FAIL:
            verdict_.result = SpfResult::fail;
            break;
        case SPF_RESULT_SOFTFAIL:
            verdict_.result = SpfResult::softfail;
            break;
        default:
            throw std::runtime_error("libspf2: an error that no look-up met");
    }
}

SpfEngineRun Evaluation::run() {
    // Where there is no record that can be used, as with most HELO names, there is nothing to interpret.
    const Placeholder initial{Kind::initial, nullptr, nullptr, {}, true};
    std::string domain;
    if (record_of(initial, domain)) ask_library(initial);
    if (!missing_.empty()) return {std::nullopt, std::move(missing_)};
    return {std::move(verdict_), {}};
}

}  // namespace

SpfEngineRun run_spf_engine(SpfLookups& lookups) {
    set_library_handlers();
    return Evaluation(lookups).run();
}

}  // namespace defender::auth
