/// MilterConnection: the milter's side of one connection of an MTA, without its socket: octets in, octets
/// out.
///
/// Packets become events of a Session. Between the end of a message and its reply it waits, and takes nothing
/// more. A packet that is none, that an MTA may not send, or not at this point, ends the connection: what the
/// MTA thinks of the message can no longer be what the session does. Source: the milter protocol, version 6.
/// Thread-safety: one call after another, from any thread; a reply may be made on any thread. Logged:
/// MILTER_PACKET_REFUSED, MILTER_CALLBACK_FAILED.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "milter/gateway.hpp"
#include "milter/milter_protocol.hpp"
#include "milter/session.hpp"

namespace defender::milter {

class MilterConnection {
  public:
    enum class State {
        reading,  ///< more packets are wanted
        waiting,  ///< for the reply to a message
        closed,   ///< nothing more comes; what is in output() may still be sent
    };
    /// Called exactly once for each message that was waited for, on any thread; must not throw. It has to see
    /// that give_reply() is called.
    using OnReply = std::function<void(std::uint64_t message, Reply)>;
    /// Sends what it can of output() before take() goes on, so that the MTA sends the next piece of a body
    /// while this one is hashed. Must not throw, nor close the connection.
    using SendNow = std::function<void()>;

    /// The gateway outlives the connection. Without `send_now`, answers wait in output() for the end of
    /// take().
    MilterConnection(Gateway& gateway, OnReply on_reply, SendNow send_now = nullptr);

    /// Takes packets from the front of `octets`, until one is not whole, a message is waited for or the
    /// connection is closed. How many octets were taken. Throws where memory runs out.
    [[nodiscard]] std::size_t take(std::string_view octets);
    /// The reply to a message; one that is not waited for is dropped.
    void give_reply(std::uint64_t message, const Reply& reply);
    /// Tells the MTA that its message is still being looked at.
    void give_progress();
    /// Gives up what is under way.
    void close() noexcept;

    [[nodiscard]] State state() const noexcept { return state_; }
    /// Between MAIL FROM and the reply.
    [[nodiscard]] bool has_message() const noexcept { return stage_ != Stage::idle; }
    /// What is to be sent; whoever sends it takes it out.
    [[nodiscard]] std::string& output() noexcept { return output_; }

  private:
    /// Steps of a message, in their order.
    enum class Stage { idle, envelope, header, body };

    void handle(const Packet& packet);
    void handle_message_step(const Packet& packet);
    void negotiate_terms(std::string_view data);
    void connect(std::string_view data);
    void helo(std::string_view data);
    void mail(std::string_view data);
    void recipient(std::string_view data);
    void header(std::string_view data);
    void body(std::string_view octets);
    void end_of_message(std::string_view rest_of_body);
    void give_up_message();
    void new_client();
    void go_on(std::uint32_t quiet_step);
    void answer_on_error();
    void refuse(std::string_view what);
    template <typename Event>
    bool run(Event event) noexcept;

    Gateway& gateway_;
    OnReply on_reply_;
    SendNow send_now_;
    State state_ = State::reading;
    Stage stage_ = Stage::idle;
    std::optional<Terms> terms_;  ///< none before they are agreed on
    bool connected_ = false;      ///< a client is
    std::optional<Session> session_;
    Macros macros_;
    std::uint64_t messages_ = 0;
    std::string output_;
};

}  // namespace defender::milter
