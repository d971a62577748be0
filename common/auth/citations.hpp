/// Citations: where each standard says what the trace of a judgement explains.
///
/// Thread-safety: constants. Failure: none.
#pragma once

#include <string_view>

#include "common/config/settings.hpp"

namespace defender::auth {

struct Citations {
    std::string_view author;     ///< which domain is the author's, and what if there is none
    std::string_view discovery;  ///< where the policy was found
    std::string_view policy;     ///< p, sp and np
    std::string_view mail_from;  ///< why a HELO identity never aligns
    std::string_view spf;        ///< alignment of the SPF identity
    std::string_view dkim;       ///< alignment of a signature
    std::string_view result;     ///< pass, fail and temporary errors
    std::string_view lowered;    ///< pct, or t=y
    std::string_view action;     ///< what is done about a failure
};

[[nodiscard]] const Citations& citations(config::DmarcStandard standard) noexcept;

}  // namespace defender::auth
