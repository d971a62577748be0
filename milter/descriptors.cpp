#include "milter/descriptors.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>

#include "common/log/log.hpp"

namespace {

/// Without a failure for so long they count as back: while they are short, each connection that ends makes
/// room for one more.
constexpr std::chrono::seconds calm{5};

using Clock = std::chrono::steady_clock;
std::atomic<bool> exhausted{false};
std::atomic<Clock::time_point> last_failure{};

bool means_exhausted(int failure) {
    return failure == EMFILE || failure == ENFILE || failure == ENOBUFS || failure == ENOMEM;
}

void note_exhausted(int failure) noexcept {
    try {
        last_failure = Clock::now();
        if (exhausted.exchange(true)) return;
        defender::log::error("MILTER_DESCRIPTORS_EXHAUSTED",
                             {{"error", std::generic_category().message(failure)}});
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory even for the log line
    }
}

}  // namespace

extern "C" int accept(int listening, sockaddr* address, socklen_t* size) {
    const int accepted = accept4(listening, address, size, 0);
    if (accepted >= 0) {
        defender::milter::note_accepted();
        return accepted;
    }
    const int failure = errno;
    if (defender::milter::note_accept_failed(failure)) {
        std::this_thread::sleep_for(defender::milter::pause_without_descriptors);
    }
    errno = failure;
    return accepted;
}

namespace defender::milter {

void raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void note_accepted() noexcept {
    try {
        if (!exhausted || Clock::now() - last_failure.load() < calm) return;
        if (exhausted.exchange(false)) log::info("MILTER_DESCRIPTORS_BACK");
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory even for the log line
    }
}

bool note_accept_failed(int failure) noexcept {
    const bool short_of_them = means_exhausted(failure);
    if (short_of_them) note_exhausted(failure);
    return short_of_them;
}

}  // namespace defender::milter
