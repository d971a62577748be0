#include "milter/asio_frontend.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "milter/descriptors.hpp"
#include "milter/event_failure.hpp"
#include "milter/listening_socket.hpp"

namespace defender::milter {
namespace {

namespace asio = boost::asio;
using Failure = boost::system::error_code;
using ConnectionPtr = std::shared_ptr<AsioConnection>;

// Connections that are accepted before others have their turn.
constexpr int accepted_at_once = 64;

}  // namespace

/// All of it but the connections happens on one strand.
class AsioFrontend::Impl {
  public:
    Impl(Gateway& gateway, const config::MilterSettings& settings, AsioTimes times)
        : gateway_(gateway),
          threads_(settings.workers),
          times_(times),
          context_(static_cast<int>(threads_)),
          strand_(context_.get_executor()),
          socket_(std::in_place, settings),
          listener_(strand_, socket_->descriptor()),
          pause_(strand_),
          looks_(strand_),
          grace_(strand_) {}

    ~Impl() {
        replies_->end();
        close_socket();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void run() {
        await_connections();
        await_look();
        std::vector<std::thread> others;
        try {
            while (others.size() + 1 < threads_) others.emplace_back([this] { serve(); });
        } catch (...) {
            context_.stop();
            for (auto& thread : others) thread.join();
            throw;
        }
        serve();
        for (auto& thread : others) thread.join();
    }

    void stop() {
        asio::post(strand_, [this] { drain(); });
    }

  private:
    using Strand = asio::strand<asio::io_context::executor_type>;
    using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                             asio::wait_traits<std::chrono::steady_clock>, Strand>;

    /// One of the threads.
    void serve() {
        for (;;) {
            try {
                context_.run();
                return;
            } catch (const std::exception& problem) {
                note_event_failure(gateway_, nullptr, "", problem.what());
            }
        }
    }

    void await_connections() {
        listener_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const Failure& failure) {
            if (!failure && !draining_) accept();
        });
    }

    void accept() {
        for (int count = 0; count < accepted_at_once; ++count) {
            const int descriptor =
                accept4(socket_->descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (descriptor >= 0) {
                note_accepted();
                open(descriptor);
            } else if (note_accept_failed(errno)) {
                return pause();
            } else {
                break;  // none is left, or one went away again
            }
        }
        await_connections();
    }

    void pause() {
        pause_.expires_after(pause_without_descriptors);
        pause_.async_wait([this](const Failure& failure) {
            if (!failure && !draining_) accept();
        });
    }

    void open(int descriptor) noexcept {
        bool owned = false;
        try {
            AsioConnection::Socket socket(asio::make_strand(context_));
            socket.assign({socket_->family(), 0}, descriptor);
            owned = true;
            const auto connection =
                std::make_shared<AsioConnection>(std::move(socket), gateway_, times_.connection, replies_,
                                                 [this](const ConnectionPtr& closed) { forget(closed); });
            {
                const std::lock_guard lock(mutex_);
                connections_.insert(connection);
            }
            connection->start();
        } catch (const std::exception& problem) {
            if (!owned) ::close(descriptor);
            note_event_failure(gateway_, nullptr, "", problem.what());
        }
    }

    void forget(const ConnectionPtr& closed) noexcept {
        {
            const std::lock_guard lock(mutex_);
            connections_.erase(closed);
        }
        if (!draining_) return;
        try {
            asio::post(strand_, [this] { end_if_drained(); });
        } catch (...) {  // NOLINT(bugprone-empty-catch): no memory: the next look sees to it
        }
    }

    template <typename Do>
    void for_each_connection(Do what) {
        const std::lock_guard lock(mutex_);
        for (const auto& connection : connections_) what(*connection);
    }

    void await_look() {
        looks_.expires_after(times_.look);
        looks_.async_wait([this](const Failure& failure) {
            if (failure) return;
            look();
            await_look();
            end_if_drained();
        });
    }

    void look() noexcept {
        try {
            const auto now = AsioConnection::Clock::now();
            for_each_connection([&](AsioConnection& connection) {
                if (connection.is_due(now)) connection.look();
                if (draining_) connection.drain();  // again, where there was no memory for it at first
            });
        } catch (const std::exception& problem) {
            note_event_failure(gateway_, nullptr, "", problem.what());
        }
    }

    void drain() {
        if (draining_.exchange(true)) return;
        close_socket();
        grace_.expires_after(times_.grace);
        grace_.async_wait([this](const Failure& failure) {
            if (failure) return;
            for_each_connection([](AsioConnection& connection) { connection.give_up(); });
        });
        look();
        end_if_drained();
    }

    /// Without timers and connections, run() has nothing left to do.
    void end_if_drained() {
        if (!draining_) return;
        {
            const std::lock_guard lock(mutex_);
            if (!connections_.empty()) return;
        }
        pause_.cancel();
        looks_.cancel();
        grace_.cancel();
    }

    void close_socket() {
        if (!socket_) return;
        listener_.release();
        socket_.reset();
    }

    Gateway& gateway_;
    const unsigned threads_;
    const AsioTimes times_;
    const std::shared_ptr<OutsideCalls> replies_ = std::make_shared<OutsideCalls>();
    asio::io_context context_;
    Strand strand_;
    std::optional<ListeningSocket> socket_;
    asio::posix::basic_stream_descriptor<Strand> listener_;
    Timer pause_;
    Timer looks_;
    Timer grace_;
    std::atomic<bool> draining_{false};
    std::mutex mutex_;  ///< guards what follows
    std::unordered_set<ConnectionPtr> connections_;
};

AsioFrontend::AsioFrontend(Gateway& gateway, const config::MilterSettings& settings, AsioTimes times)
    : impl_(std::make_unique<Impl>(gateway, settings, times)) {}

AsioFrontend::~AsioFrontend() = default;

void AsioFrontend::run() {
    impl_->run();
}

void AsioFrontend::stop() {
    impl_->stop();
}

}  // namespace defender::milter
