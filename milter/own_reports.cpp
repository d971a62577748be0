#include "milter/own_reports.hpp"

#include <algorithm>

#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"
#include "common/mail/author.hpp"

namespace defender::milter {

OwnReports::OwnReports(const config::ReportSettings& settings) {
    if (!settings.enabled) return;
    for (const auto* address : {&settings.email, &settings.bounce}) {
        if (!address->empty()) addresses_.push_back(text::to_lower(*address));
    }
}

void OwnReports::recipient(std::string_view address) {
    some_recipient_ = true;
    if (!is_ours(address)) foreign_recipient_ = true;
}

bool OwnReports::concern(const auth::Evidence& evidence) const {
    const auto& authors = evidence.author_addresses;
    const bool from_us =
        std::any_of(authors.begin(), authors.end(), [this](const auto& author) { return is_ours(author); });
    return from_us || (some_recipient_ && !foreign_recipient_);
}

bool OwnReports::is_ours(std::string_view address) const {
    const auto parsed = mail::parse_envelope_address(address);
    const auto domain = DomainName::parse(parsed.domain_text);
    if (!domain) return false;
    const auto plain = text::to_lower(parsed.local_part) + "@" + domain->text();
    return std::find(addresses_.begin(), addresses_.end(), plain) != addresses_.end();
}

}  // namespace defender::milter
