/// Whether this build is under AddressSanitizer or ThreadSanitizer, which keep what is freed for a while, so
/// that the memory that a process holds tells nothing there.
#pragma once

namespace defender::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace defender::test
