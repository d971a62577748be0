#include "common/mail/author.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/base/text.hpp"
#include "common/mail/address_list.hpp"

namespace defender::mail {
namespace {

// More are read, as a bad one among them spoils the field, but not kept.
constexpr std::size_t max_mailboxes_kept = 100;
constexpr std::size_t max_reason_octets = 200;

Author unusable(AuthorStatus status, std::string_view reason) {
    return {status, {}, {}, text::printable(reason, max_reason_octets)};
}

/// What the addresses of one From field amount to, taken one by one.
class AuthorBuilder {
  public:
    explicit AuthorBuilder(std::size_t max_domains) : max_domains_(max_domains) {}

    /// Once an address without a usable domain is found, only the syntax of further addresses matters.
    void add(AddressSpec address) {
        if (!without_domain_.empty()) return;
        auto domain = DomainName::parse(address.domain);
        if (!domain) {
            without_domain_ = address.domain.empty()
                                  ? "an address without a domain"
                                  : "an address in '" + address.domain + "', which is no domain";
            return;
        }
        keep(std::move(address.local_part), std::move(*domain));
    }

    Author finish() && {
        if (!without_domain_.empty()) return unusable(AuthorStatus::no_domain, without_domain_);
        if (too_many_) {
            return unusable(AuthorStatus::too_many_domains,
                            "more than " + std::to_string(max_domains_) + " different author domains");
        }
        if (author_.domains.empty()) return unusable(AuthorStatus::no_domain, "only empty groups");
        author_.status = AuthorStatus::ok;
        return std::move(author_);
    }

  private:
    void keep(std::string local_part, DomainName domain) {
        if (!too_many_ && seen_.insert(domain).second) {
            too_many_ = seen_.size() > max_domains_;
            author_.domains.push_back(domain);
        }
        if (author_.mailboxes.size() < max_mailboxes_kept) {
            author_.mailboxes.push_back({std::move(local_part), std::move(domain)});
        }
    }

    std::size_t max_domains_;
    Author author_;
    std::set<DomainName> seen_;
    bool too_many_ = false;
    std::string without_domain_;
};

}  // namespace

std::string_view to_string(AuthorStatus status) noexcept {
    switch (status) {
        case AuthorStatus::ok:
            return "ok";
        case AuthorStatus::missing:
            return "missing";
        case AuthorStatus::multiple_fields:
            return "multiple_fields";
        case AuthorStatus::malformed:
            return "malformed";
        case AuthorStatus::no_domain:
            return "no_domain";
        case AuthorStatus::too_many_domains:
            return "too_many_domains";
    }
    return "malformed";
}

Author parse_from(std::string_view value, std::size_t max_domains) {
    AuthorBuilder builder(max_domains);
    const auto parsed =
        parse_address_list(value, [&](AddressSpec address) { builder.add(std::move(address)); });
    if (!parsed) return unusable(AuthorStatus::malformed, parsed.error().message);
    return std::move(builder).finish();
}

Author author_of(const HeaderFields& fields, std::size_t max_domains) {
    const HeaderField* from = nullptr;
    for (const auto& field : fields) {
        if (!text::iequals(text::trim(field.name), "From")) continue;
        if (from) return unusable(AuthorStatus::multiple_fields, "more than one From field");
        from = &field;
    }
    if (!from) return unusable(AuthorStatus::missing, "no From field");
    return parse_from(from->value, max_domains);
}

}  // namespace defender::mail
