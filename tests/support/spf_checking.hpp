/// SpfChecking: starts SPF checks in tests and compares their verdicts.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/auth/spf_check.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::test {

inline dns::Deadline far_away() {
    return dns::Clock::now() + std::chrono::seconds(20);
}

inline auth::SpfIdentity spf_identity(std::string_view client = "192.0.2.1",
                                      std::string domain = "example.com") {
    auth::SpfIdentity identity;
    identity.client = IpAddress::parse(client).value();
    identity.helo = "mail.example.com";
    identity.local_part = "user";
    identity.domain = std::move(domain);
    return identity;
}

/// A check whose result comes when the resolver lets it.
struct PendingSpf {
    std::vector<auth::SpfEvidence> results;

    void start(dns::Resolver& resolver, auth::SpfIdentity identity, dns::Deadline deadline = far_away()) {
        auth::check_spf(resolver, std::move(identity), deadline,
                        [this](auth::SpfEvidence evidence) { results.push_back(std::move(evidence)); });
    }
};

/// A check with a resolver that answers at once.
inline auth::SpfEvidence check_now(dns::Resolver& resolver, auth::SpfIdentity identity = spf_identity(),
                                   dns::Deadline deadline = far_away()) {
    PendingSpf pending;
    pending.start(resolver, std::move(identity), deadline);
    EXPECT_EQ(pending.results.size(), 1U);
    return pending.results.empty() ? auth::SpfEvidence{} : pending.results.front();
}

/// A check of example.com, which has this record and nothing else.
inline auth::SpfEvidence check_record(const std::string& record, std::string_view client = "192.0.2.1") {
    FakeResolver zone;
    zone.add_txt("example.com", record);
    return check_now(zone, spf_identity(client));
}

}  // namespace defender::test

#define EXPECT_VERDICT(evidence_, result_, reason_)                         \
    do {                                                                    \
        const defender::auth::SpfEvidence got = (evidence_);                \
        EXPECT_EQ(to_string(got.result), to_string(result_)) << got.reason; \
        EXPECT_EQ(got.reason, reason_);                                     \
    } while (false)
