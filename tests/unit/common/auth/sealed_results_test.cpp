#include "common/auth/sealed_results.hpp"

#include <gtest/gtest.h>

namespace defender::auth {
namespace {

struct Verdict {
    const char* results;
    SealedVerdict verdict;
};

TEST(SealedResults, WhatASealerSaysOfAnAuthorDomain) {
    using enum SealedVerdict;
    const Verdict table[] = {
        {"mx; dmarc=pass header.from=example.com", pass},
        {"mx; dmarc=PASS header.from=Example.COM", pass},
        {"mx; dmarc=pass header.from=user@example.com", pass},
        {"mx; dmarc=pass (p=reject) header.from=\"example.com\"", pass},
        {"mx; spf=fail; dmarc=pass header.from=example.com; arc=none", pass},
        {"mx; dmarc=fail header.from=example.com", fail},
        {"mx; dmarc=pass header.from=example.com; dmarc=fail header.from=example.com", fail},
        {"mx; dmarc=fail header.from=example.com; dmarc=pass header.from=example.com", fail},
        {"mx; dmarc=none header.from=example.com; dmarc=pass header.from=example.com", pass},
        {"mx; dmarc=pass header.from=example.com; dmarc=none header.from=example.com", pass},
        {"mx; dmarc=none header.from=example.com", nothing},
        {"mx; dmarc=temperror header.from=example.com", nothing},
        {"mx; dmarc=none header.from=example.com; dkim=pass header.d=example.com", nothing},
        {"mx; dmarc=fail header.from=example.com; dkim=pass header.d=example.com", fail},
        {"mx; dmarc=pass", nothing},
        {"mx; dmarc=pass header.from=sub.example.com", nothing},
        {"mx; dmarc=pass header.from=com", nothing},
        {"mx; dmarc=pass header.from=example.com.evil.example", nothing},
        {"mx; dmarc=pass header.d=example.com", nothing},
        {"mx; dmarc=pass reason=\"header.from=example.com\"", nothing},
        {"mx; dmarc=pass (header.from=example.com)", nothing},
        {"mx; dkim=pass header.d=example.com", pass},
        {"mx; dkim=pass header.i=@example.com", pass},
        {"mx; dkim=pass header.i=user@example.com header.s=x", pass},
        {"mx; dkim=fail header.d=example.com", nothing},
        {"mx; dkim=pass header.d=other.example", nothing},
        {"mx; dkim=pass header.d=sub.example.com", nothing},
        {"mx; dmarc=pass header.from=other.example; dkim=pass header.d=example.com", pass},
        {"mx; spf=pass smtp.mailfrom=user@example.com", pass},
        {"mx; spf=pass smtp.mailfrom=example.com", pass},
        {"mx; spf=pass smtp.helo=example.com", nothing},
        {"mx; spf=softfail smtp.mailfrom=example.com", nothing},
        {"mx; x-dmarc=pass header.from=example.com", nothing},
        {"mx; none", nothing},
        {"mx; dmarc=pass header.from=example.com; broken", nothing},
        {"", nothing},
        {"mx", nothing},
    };
    for (const auto& row : table)
        EXPECT_EQ(sealed_verdict(row.results, "example.com"), row.verdict) << row.results;
}

TEST(SealedResults, InternationalDomainsAreComparedAsALabels) {
    EXPECT_EQ(sealed_verdict("mx; dmarc=pass header.from=b\xc3\xbc"
                             "cher.example",
                             "xn--bcher-kva.example"),
              SealedVerdict::pass);
    EXPECT_EQ(sealed_verdict("mx; dmarc=pass header.from=xn--bcher-kva.example", "xn--bcher-kva.example"),
              SealedVerdict::pass);
}

struct Address {
    const char* results;
    const char* address;  ///< empty: none
};

TEST(SealedResults, WhereTheMessageCameFrom) {
    const Address table[] = {
        {"mx; arc=none smtp.remote-ip=192.0.2.7", "192.0.2.7"},
        {"mx; arc=none smtp.remote-ip=\"2001:DB8::1A\"", "2001:db8::1a"},
        {"mx; iprev=pass policy.iprev=192.0.2.8", "192.0.2.8"},
        {"mx; iprev=pass policy.iprev=192.0.2.8; spf=pass smtp.remote-ip=192.0.2.7", "192.0.2.7"},
        {"mx; arc=none smtp.remote-ip=nonsense; iprev=pass policy.iprev=192.0.2.8", "192.0.2.8"},
        {"mx; arc=none smtp.remote-ip=nonsense", ""},
        {"mx; spf=pass smtp.mailfrom=example.com", ""},
        {"broken", ""},
    };
    for (const auto& row : table) {
        const auto address = sealed_remote_ip(row.results);
        EXPECT_EQ(address ? address->to_string() : "", row.address) << row.results;
    }
}

}  // namespace
}  // namespace defender::auth
