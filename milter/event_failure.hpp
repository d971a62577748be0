/// What a front end does where an event of a session throws: one place that turns it into milter.on_error.
///
/// The message goes on, so that its end can give that answer and record it. Thread-safe. Logged:
/// MILTER_CALLBACK_FAILED.
#pragma once

#include <exception>
#include <string_view>

#include "common/config/settings.hpp"
#include "milter/gateway.hpp"
#include "milter/session.hpp"

namespace defender::milter {

/// Logs and counts it, and tells the session, which may be null.
void note_event_failure(Gateway& gateway, Session* session, std::string_view queue_id,
                        std::string_view what) noexcept;

/// What the MTA is told where there is not even a reply.
[[nodiscard]] config::OnError answer_on_error(const Gateway& gateway);

/// Runs an event for the session; `queue_id` is a function that gives the message's. False where the event
/// could not be run, or there is no session.
template <typename QueueId, typename Event>
bool run_event(Gateway& gateway, Session* session, QueueId queue_id, Event event) noexcept {
    try {
        if (session) event(*session);
        return session != nullptr;
    } catch (const std::exception& problem) {
        note_event_failure(gateway, session, queue_id(), problem.what());
    } catch (...) {
        note_event_failure(gateway, session, queue_id(), "an unknown exception");
    }
    return false;
}

}  // namespace defender::milter
