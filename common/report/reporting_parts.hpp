/// ReportingParts: what the steps of reporting stand on, and what they count.
///
/// Thread-safety: plain values; one thread uses what they point to, and another `reader` alone.
#pragma once

#include <cstdint>

#include "common/auth/public_suffix_list.hpp"
#include "common/dns/resolver.hpp"
#include "common/report/mail_signer.hpp"
#include "common/report/smtp_client.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

/// All of it outlives whoever has it. `signer` may be null.
struct ReportingParts {
    store::ReportStore& store;
    store::ReportStore& reader;  ///< the same by another connection, which another thread reads meanwhile
    dns::Resolver& resolver;
    const auth::PublicSuffixList& suffixes;
    SmtpClient& smtp;
    const MailSigner* signer = nullptr;
};

struct ReportingCounts {
    std::uint64_t folded = 0;
    std::uint64_t closed = 0;
    std::uint64_t failed = 0;  ///< closings that failed, and will be tried again when their lease is over
    std::uint64_t documents = 0;
    std::uint64_t sent = 0;
    std::uint64_t waiting = 0;  ///< tried, and to be tried again
    std::uint64_t given_up = 0;
    std::uint64_t skipped = 0;
};

}  // namespace defender::report
