#include "milter/event_failure.hpp"

#include "common/log/log.hpp"

namespace defender::milter {

void note_event_failure(Gateway& gateway, Session* session, std::string_view queue_id,
                        std::string_view what) noexcept {
    try {
        log::error("MILTER_CALLBACK_FAILED", {{"queue_id", queue_id}, {"what", what}});
        gateway.metrics().milter().errors.Increment();
        if (session) session->report_problem(what);
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory even for the log line; the answer still stands
    }
}

config::OnError answer_on_error(const Gateway& gateway) {
    return gateway.configuration()->settings->milter.on_error;
}

}  // namespace defender::milter
