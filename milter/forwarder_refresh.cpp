#include "milter/forwarder_refresh.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/utc_clock.hpp"
#include "common/log/log.hpp"

namespace defender::milter {
namespace {

constexpr std::chrono::minutes usual_interval{1};

using Known = std::vector<auth::KnownForwarder>;

std::int64_t count(const Known& known, auth::ForwarderStatus status) {
    return std::count_if(known.begin(), known.end(), [&](const auto& one) { return one.status == status; });
}

/// Whether they differ in nothing but how many domains were seen, which grows all the time.
bool same_networks(const Known& one, const Known& other) {
    return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](const auto& a, const auto& b) {
        return a.network == b.network && a.status == b.status;
    });
}

}  // namespace

class ForwarderRefresh::Impl {
  public:
    Impl(Gateway& gateway, OpenStore open, std::chrono::milliseconds interval)
        : gateway_(gateway), open_(std::move(open)), interval_(interval), thread_([this] { run(); }) {}

    ~Impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void read_again() {
        {
            const std::lock_guard lock(mutex_);
            wanted_ = true;
        }
        changed_.notify_all();
    }

  private:
    void run() {
        do {
            auto known = read();
            known ? take(std::move(known).value()) : note_failure(known.error());
        } while (await_next());
    }

    /// False at the end.
    bool await_next() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, interval_, [this] { return stopping_ || wanted_; });
        wanted_ = false;
        return !stopping_;
    }

    Result<Known> read() {
        try {
            const auto indirect = gateway_.configuration()->settings->indirect;
            if (!indirect.enabled) return Known{};
            auto store = open_([this] { return is_stopping(); });
            if (!store) return store.error();
            return store.value()->known(store::learning_terms(indirect, utc_now()));
        } catch (const std::exception& problem) {
            return Error{std::string("unexpected: ") + problem.what()};
        }
    }

    void take(Known known) {
        failing_ = false;
        if (known == known_) return;
        const bool worth_telling = !same_networks(known, known_);
        known_ = std::move(known);
        gateway_.replace_forwarders(std::make_shared<const auth::KnownForwarders>(known_));
        if (!worth_telling) return;
        log::info("FORWARDERS_READ", {{"learned", count(known_, auth::ForwarderStatus::learned)},
                                      {"confirmed", count(known_, auth::ForwarderStatus::confirmed)},
                                      {"denied", count(known_, auth::ForwarderStatus::denied)}});
    }

    void note_failure(const Error& error) {
        if (is_stopping() || std::exchange(failing_, true)) return;
        log::warning("FORWARDERS_NOT_READ", {{"error", error.message}});
    }

    bool is_stopping() {
        const std::lock_guard lock(mutex_);
        return stopping_;
    }

    Gateway& gateway_;
    const OpenStore open_;
    const std::chrono::milliseconds interval_;

    // The thread's own.
    Known known_;  // as the gateway has it
    bool failing_ = false;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool wanted_ = false;    // guarded by mutex_
    bool stopping_ = false;  // guarded by mutex_

    std::thread thread_;  // last, so that it starts when all else is there
};

ForwarderRefresh::ForwarderRefresh(Gateway& gateway, OpenStore open)
    : ForwarderRefresh(gateway, std::move(open), usual_interval) {}

ForwarderRefresh::ForwarderRefresh(Gateway& gateway, OpenStore open, std::chrono::milliseconds interval)
    : impl_(std::make_unique<Impl>(gateway, std::move(open), interval)) {}

ForwarderRefresh::~ForwarderRefresh() = default;

void ForwarderRefresh::read_again() {
    impl_->read_again();
}

std::unique_ptr<ForwarderRefresh> make_forwarder_refresh(Gateway& gateway,
                                                         const config::StoreSettings& settings) {
    return std::make_unique<ForwarderRefresh>(gateway, [settings](std::function<bool()> give_up) {
        return store::open_forwarders(settings, store::OpenMode::read_write, std::move(give_up));
    });
}

}  // namespace defender::milter
