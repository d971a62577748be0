/// What a load generator does with its milters: so many messages over so many connections; many sessions that
/// stand still; many sessions that all want their answer at one moment. Each gives its figures as JSON.
///
/// Thread-safety: one mode at a time. Failure: a message without an answer is counted as lost; an exception
/// where no session can be made at all.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/bench/mail_corpus.hpp"

namespace defender::bench {

/// How far sessions are brought before they wait.
enum class Stage {
    helo,  ///< the client is known, no message has begun
    body,  ///< all but the end of the message has been said
};

struct Load {
    std::vector<std::string> milters;  ///< each message goes to all, in this order
    std::vector<pid_t> processes;      ///< theirs
    std::vector<Mail> corpus;
    std::string queue_ids;  ///< what the queue ids begin with
    std::size_t connections = 8;
    std::size_t messages = 1000;
    /// Messages before a connection is made anew; all of them come from the client of the first.
    std::size_t per_connection = 1;
    Stage stage = Stage::body;
    std::chrono::duration<double> hold{10};
    double late_ms = 1000;
};

/// `messages` over `connections` at a time.
nlohmann::json run_messages(const Load& load);

/// `connections` sessions, brought to `stage` and held for `hold`.
nlohmann::json run_idle(const Load& load);

/// `connections` sessions, brought to `stage`, that then all go on to their ends at once. Times are from that
/// moment.
nlohmann::json run_burst(const Load& load);

}  // namespace defender::bench
