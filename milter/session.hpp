/// Session: one connection of the MTA, as events in and a reply out.
///
/// It knows no front end: each is one thin translation to it (frontend.hpp).
/// Events come in the order of an SMTP session; several messages may follow one another on a connection. The
/// reply to a message is given through a callback when its record is durable, so no thread waits in here.
///
/// Source: RFC 5321 section 3; the milter protocol, version 6. Thread-safety: one connection's events come
/// one after another, from any thread. Dropping a session at any time is safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/auth/evidence.hpp"
#include "common/base/ip_address.hpp"
#include "milter/gateway.hpp"
#include "milter/reply.hpp"

namespace defender::milter {

class Message;

class Session {
  public:
    /// Called exactly once for each end_of_message(), on a thread of the gateway or on the caller's; must not
    /// throw.
    using OnReply = std::function<void(Reply)>;

    explicit Session(Gateway& gateway);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    /// `address` is nothing for a client that is not on an IP socket.
    void connect(std::string_view host_name, std::optional<IpAddress> address);
    void helo(std::string_view name);
    void mail_from(std::string_view address, bool authenticated);
    /// Need not be called at all: recipients only tell mail of our own reporting from the rest.
    void recipient(std::string_view address);
    /// `value` with the blank behind the colon, folds as LF or CRLF.
    void header(std::string_view name, std::string_view value);
    void end_of_headers();
    [[nodiscard]] bool wants_body() const noexcept;
    void body(std::span<const char> octets);
    /// Throws where mail_from() has thrown: nothing is there that could be judged.
    void end_of_message(std::string_view queue_id, OnReply on_reply);
    /// Something unexpected happened while the message came in: its end gives milter.on_error's reply.
    void report_problem(std::string_view what);
    /// The message is given up; the connection may go on.
    void abort();

  private:
    Gateway& gateway_;
    auth::ClientEvidence client_;
    std::shared_ptr<Message> message_;
    bool untaken_ = false;  ///< mail_from() has thrown
};

}  // namespace defender::milter
