#include "common/auth/citations.hpp"

namespace defender::auth {
namespace {

constexpr Citations rfc7489{"RFC 7489 6.6.1", "RFC 7489 6.6.3", "RFC 7489 6.3",
                            "RFC 7489 4.1",   "RFC 7489 3.1.2", "RFC 7489 3.1.1",
                            "RFC 7489 6.6.2", "RFC 7489 6.6.4", "RFC 7489 6.7"};
constexpr Citations rfc9989{"RFC 9989 5.3.1", "RFC 9989 4.10.1", "RFC 9989 4.7",
                            "RFC 9989 3.2.4", "RFC 9989 4.4.2",  "RFC 9989 4.4.1",
                            "RFC 9989 5.3.5", "RFC 9989 4.7",    "RFC 9989 5.3.6"};

}  // namespace

const Citations& citations(config::DmarcStandard standard) noexcept {
    return standard == config::DmarcStandard::rfc9989 ? rfc9989 : rfc7489;
}

}  // namespace defender::auth
