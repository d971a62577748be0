/// A record as the milter stores it: for tests of what reads stored records.
#pragma once

#include <string>

#include "common/auth/judgement.hpp"
#include "common/store/record.hpp"
#include "tests/support/message_evidence.hpp"

namespace defender::tests {

/// A message as the milter judged and stored it in monitor mode.
inline store::Record recorded(const std::string& queue_id, MessageEvidence message, UtcSeconds received_at) {
    message.get().queue_id = queue_id;
    message.get().received_at = received_at;
    store::Record record;
    record.host = "mx.example.net";
    record.evidence = message;
    record.judgement = auth::judge(record.evidence, monitoring());
    return record;
}

}  // namespace defender::tests
