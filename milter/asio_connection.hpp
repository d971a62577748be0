/// AsioConnection: one MTA's connection to the Asio front end, a MilterConnection with its socket.
///
/// Nothing is read before all that is to be sent is sent, so an MTA that does not read is not served. A
/// connection that waits for its MTA, or for the reply to a message, holds no thread, and while it is idle no
/// buffer either. Everything after start() happens on its strand; the public functions may be called on any
/// thread. Whoever makes it keeps it until its socket is closed.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "milter/frontend.hpp"
#include "milter/gateway.hpp"
#include "milter/milter_connection.hpp"
#include "milter/outside_calls.hpp"
#include "milter/untaken_octets.hpp"

namespace defender::milter {

/// How long things may take on a connection.
struct ConnectionTimes {
    std::chrono::milliseconds idle{std::chrono::seconds{7210}};  ///< without a word of the MTA, as libmilter
    std::chrono::milliseconds progress{progress_interval};
};

class AsioConnection : public std::enable_shared_from_this<AsioConnection> {
  public:
    using Clock = std::chrono::steady_clock;
    using Strand = boost::asio::strand<boost::asio::io_context::executor_type>;
    using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Strand>;
    /// Called once, when the socket is closed; must not throw.
    using OnClosed = std::function<void(const std::shared_ptr<AsioConnection>&)>;

    /// The gateway outlives it. Replies come by `replies`, which is to end before the socket's context does.
    AsioConnection(Socket socket, Gateway& gateway, ConnectionTimes times,
                   std::shared_ptr<OutsideCalls> replies, OnClosed on_closed);

    /// Begins to serve, perhaps before it returns. Call once, before anything else.
    void start();
    /// Whether look() has something to do.
    [[nodiscard]] bool is_due(Clock::time_point now) const noexcept;
    /// Does what is due: a sign of life to an MTA that waits, the end of a connection that was idle too long.
    void look();
    /// Ends the connection once there is no message on it.
    void drain();
    /// Ends the connection, unless a message waits for its reply.
    void give_up();

  private:
    using State = MilterConnection::State;
    using Failure = boost::system::error_code;

    /// A reply that was made, on its way to the strand.
    struct Made {
        std::uint64_t message = 0;
        Reply reply;
    };

    template <typename Step>
    void post(Step step);
    template <typename Step>
    void guarded(Step step) noexcept;
    void await_octets();
    void read();
    [[nodiscard]] std::size_t read_once(Failure& failure);
    void take(std::string_view octets);
    [[nodiscard]] std::string_view complete_packet(std::string_view octets);
    void reply_made(std::uint64_t message, Reply reply) noexcept;
    void take_reply();
    void go_on();
    [[nodiscard]] bool send();
    [[nodiscard]] Failure send_some();
    void await_room();
    void due_in(std::chrono::milliseconds time) noexcept;
    void close() noexcept;

    Socket socket_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    Gateway& gateway_;
    const ConnectionTimes times_;
    const std::shared_ptr<OutsideCalls> replies_;
    OnClosed on_closed_;
    std::optional<MilterConnection> milter_;  ///< from start() on
    UntakenOctets untaken_;
    bool awaits_octets_ = false;
    bool awaits_room_ = false;
    bool draining_ = false;
    std::atomic<Clock::rep> due_{0};  ///< when look() has something to do
    std::mutex mutex_;                ///< guards what follows
    std::optional<Made> made_;
};

}  // namespace defender::milter
