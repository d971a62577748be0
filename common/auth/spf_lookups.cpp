#include "common/auth/spf_lookups.hpp"

#include <algorithm>

#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

// RFC 7208 section 4.6.4.
constexpr std::size_t max_ptr_names = 10;
constexpr std::size_t max_described_octets = 300;
// A local part has 64 octets, a domain 255 (RFC 5321 4.5.3.1). More is kept for the lax, but not without end.
constexpr std::size_t max_value_octets = 512;

bool is_ascii(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string a_labels_or_as_given(std::string_view name) {
    if (!is_ascii(name)) {
        if (const auto parsed = DomainName::parse(name)) return parsed->text();
    }
    return std::string(name.substr(0, max_value_octets));
}

bool is_all_digits(std::string_view label) {
    return std::all_of(label.begin(), label.end(), text::is_digit);
}

dns::AnswerPtr nonexistent() {
    static const auto answer = [] {
        dns::Answer made;
        made.outcome = dns::Outcome::nxdomain;
        return std::make_shared<const dns::Answer>(std::move(made));
    }();
    return answer;
}

// The name that section 7.3 prefers for %{p}: the domain itself, else one below it, else any.
std::string preferred_name(const std::vector<std::string>& names, const std::string& domain) {
    if (names.empty()) return "unknown";
    if (std::find(names.begin(), names.end(), domain) != names.end()) return domain;
    const auto below = std::find_if(names.begin(), names.end(),
                                    [&](const auto& name) { return is_same_or_below(name, domain); });
    return below != names.end() ? *below : names.front();
}

}  // namespace

std::optional<std::string> initial_spf_domain(std::string_view domain) {
    if (const auto parsed = DomainName::parse(domain)) {
        return parsed->label_count() > 1 ? std::optional(parsed->text()) : std::nullopt;
    }
    if (!domain.empty() && domain.back() == '.') domain.remove_suffix(1);
    const bool visible =
        std::all_of(domain.begin(), domain.end(), [](char c) { return text::is_printable(c) && c != ' '; });
    const auto dot = domain.rfind('.');
    if (!visible || !dns::can_be_asked(domain) || dot == std::string_view::npos) return std::nullopt;
    if (domain.front() == '[' || is_all_digits(domain.substr(dot + 1))) return std::nullopt;
    return text::to_lower(domain);
}

SpfLookups::SpfLookups(const SpfIdentity& identity, std::string domain) {
    values_.local_part =
        identity.local_part.empty() ? "postmaster" : identity.local_part.substr(0, max_value_octets);
    values_.sender_domain = std::move(domain);
    values_.helo = a_labels_or_as_given(identity.helo);
    values_.client = identity.client;
    ascii_local_part_ = is_ascii(values_.local_part);
}

void SpfLookups::add(const dns::Question& question, dns::AnswerPtr answer) {
    answers_.emplace(question, std::move(answer));
}

dns::AnswerPtr SpfLookups::answer(const dns::Question& question, MissingQuestions& missing) const {
    if (!dns::can_be_asked(question.name)) return nonexistent();
    const auto known = answers_.find(question);
    if (known != answers_.end()) return known->second;
    missing.push_back(question);
    return nullptr;
}

SpfPublished SpfLookups::read_record(const dns::Answer& answer, const std::string& name) const {
    SpfPublished published;
    if (answer.outcome == dns::Outcome::tempfail) {
        published.state = SpfPublished::State::tempfail;
        published.problem = describe_failure(answer, dns::question(name, dns::RecordType::txt));
        return published;
    }
    published.no_answer = answer.outcome != dns::Outcome::found;
    const auto count = std::count_if(answer.texts.begin(), answer.texts.end(), is_spf_record);
    if (count == 0) return published;
    if (count > 1) {
        published.state = SpfPublished::State::several;
        return published;
    }
    auto parsed = parse_spf_record(*std::find_if(answer.texts.begin(), answer.texts.end(), is_spf_record));
    if (parsed) {
        published.state = SpfPublished::State::found;
        published.record = std::make_shared<const SpfRecord>(std::move(*parsed));
    } else {
        published.state = SpfPublished::State::malformed;
        published.problem = parsed.error().message;
    }
    return published;
}

SpfPublished SpfLookups::published(const std::string& name, MissingQuestions& missing) {
    const auto known = published_.find(name);
    if (known != published_.end()) return known->second;
    const auto found = answer(dns::question(name, dns::RecordType::txt), missing);
    if (!found) return {};
    return published_.emplace(name, read_record(*found, name)).first->second;
}

SpfValidatedNames SpfLookups::validated_names(MissingQuestions& missing) const {
    SpfValidatedNames validated;
    const auto reverse = answer(dns::question(client().reverse_name(), dns::RecordType::ptr), missing);
    if (!reverse) return validated;
    validated.failed = reverse->outcome == dns::Outcome::tempfail;
    for (std::size_t i = 0; i < std::min(reverse->names.size(), max_ptr_names); ++i) {
        const auto question = address_question(reverse->names[i]);
        const auto forward = answer(question, missing);
        if (!forward) continue;
        validated.failed = validated.failed || forward->outcome == dns::Outcome::tempfail;
        const auto addresses = usable_addresses(*forward);
        if (std::find(addresses.begin(), addresses.end(), client()) != addresses.end()) {
            validated.names.push_back(question.name);
        }
    }
    return validated;
}

SpfTargetName SpfLookups::target_name(const std::optional<SpfMacroString>& spec,
                                      const std::string& current_domain, MissingQuestions& missing) const {
    if (!spec) return {current_domain, false};
    auto values = values_;
    values.current_domain = current_domain;
    SpfTargetName target;
    if (uses_validated_name(*spec)) {
        const auto validated = validated_names(missing);
        target.failed = validated.failed;
        values.validated_name = preferred_name(validated.names, current_domain);
    }
    target.text = text::to_lower(expand_spf_name(*spec, values));
    return target;
}

bool SpfLookups::never_matches(const std::optional<SpfMacroString>& spec) const noexcept {
    return !ascii_local_part_ && spec && uses_local_part(*spec);
}

dns::Question SpfLookups::address_question(const std::string& name) const {
    return dns::question(name, client().is_v4() ? dns::RecordType::a : dns::RecordType::aaaa);
}

std::vector<IpAddress> SpfLookups::usable_addresses(const dns::Answer& answer) const {
    std::vector<IpAddress> usable;
    std::copy_if(answer.addresses.begin(), answer.addresses.end(), std::back_inserter(usable),
                 [&](const auto& address) { return address.is_v4() == client().is_v4(); });
    return usable;
}

std::string describe_failure(const dns::Answer& answer, const dns::Question& question) {
    return text::printable(
        answer.failure + " asking " + std::string(dns::to_string(question.type)) + ' ' + question.name,
        max_described_octets);
}

bool is_same_or_below(const std::string& name, const std::string& domain) noexcept {
    if (name.size() <= domain.size()) return name == domain;
    return name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.';
}

}  // namespace defender::auth
