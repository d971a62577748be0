/// Report mail: the RFC 5322 message that carries one document to one address.
///
/// Made anew for each attempt, and each time the same octets: Date, Message-ID and MIME boundary come from
/// the document, and so does the time in the DKIM signature. Lines end with CRLF and none is longer than RFC
/// 5322 section 2.1.1 allows; no value can make a field of its own. Source: RFC 7489 sections 7.2.1
/// and 7.2.2; RFC 9990 section 3.5.2; RFC 2045 and 2046; RFC 3834. Thread-safety: free functions.
#pragma once

#include <string>
#include <string_view>

#include "common/config/settings.hpp"
#include "common/report/mail_signer.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

/// multipart/mixed: a short text for people and the file; a notice or a failure report as its RFC has it. The
/// Subject of an aggregate report is the same for both schemas: its "<report-id>" is a ridtxt of RFC 9990,
/// and what RFC 7489 shows in its example. `signer` may be null. The error is the signer's.
[[nodiscard]] Result<std::string> compose_mail(const store::Document& document, std::string_view recipient,
                                               const config::ReportSettings& settings,
                                               const MailSigner* signer);

/// The notice that a report was larger than the "!size" of its URI (RFC 7489 section 7.2.2), as a document of
/// its own for the same address. `octets`: of the mail that was too large. made_at is the document's, for the
/// caller to set to the moment of the failure, which is the notice's Report-Date.
[[nodiscard]] store::Document make_size_notice(const store::Document& document, std::string_view uri,
                                               std::uint64_t octets, const config::ReportSettings& settings);

}  // namespace defender::report
