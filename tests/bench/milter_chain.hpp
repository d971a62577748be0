/// MilterChain: one SMTP session at one milter or at several, which Postfix would call one after the other:
/// each hears of the envelope as it comes; of the content the next one hears when the one before has
/// answered, with the header as that one has changed it.
///
/// A message is played in three parts, so that a caller can hold it between them: greet, begin, finish.
///
/// Thread-safety: one thread at a time. Failure: what MilterSession throws.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/bench/load_statistics.hpp"
#include "tests/bench/milter_session.hpp"

namespace defender::bench {

class MilterChain {
  public:
    MilterChain(boost::asio::io_context& context, const std::vector<std::string>& addresses);

    /// The client and its HELO, once for a session.
    void greet(const Mail& mail);
    /// The envelope, and the content as far as the first milter hears it before the end. `mail` must outlive
    /// finish().
    void begin(const Mail& mail, const std::string& queue_id);
    /// All else; the outcome's `end` is set, `whole` is left to the caller.
    Outcome finish();
    /// What was said so far has left when this returns.
    void flush();
    void quit();

  private:
    void content(std::size_t number);

    std::vector<std::unique_ptr<MilterSession>> sessions_;
    const Mail* mail_ = nullptr;
    std::string queue_id_;
    std::vector<HeaderField> header_;
    std::optional<Answer> early_;  ///< the answer to a step before the end
};

/// Milliseconds since then.
double milliseconds_since(std::chrono::steady_clock::time_point then);

}  // namespace defender::bench
