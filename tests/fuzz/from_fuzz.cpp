// The author of a message: what parse_from and its neighbours promise of any octets at all.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "common/base/text.hpp"
#include "common/mail/author.hpp"
#include "common/mail/utf8.hpp"

namespace {

using namespace defender;

void require(bool holds) {
    if (!holds) std::abort();
}

bool is_printable(std::string_view s) {
    return std::all_of(s.begin(), s.end(), text::is_printable);
}

/// The address again, its local part quoted.
std::string written(const mail::Mailbox& mailbox) {
    std::string out = "\"";
    for (const char c : mailbox.local_part) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"@" + mailbox.domain.text();
}

void check_author(std::string_view value, std::size_t max_domains) {
    const auto author = mail::parse_from(value, max_domains);
    const bool ok = author.status == mail::AuthorStatus::ok;
    require(ok == !author.domains.empty() && ok == !author.mailboxes.empty() && ok == author.reason.empty());
    require(is_printable(author.reason) && author.domains.size() <= max_domains);
    require(author.status != mail::AuthorStatus::missing &&
            author.status != mail::AuthorStatus::multiple_fields);
    const std::set<DomainName> different(author.domains.begin(), author.domains.end());
    require(different.size() == author.domains.size());
    for (const auto& domain : author.domains) require(DomainName::parse(domain.text()) == domain);
    for (const auto& mailbox : author.mailboxes) {
        require(different.contains(mailbox.domain) && mail::is_utf8(mailbox.local_part));
        const auto again = mail::parse_from(written(mailbox), 1);
        require(again.status == mail::AuthorStatus::ok && again.mailboxes == std::vector{mailbox});
    }
}

void check_envelope(std::string_view text) {
    const auto address = mail::parse_envelope_address(text);
    require(address.local_part.size() + address.domain_text.size() <= text.size());
    require(!address.null_sender || (address.local_part.empty() && address.domain_text.empty()));
    require(text.find(address.domain_text) != std::string_view::npos);
}

void check_list_id(std::string_view value) {
    const auto id = mail::parse_list_id(value);
    require(is_printable(id) && id.size() <= 255 && id == text::to_lower(id));
    require(id.empty() || mail::parse_list_id("<" + id + ">") == id);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    check_author(text, 10);
    check_author(text, 1);
    check_envelope(text);
    check_list_id(text);
    return 0;
}
