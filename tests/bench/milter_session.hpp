/// MilterSession: one SMTP session as an MTA plays it to one milter, by version 6 of the protocol.
///
/// What the milter asked for when the two negotiated is kept to: steps that it does not want, steps that it
/// does not answer, the rest of a body that it skips, lists of macros of its own. Where it asked for no list,
/// the macros are those that Postfix sends unless told otherwise.
///
/// Each step gives the answer where that ends the message, and nothing where the message goes on.
///
/// Thread-safety: one thread at a time. Failure: an exception where the milter has gone or speaks another
/// protocol.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/mail_corpus.hpp"
#include "tests/bench/milter_wire.hpp"

namespace defender::bench {

struct MilterStep;

struct Answer {
    std::string kind;  ///< accept, reject, tempfail, discard, quarantine
    std::vector<HeaderEdit> edits;
};

class MilterSession {
  public:
    /// Connects and negotiates.
    MilterSession(boost::asio::io_context& context, const std::string& address);

    /// The client and its HELO.
    std::optional<Answer> greet(const Mail& mail);
    /// MAIL FROM and RCPT.
    std::optional<Answer> envelope(const Mail& mail);
    std::optional<Answer> content(const std::string& queue_id, const std::vector<HeaderField>& header,
                                  std::string_view body);
    /// Sends the end of the message and waits for the answer.
    Answer end();
    /// False where the milter wants to hear no more of this session.
    [[nodiscard]] bool serves() const noexcept { return serves_; }
    /// Sends what was put together so far.
    void flush();
    /// The message ends here, without an answer; another may follow.
    void abort();
    /// Takes leave, also of a milter that has gone already.
    void quit();

  private:
    using Macros = std::map<std::string, std::string, std::less<>>;

    void negotiate();
    void send_macros(const MilterStep& step);
    std::optional<Answer> play(const MilterStep& step, std::string_view data);

    MilterWire wire_;
    std::uint32_t steps_ = 0;
    std::map<std::uint32_t, std::vector<std::string>> wanted_macros_;  ///< by stage
    Macros macros_;
    bool skips_ = false;  ///< the answer was to send no more of the body
    bool serves_ = true;
};

}  // namespace defender::bench
