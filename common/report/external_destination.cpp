#include "common/report/external_destination.hpp"

#include <algorithm>
#include <future>

#include "common/auth/dmarc_record.hpp"
#include "common/auth/report_uri.hpp"
#include "common/auth/tag_list.hpp"
#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"
#include "common/mail/utf8.hpp"

namespace defender::report {
namespace {

constexpr std::string_view mailto = "mailto:";
// RFC 5321 section 4.5.3.1.1.
constexpr std::size_t longest_local_part = 64;
// Of outside text in a reason.
constexpr std::size_t quoted_octets = 200;

std::optional<unsigned> hex_value(char c) {
    if (text::is_digit(c)) return static_cast<unsigned>(c - '0');
    const char lower = text::to_lower(c);
    if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10U;
    return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view s) {
    std::string out;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] != '%') {
            out += s[i];
            continue;
        }
        if (i + 2 >= s.size()) return std::nullopt;
        const auto high = hex_value(s[i + 1]);
        const auto low = hex_value(s[i + 2]);
        if (!high || !low) return std::nullopt;
        out += static_cast<char>(*high * 16U + *low);
        i += 2;
    }
    return out;
}

/// Dot-string of RFC 5321 section 4.1.2, with the UTF-8 of RFC 6531.
bool is_dot_string(std::string_view s) {
    constexpr std::string_view specials = "!#$%&'*+-/=?^_`{|}~";
    if (s.size() > longest_local_part || !mail::is_utf8(s)) return false;
    for (const auto atom : text::split(s, '.')) {
        const auto fits = [&](char c) {
            return text::is_alnum(c) || specials.find(c) != specials.npos ||
                   static_cast<unsigned char>(c) >= 0x80;
        };
        if (atom.empty() || !std::all_of(atom.begin(), atom.end(), fits)) return false;
    }
    return true;
}

std::optional<DomainName> host_of(std::string_view address) {
    const auto at = address.rfind('@');
    return at == std::string_view::npos ? std::nullopt : DomainName::parse(address.substr(at + 1));
}

DestinationVerdict no(std::string reason) {
    return {Permission::no, {}, std::move(reason)};
}

/// What one question comes to before DNS is asked: a verdict, or the name to ask for.
struct Preparation {
    std::optional<DestinationVerdict> verdict;
    std::optional<DomainName> host;
    std::string name;
};

Preparation prepare(const DestinationQuestion& question, const auth::PublicSuffixList& suffixes) {
    Preparation made;
    made.host = host_of(question.address);
    const auto policy_domain = DomainName::parse(question.policy_domain);
    if (!made.host || !policy_domain) {
        made.verdict = no("the address or the policy domain is none");
        return made;
    }
    const auto organization = suffixes.organizational_domain(*made.host);
    if (organization == suffixes.organizational_domain(*policy_domain)) {
        made.verdict = {Permission::yes, {question.address}, "within " + organization.text()};
        return made;
    }
    made.name = policy_domain->text() + "._report._dmarc." + made.host->text();
    if (!dns::can_be_asked(made.name)) {
        made.verdict = no("the name to ask for consent is too long for DNS: " + made.name);
    }
    return made;
}

/// The addresses that an rua lists, added to `addresses`; false where one leads to another host.
bool add_overrides(std::string_view rua, const DomainName& host, std::vector<std::string>& addresses) {
    for (const auto& uri : auth::parse_report_uris(rua)) {
        const auto mailbox = mailbox_of(uri.uri);
        if (!mailbox) continue;
        if (host_of(*mailbox) != host) return false;
        if (std::find(addresses.begin(), addresses.end(), *mailbox) == addresses.end()) {
            addresses.push_back(*mailbox);
        }
    }
    return true;
}

DestinationVerdict judge_texts(const std::vector<std::string>& texts, const Preparation& asked,
                               const std::string& address) {
    bool consent = false;
    bool overridden = false;
    std::vector<std::string> addresses;
    for (const auto& text : texts) {
        const auto tags = auth::TagList::parse(text);
        if (!auth::is_dmarc_record(text) || !tags) continue;
        consent = true;
        const auto rua = tags->find("rua");
        if (!rua || rua->empty()) continue;
        overridden = true;
        if (!add_overrides(*rua, *asked.host, addresses)) {
            return no(asked.name + " leads to another host: " + text::printable(*rua, quoted_octets));
        }
    }
    if (!consent) return no(asked.name + " has no DMARC record");
    if (!overridden) return {Permission::yes, {address}, asked.name + " consents"};
    if (addresses.empty()) return no(asked.name + " replaces the address by none that mail can go to");
    return {Permission::yes, addresses, asked.name + " gives " + text::join(addresses, ", ")};
}

DestinationVerdict judge_answer(const dns::Answer& answer, const Preparation& asked,
                                const std::string& address) {
    switch (answer.outcome) {
        case dns::Outcome::found:
            return judge_texts(answer.texts, asked, address);
        case dns::Outcome::tempfail:
            return {Permission::unknown, {}, asked.name + ": " + answer.failure};
        case dns::Outcome::nodata:
        case dns::Outcome::nxdomain:
            break;
    }
    return no(asked.name + ": " + std::string(dns::to_string(answer.outcome)));
}

std::future<dns::AnswerPtr> ask(dns::Resolver& resolver, const std::string& name, dns::Deadline deadline) {
    auto promise = std::make_shared<std::promise<dns::AnswerPtr>>();
    auto answer = promise->get_future();
    resolver.ask(dns::question(name, dns::RecordType::txt), deadline,
                 [promise](dns::AnswerPtr given) { promise->set_value(std::move(given)); });
    return answer;
}

}  // namespace

std::optional<std::string> mailbox_of(std::string_view uri) {
    if (!text::istarts_with(uri, mailto)) return std::nullopt;
    uri.remove_prefix(mailto.size());
    const auto decoded = percent_decoded(uri.substr(0, uri.find_first_of("!?")));
    if (!decoded) return std::nullopt;
    const auto at = decoded->rfind('@');
    if (at == std::string::npos || !is_dot_string(std::string_view(*decoded).substr(0, at))) {
        return std::nullopt;
    }
    const auto host = host_of(*decoded);
    if (!host) return std::nullopt;
    return decoded->substr(0, at + 1) + host->text();
}

std::vector<DestinationVerdict> verify_destinations(const std::vector<DestinationQuestion>& questions,
                                                    const auth::PublicSuffixList& suffixes,
                                                    dns::Resolver& resolver, dns::Deadline deadline) {
    std::vector<Preparation> preparations;
    std::vector<std::future<dns::AnswerPtr>> answers(questions.size());
    for (std::size_t i = 0; i < questions.size(); ++i) {
        preparations.push_back(prepare(questions[i], suffixes));
        if (!preparations[i].verdict) answers[i] = ask(resolver, preparations[i].name, deadline);
    }
    std::vector<DestinationVerdict> verdicts;
    for (std::size_t i = 0; i < questions.size(); ++i) {
        auto& made = preparations[i];
        verdicts.push_back(made.verdict ? std::move(*made.verdict)
                                        : judge_answer(*answers[i].get(), made, questions[i].address));
    }
    return verdicts;
}

DestinationVerdict verify_destination(std::string_view policy_domain, std::string_view address,
                                      const auth::PublicSuffixList& suffixes, dns::Resolver& resolver,
                                      dns::Deadline deadline) {
    return verify_destinations({{std::string(policy_domain), std::string(address)}}, suffixes, resolver,
                               deadline)
        .front();
}

}  // namespace defender::report
