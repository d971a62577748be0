/// The verdicts on DKIM signatures compared, and every way to make one, for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "common/auth/evidence.hpp"
#include "tests/support/dkim_message.hpp"

namespace defender::test {

inline void expect_verdict(const auth::DkimEvidence& evidence, auth::DkimResult result,
                           const std::string& reason) {
    EXPECT_EQ(evidence.result, result) << evidence.reason;
    EXPECT_EQ(evidence.reason, reason);
}

/// Calls `check(key, how)` for each algorithm with each canonicalization of header and body.
template <typename Check>
void for_each_way_to_sign(Check check) {
    for (const auto* key : {&rsa_key(), &ed25519_key()}) {
        for (const std::string header : {"simple", "relaxed"}) {
            for (const std::string body : {"simple", "relaxed"}) {
                DkimSigning how;
                how.header = header;
                how.body = body;
                SCOPED_TRACE(key->type() + " " + header + "/" + body);
                check(*key, how);
            }
        }
    }
}

}  // namespace defender::test
