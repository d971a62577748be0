#include "common/report/outbox.hpp"

#include <algorithm>

#include "common/base/text.hpp"
#include "common/log/log.hpp"
#include "common/report/report_mail.hpp"
#include "common/report/suppressions.hpp"

namespace defender::report {
namespace {

constexpr std::uint64_t most_at_once = 20;
constexpr std::int64_t hour = 3600;

std::int64_t seconds(std::chrono::steady_clock::duration length) {
    return std::chrono::ceil<std::chrono::seconds>(length).count();
}

/// The longest that the mail server may take for one mail.
std::chrono::seconds longest_attempt(const config::ReportSettings& settings) {
    return 2 * settings.smtp_timeout;
}

/// As many deliveries as are done within a lease, whatever the mail server does.
std::uint64_t batch_size(const config::ReportSettings& settings) {
    const auto fitting = (lease_length - std::chrono::minutes(1)) / longest_attempt(settings);
    return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(fitting), 1, most_at_once);
}

std::string words_of(const SmtpAnswer& answer) {
    return answer.code == 0 ? answer.text : std::to_string(answer.code) + " " + answer.text;
}

log::Fields fields(const store::Document& document, const store::Delivery& delivery) {
    return {{"report_id", document.report_id},
            {"to", delivery.address},
            {"attempts", delivery.attempts},
            {"answer", delivery.answer}};
}

}  // namespace

std::chrono::seconds wait_after(unsigned attempts) {
    constexpr std::chrono::seconds longest = std::chrono::hours(6);
    std::chrono::seconds wait = std::chrono::minutes(5);
    for (unsigned n = 1; n < attempts && wait < longest; ++n) wait *= 2;
    return std::min(wait, longest);
}

std::chrono::seconds pause_after(unsigned failures) {
    constexpr std::chrono::seconds longest = std::chrono::minutes(30);
    std::chrono::seconds pause = std::chrono::minutes(1);
    for (unsigned n = 1; n < failures && pause < longest; ++n) pause *= 2;
    return std::min(pause, longest);
}

Outbox::Outbox(ReportingParts parts, const config::Settings& settings, std::string owner,
               ReportingCounts& counts)
    : parts_(parts), settings_(settings), owner_(std::move(owner)), counts_(counts) {}

Status Outbox::deliver_due(UtcSeconds now, const std::function<bool()>& stop) {
    now_ = now;
    began_ = std::chrono::steady_clock::now();
    if (now < paused_until_) return Done{};
    for (;;) {
        const auto room = room_in_this_hour();
        if (!room) return room.error();
        if (*room == 0) return Done{};
        const auto limit = server_failures_ > 0 ? 1 : std::min(*room, batch_size(settings_.report));
        auto items = claim(limit);
        if (!items) return items.error();
        if (items->empty()) return Done{};
        const auto next = deliver_batch(std::move(*items), stop);
        if (!next) return next.error();
        if (*next == Next::stop) return Done{};
    }
}

/// Mails that may still be sent before report.max_per_hour is reached.
Result<std::uint64_t> Outbox::room_in_this_hour() {
    const auto this_hour = now_ - now_ % hour;
    const auto sent = parts_.store.sent_since(this_hour);
    if (!sent) return sent.error();
    const auto most = settings_.report.max_per_hour;
    if (*sent < most) return most - *sent;
    if (full_hour_logged_ != this_hour) {
        log::warning("DELIVERY_HOUR_FULL", {{"sent", *sent}, {"next", to_rfc3339(this_hour + hour)}});
    }
    full_hour_logged_ = this_hour;
    return std::uint64_t{0};
}

Result<std::vector<Outbox::Item>> Outbox::claim(std::uint64_t limit) {
    const auto held = std::chrono::steady_clock::now() - began_ +
                      std::max<std::chrono::seconds>(
                          lease_length, longest_attempt(settings_.report) + std::chrono::minutes(1));
    lease_ = {owner_, now_ + seconds(held)};
    auto claimed = parts_.store.claim(now_, lease_, limit);
    if (!claimed) return claimed.error();
    std::vector<Item> items;
    for (auto& delivery : *claimed) items.push_back({std::move(delivery), {}, {}});
    if (auto done = look_up(items); !done) return done.error();
    return items;
}

/// Their documents, and whether their destinations consent: all questions at once.
Status Outbox::look_up(std::vector<Item>& items) {
    std::vector<DestinationQuestion> questions;
    for (auto& item : items) {
        auto document = parts_.store.document(item.delivery.document_id);
        if (!document) return document.error();
        if (!*document) return Error{"delivery " + std::to_string(item.delivery.id) + " has no document"};
        item.document = std::move(**document);
        // Some megabytes each, perhaps: read again at its turn.
        std::string().swap(item.document.content);
        questions.push_back({item.document.policy_domain, item.delivery.address});
    }
    const auto deadline = dns::Clock::now() + settings_.dns.total_timeout;
    auto verdicts = verify_destinations(questions, parts_.suffixes, parts_.resolver, deadline);
    for (std::size_t i = 0; i < items.size(); ++i) items[i].verdict = std::move(verdicts[i]);
    return Done{};
}

Result<Outbox::Next> Outbox::deliver_batch(std::vector<Item> items, const std::function<bool()>& stop) {
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (stop()) {
            if (auto done = release(items, i, "left for the next round"); !done) return done.error();
            return Next::stop;
        }
        const auto next = deliver(items[i]);
        if (!next) return next.error();
        if (*next == Next::delivery) continue;
        if (auto done = release(items, i + 1, "not tried: the mail server cannot be used"); !done) {
            return done.error();
        }
        return Next::stop;
    }
    return Next::delivery;
}

/// Gives back those from `from` on, due as they were.
Status Outbox::release(const std::vector<Item>& items, std::size_t from, std::string_view why) {
    for (auto i = from; i < items.size(); ++i) {
        auto delivery = items[i].delivery;
        const auto released = advance(delivery, State::retry, why);
        if (!released) return released.error();
    }
    return Done{};
}

Result<Outbox::Next> Outbox::deliver(Item item) {
    auto barred = reason_not_to_send(parts_.store, settings_.report.never_send, item.delivery.address, now_);
    if (!barred) return barred.error();
    if (*barred) return skip(std::move(item), **barred);
    switch (item.verdict.permission) {
        case Permission::no:
            return skip(item, item.verdict.reason);
        case Permission::unknown:
            return try_again(item, item.verdict.reason, false);
        case Permission::yes:
            break;
    }
    const auto before = item.delivery.address;
    const auto chosen = choose_address(item);
    if (!chosen) return chosen.error();
    if (!*chosen) return Next::delivery;
    if (item.delivery.address != before) {
        barred = reason_not_to_send(parts_.store, settings_.report.never_send, item.delivery.address, now_);
        if (!barred) return barred.error();
        if (*barred) return skip(std::move(item), **barred);
    }
    return compose_and_send(std::move(item));
}

/// Marks the delivery as verified, for the first of its addresses that no other delivery of the document has;
/// those behind it get deliveries of their own. False where the delivery has come to its end, or is no longer
/// held.
Result<bool> Outbox::choose_address(Item& item) {
    auto addresses = item.verdict.addresses;
    if (addresses != std::vector<std::string>{item.delivery.address}) {
        store::DeliveryFilter filter;
        filter.report_id = item.document.report_id;
        const auto listed = parts_.store.list(filter);
        if (!listed) return listed.error();
        for (const auto& other : *listed) {
            if (other.delivery.id == item.delivery.id || other.delivery.state == State::skipped) continue;
            std::erase(addresses, other.delivery.address);
        }
    }
    if (addresses.empty()) {
        const auto skipped = skip(item, item.verdict.reason + ", which has the report by another URI");
        if (!skipped) return skipped.error();
        return false;
    }
    std::vector<store::Delivery> others;
    for (std::size_t i = 1; i < addresses.size(); ++i) {
        store::Delivery other;
        other.uri = item.delivery.uri;
        other.address = addresses[i];
        other.max_octets = item.delivery.max_octets;
        other.next_at = other.changed_at = now_;
        other.answer = item.verdict.reason;
        others.push_back(std::move(other));
    }
    item.delivery.address = addresses.front();
    item.delivery.state = State::verified;
    item.delivery.changed_at = now_;
    item.delivery.answer = item.verdict.reason;
    return parts_.store.advance_and_add(item.delivery, lease_, others);
}

Result<Outbox::Next> Outbox::compose_and_send(Item item) {
    auto document = parts_.store.document(item.delivery.document_id);
    if (!document) return document.error();
    if (!*document) return Next::delivery;  // expired meanwhile
    item.document = std::move(**document);
    const auto mail = compose_mail(item.document, item.delivery.address, settings_.report, parts_.signer);
    if (!mail) {
        log::error("DELIVERY_NOT_COMPOSED",
                   {{"report_id", item.document.report_id}, {"what", mail.error().message}});
        return try_again(std::move(item), mail.error().message, false);
    }
    // RFC 9990 has done away with the limit.
    const bool limited = item.document.kind == store::DocumentKind::aggregate &&
                         item.document.schema == "rfc7489" && item.delivery.max_octets.has_value();
    if (limited && mail->size() > *item.delivery.max_octets) {
        return skip_as_too_large(std::move(item), mail->size());
    }
    return send(std::move(item), *mail);
}

Result<Outbox::Next> Outbox::skip_as_too_large(Item item, std::size_t octets) {
    store::NewDocument notice;
    notice.document = make_size_notice(item.document, item.delivery.uri, octets, settings_.report);
    notice.document.made_at = now_;
    auto& delivery = notice.deliveries.emplace_back();
    delivery.uri = item.delivery.uri;
    delivery.address = item.delivery.address;
    delivery.next_at = delivery.changed_at = now_;
    // First the notice, which is made once however often this is repeated.
    if (auto done = parts_.store.add(notice); !done) return done.error();
    return skip(item, "the mail has " + std::to_string(octets) + " octets, more than the " +
                          std::to_string(*item.delivery.max_octets) +
                          " that the URI allows; a notice goes there");
}

Result<Outbox::Next> Outbox::send(Item item, const std::string& mail) {
    const auto before = item;
    ++item.delivery.attempts;
    if (item.delivery.first_try_at == 0) item.delivery.first_try_at = now_;
    const auto held = advance(item.delivery, State::sending, "");
    if (!held) return held.error();
    if (!*held) return Next::delivery;
    const auto& from = settings_.report.bounce.empty() ? settings_.report.email : settings_.report.bounce;
    const auto answer = parts_.smtp.send(from, item.delivery.address, mail);
    if (answer.server_is_at_fault) return pause(before, words_of(answer));
    server_failures_ = 0;
    switch (answer.outcome) {
        case SmtpOutcome::accepted:
            return accepted(std::move(item), words_of(answer));
        case SmtpOutcome::refused:
            return refused(std::move(item), words_of(answer));
        case SmtpOutcome::retry:
            break;
    }
    return try_again(std::move(item), words_of(answer), true);
}

Result<Outbox::Next> Outbox::accepted(Item item, const std::string& answer) {
    const auto held = advance(item.delivery, State::sent, answer);
    if (!held) return held.error();
    ++counts_.sent;
    log::info("DELIVERY_SENT", fields(item.document, item.delivery));
    if (auto done = forget_strikes(parts_.store, item.delivery.address); !done) return done.error();
    return Next::delivery;
}

/// The end of a delivery, and none to that address for a time.
Result<Outbox::Next> Outbox::refused(Item item, const std::string& answer) {
    // The suppression first: where this is interrupted, the delivery is skipped for it.
    if (auto done = suppress_for_a_time(parts_.store, item.delivery.address, now_, answer); !done) {
        return done.error();
    }
    const auto held = advance(item.delivery, State::given_up, answer);
    if (!held) return held.error();
    ++counts_.given_up;
    log::warning("DELIVERY_GIVEN_UP", fields(item.document, item.delivery));
    return Next::delivery;
}

/// A failed attempt, by the mail server's answer (which has been counted) or before it was asked.
Result<Outbox::Next> Outbox::try_again(Item item, const std::string& answer, bool blame_recipient) {
    auto& delivery = item.delivery;
    if (!blame_recipient) ++delivery.attempts;
    if (delivery.first_try_at == 0) delivery.first_try_at = now_;
    if (now_ - delivery.first_try_at >= std::chrono::seconds(patience).count()) {
        if (blame_recipient) return refused(std::move(item), answer);
        const auto held = advance(delivery, State::given_up, answer);
        if (!held) return held.error();
        ++counts_.given_up;
        log::warning("DELIVERY_GIVEN_UP", fields(item.document, delivery));
        return Next::delivery;
    }
    delivery.next_at = now_ + wait_after(delivery.attempts).count();
    const auto held = advance(delivery, State::retry, answer);
    if (!held) return held.error();
    ++counts_.waiting;
    log::info("DELIVERY_RETRY", fields(item.document, delivery));
    return Next::delivery;
}

/// The mail server cannot be used: the delivery is as it was `before`.
Result<Outbox::Next> Outbox::pause(Item before, const std::string& answer) {
    ++server_failures_;
    paused_until_ = now_ + pause_after(server_failures_).count();
    log::error("DELIVERY_SERVER_FAILED",
               {{"server", settings_.report.smtp}, {"answer", answer}, {"next", to_rfc3339(paused_until_)}});
    before.delivery.next_at = paused_until_;
    const auto held = advance(before.delivery, State::retry, answer);
    if (!held) return held.error();
    ++counts_.waiting;
    return Next::stop;
}

Result<Outbox::Next> Outbox::skip(Item item, const std::string& why) {
    const auto held = advance(item.delivery, State::skipped, why);
    if (!held) return held.error();
    ++counts_.skipped;
    log::info("DELIVERY_SKIPPED", fields(item.document, item.delivery));
    return Next::delivery;
}

/// False where another holds it by now.
Result<bool> Outbox::advance(store::Delivery& delivery, State state, std::string_view answer) {
    delivery.state = state;
    delivery.changed_at = now_;
    delivery.answer = answer;
    return parts_.store.advance(delivery, lease_);
}

}  // namespace defender::report
