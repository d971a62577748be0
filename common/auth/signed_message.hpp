/// SignedMessage: what the signatures of one message are computed over, kept once for DKIM and for ARC.
///
/// The collector of evidence adds the header's fields as they come, and then the body; DkimVerification and
/// ArcValidation read them. Thread-safety: for one thread at a time.
#pragma once

#include "common/auth/body_hashes.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

struct SignedMessage {
    mail::HeaderFields header;
    BodyHashes body;
};

}  // namespace defender::auth
