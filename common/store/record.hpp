/// Record: what is kept of one judged message.
///
/// Evidence and judgement are kept whole, so that a message can be explained, judged again and
/// reported. Thread-safety: a plain value.
#pragma once

#include <optional>
#include <string>

#include "common/auth/evidence.hpp"
#include "common/auth/forwarding_sighting.hpp"
#include "common/auth/judgement.hpp"

namespace defender::store {

struct Record {
    std::string host;  ///< the gateway that judged it (authserv-id)
    auth::Evidence evidence;
    auth::Judgement judgement;
    std::string reply;              ///< the SMTP text given, where the message was refused; else empty
    std::string error;              ///< what went wrong inside the filter, where something did
    std::int64_t milliseconds = 0;  ///< from the end of the message to the judgement
    /// What is learned from the message, where something is; stored apart from it and not given back with it.
    std::optional<auth::ForwardingSighting> sighting = std::nullopt;
};

}  // namespace defender::store
