/// SenderAnswer: a record as text that a postmaster can paste into an answer to the person who asks why a
/// message was refused, held or marked.
///
/// It says what was done, whose policy asked for it, what failed and why, and what the sending side can mend;
/// nothing of settings, rules or machines inside. Thread-safety: pure functions.
#pragma once

#include <string>

#include "common/store/record.hpp"

namespace defender::ctl {

/// Lines of a mail's width, each ended; octets from outside are made printable.
[[nodiscard]] std::string sender_answer(const store::Record& record);

}  // namespace defender::ctl
