/// Outbox: takes deliveries from `made` to their end, one durable step after another.
///
/// A delivery that must not be sent (never_send, a suppression, no consent by an external destination, larger
/// than its "!size") is skipped, with the reason. The others are verified, marked as `sending` before the
/// first octet goes out, and end as `sent`, `retry` or `given_up` by the server's answer: a 5xx, or three
/// days without success, gives up and suppresses the address for a time. One that is found in `sending` was
/// interrupted; it goes out again as it was, with the same Message-ID. Where the mail server itself cannot be
/// used the round ends, no attempt is held against anybody, and the next rounds wait, then try with one
/// delivery. Source: RFC 7489 sections 7.1 and 7.2.2; RFC 9990 sections 3.5 and 4; RFC 5321 section 4.5.4.
/// Thread-safety: one thread uses an object. Failure: an error is the store's.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/settings.hpp"
#include "common/report/external_destination.hpp"
#include "common/report/reporting_parts.hpp"

namespace defender::report {

class Outbox {
  public:
    Outbox(ReportingParts parts, const config::Settings& settings, std::string owner,
           ReportingCounts& counts);

    /// Every delivery that is due at `now`. `stop` is asked before each; true: ends early.
    [[nodiscard]] Status deliver_due(UtcSeconds now, const std::function<bool()>& stop);

  private:
    using State = store::DeliveryState;
    /// Whether to go on with the round.
    enum class Next { delivery, stop };
    /// What was claimed, with what is known of it before its turn.
    struct Item {
        store::Delivery delivery;
        store::Document document;  ///< without its content
        DestinationVerdict verdict;
    };

    [[nodiscard]] Result<std::uint64_t> room_in_this_hour();
    [[nodiscard]] Result<std::vector<Item>> claim(std::uint64_t limit);
    [[nodiscard]] Status look_up(std::vector<Item>& items);
    [[nodiscard]] Result<Next> deliver_batch(std::vector<Item> items, const std::function<bool()>& stop);
    [[nodiscard]] Status release(const std::vector<Item>& items, std::size_t from, std::string_view why);

    [[nodiscard]] Result<Next> deliver(Item item);
    [[nodiscard]] Result<bool> choose_address(Item& item);
    [[nodiscard]] Result<Next> compose_and_send(Item item);
    [[nodiscard]] Result<Next> skip_as_too_large(Item item, std::size_t octets);
    [[nodiscard]] Result<Next> send(Item item, const std::string& mail);
    [[nodiscard]] Result<Next> accepted(Item item, const std::string& answer);
    [[nodiscard]] Result<Next> refused(Item item, const std::string& answer);
    [[nodiscard]] Result<Next> try_again(Item item, const std::string& answer, bool blame_recipient);
    [[nodiscard]] Result<Next> pause(Item before, const std::string& answer);
    [[nodiscard]] Result<Next> skip(Item item, const std::string& why);
    [[nodiscard]] Result<bool> advance(store::Delivery& delivery, State state, std::string_view answer);

    ReportingParts parts_;
    const config::Settings& settings_;
    std::string owner_;
    ReportingCounts& counts_;

    UtcSeconds now_ = 0;  ///< of the round
    std::chrono::steady_clock::time_point began_;
    store::Lease lease_;                ///< of the batch in hand
    unsigned server_failures_ = 0;      ///< one after another
    UtcSeconds paused_until_ = 0;       ///< because of them
    UtcSeconds full_hour_logged_ = -1;  ///< the hour whose limit was logged
};

/// The wait after the n-th failed attempt (1, 2, …): grows from 5 minutes, doubling, to 6 hours.
[[nodiscard]] std::chrono::seconds wait_after(unsigned attempts);
/// The wait after the n-th failure of the mail server itself: from 1 minute, doubling, to 30 minutes.
[[nodiscard]] std::chrono::seconds pause_after(unsigned failures);
/// From the first try of a delivery until it is given up: 3 days.
inline constexpr std::chrono::hours patience{72};
/// How long a lease is held, and more where one mail may take longer.
inline constexpr std::chrono::minutes lease_length{15};

}  // namespace defender::report
