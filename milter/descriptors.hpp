/// File descriptors: as many as the process may have, and what happens when there are none.
///
/// Where accept() finds no descriptor, libmilter and Asio ask again at once, for as long as a connection
/// waits: a processor is burnt, and no log tells why. So this program brings an accept() of its own, which
/// stands before the C library's for the libraries too (as sigwait() does, see signals.hpp): it says once
/// what is wrong (MILTER_DESCRIPTORS_EXHAUSTED, MILTER_DESCRIPTORS_BACK) and lets a moment pass before it
/// fails. Whoever accepts in another way tells of it by note_accepted() and note_accept_failed().
/// Thread-safe.
#pragma once

#include <chrono>

namespace defender::milter {

/// Raises the soft limit to the hard one (getrlimit(2)): the soft one is low for the sake of programs that
/// use select(), which this is not. Where that is refused, as under the unit that comes with this, which has
/// set both, the limit stays.
void raise_descriptor_limit() noexcept;

/// How long to wait where there is no descriptor.
inline constexpr std::chrono::milliseconds pause_without_descriptors{100};

/// A connection was accepted.
void note_accepted() noexcept;
/// None was, and errno said why. True where descriptors or memory were short, so that a pause is due.
[[nodiscard]] bool note_accept_failed(int failure) noexcept;

}  // namespace defender::milter
