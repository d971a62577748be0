/// Questions that no server can be asked: the answer that every resolver gives to them at once.
///
/// A name that does not fit the protocol cannot exist, hence NXDOMAIN. It is not for keeping (TTL 0).
/// Pure; thread-safe.
#pragma once

#include "common/dns/resolver.hpp"

namespace defender::dns {

/// The answer where can_be_asked() is false for the question's name; otherwise null.
[[nodiscard]] AnswerPtr answer_if_unaskable(const Question& question);

}  // namespace defender::dns
