#include "milter/milter_connection.hpp"

#include <algorithm>
#include <utility>

#include "common/log/log.hpp"
#include "milter/event_failure.hpp"
#include "milter/negotiation.hpp"

namespace defender::milter {
namespace {

// The version that this speaks, and the oldest that it understands.
constexpr std::uint32_t version = 6;
constexpr std::uint32_t oldest_version = 2;

}  // namespace

MilterConnection::MilterConnection(Gateway& gateway, OnReply on_reply, SendNow send_now)
    : gateway_(gateway), on_reply_(std::move(on_reply)), send_now_(std::move(send_now)) {}

std::size_t MilterConnection::take(std::string_view octets) {
    std::size_t taken = 0;
    while (state_ == State::reading) {
        const auto packet = first_packet(octets.substr(taken));
        if (!packet) {
            refuse(packet.error().message);
        } else if (!*packet) {
            break;
        } else {
            taken += (*packet)->octets;
            handle(**packet);
        }
    }
    return taken;
}

void MilterConnection::handle(const Packet& packet) {
    if (packet.command == Command::quit) return close();
    if (packet.command == Command::negotiate) return negotiate_terms(packet.data);
    if (!terms_) return refuse("a command before the negotiation");
    switch (packet.command) {
        case Command::macros:
            if (!macros_.take(packet.data)) refuse("macros that are no list of pairs");
            return;
        case Command::connect:
            return connect(packet.data);
        case Command::new_connection:
            return new_client();
        case Command::abort:
            return give_up_message();
        default:
            break;
    }
    if (!connected_) return refuse("a command before a client is connected");
    switch (packet.command) {
        case Command::helo:
            return helo(packet.data);
        case Command::mail:
            return mail(packet.data);
        case Command::unknown:
            return go_on(0);
        default:
            return handle_message_step(packet);
    }
}

void MilterConnection::handle_message_step(const Packet& packet) {
    const auto last_stage = [&] {
        switch (packet.command) {
            case Command::recipient:
            case Command::data:
                return Stage::envelope;
            case Command::header:
            case Command::end_of_headers:
                return Stage::header;
            case Command::body:
            case Command::end_of_message:
                return Stage::body;
            default:
                return Stage::idle;
        }
    }();
    if (last_stage == Stage::idle) return refuse("a command that is not known");
    if (!has_message()) return refuse("a part of a message before MAIL");
    if (stage_ > last_stage) return refuse("a part of a message out of order");
    // A header is complete before anything else is looked at, whether or not the MTA says where it ends.
    const bool header_ends = stage_ != Stage::body && last_stage == Stage::body;
    if (header_ends || packet.command == Command::end_of_headers) {
        run([](Session& session) { session.end_of_headers(); });
    }
    stage_ = packet.command == Command::end_of_headers ? Stage::body : last_stage;
    switch (packet.command) {
        case Command::recipient:
            return recipient(packet.data);
        case Command::header:
            return header(packet.data);
        case Command::end_of_headers:
            return go_on(steps::quiet_end_of_headers);
        case Command::body:
            return body(packet.data);
        case Command::end_of_message:
            return end_of_message(packet.data);
        default:
            return go_on(0);  // DATA, of which nothing is made
    }
}

void MilterConnection::negotiate_terms(std::string_view data) {
    const auto offer = parse_offer(data);
    if (!offer || offer->version < oldest_version) return refuse("an offer that is too short or too old");
    if (terms_) return refuse("a second negotiation");
    terms_ = negotiate(gateway_, offer->terms);
    if (!terms_) return close();
    put_terms(output_, std::min(version, offer->version), *terms_);
}

void MilterConnection::connect(std::string_view data) {
    const auto client = parse_client(data);
    if (!client) return refuse("a client that cannot be read");
    if (connected_) return refuse("a second client");
    connected_ = true;
    try {
        session_.emplace(gateway_).connect(client->name, client->address);
    } catch (const std::exception& problem) {
        note_event_failure(gateway_, nullptr, macros_.queue_id(), problem.what());
        session_.reset();
    }
    go_on(steps::quiet_connect);
}

void MilterConnection::helo(std::string_view data) {
    const auto name = parse_first(data);
    if (!name) return refuse("a HELO that cannot be read");
    if (has_message()) give_up_message();
    run([&](Session& session) { session.helo(*name); });
    go_on(steps::quiet_helo);
}

void MilterConnection::mail(std::string_view data) {
    const auto address = parse_first(data);
    if (!address) return refuse("a MAIL that cannot be read");
    if (has_message()) run([](Session& session) { session.abort(); });
    stage_ = Stage::envelope;
    run([&](Session& session) { session.mail_from(*address, macros_.authenticated()); });
    go_on(steps::quiet_mail);
}

void MilterConnection::recipient(std::string_view data) {
    const auto address = parse_first(data);
    if (!address) return refuse("a RCPT that cannot be read");
    run([&](Session& session) { session.recipient(*address); });
    go_on(steps::quiet_recipient);
}

void MilterConnection::header(std::string_view data) {
    const auto field = parse_header(data);
    if (!field) return refuse("a header field that cannot be read");
    run([&](Session& session) { session.header(field->name, field->value); });
    go_on(steps::quiet_header);
}

void MilterConnection::body(std::string_view octets) {
    const bool wanted = session_ && session_->wants_body();
    if (!wanted && (terms_->steps & steps::skip)) return put_answer(output_, Answer::skip);
    go_on(steps::quiet_body);
    if (send_now_ && !output_.empty()) send_now_();
    run([&](Session& session) { session.body(octets); });
}

void MilterConnection::end_of_message(std::string_view rest_of_body) {
    if (!rest_of_body.empty()) run([&](Session& session) { session.body(rest_of_body); });
    state_ = State::waiting;
    const bool begun = run([&](Session& session) {
        session.end_of_message(macros_.queue_id(), [on_reply = on_reply_, message = ++messages_](
                                                       Reply reply) { on_reply(message, std::move(reply)); });
    });
    if (!begun) answer_on_error();
}

void MilterConnection::give_reply(std::uint64_t message, const Reply& reply) {
    if (state_ != State::waiting || message != messages_) return;
    const auto sent_before = output_.size();
    const bool put = run([&](Session&) { put_reply(output_, reply, *terms_); });
    if (!put) {
        output_.resize(sent_before);
        return answer_on_error();
    }
    state_ = State::reading;
    give_up_message();
}

void MilterConnection::answer_on_error() {
    const bool pass = milter::answer_on_error(gateway_) == config::OnError::accept;
    put_answer(output_, pass ? Answer::accept : Answer::try_later);
    ++messages_;  // a reply that comes all the same is too late
    state_ = State::reading;
    give_up_message();
}

void MilterConnection::give_progress() {
    if (state_ == State::waiting) put_answer(output_, Answer::progress);
}

void MilterConnection::give_up_message() {
    run([](Session& session) { session.abort(); });
    macros_.forget_message();
    stage_ = Stage::idle;
}

void MilterConnection::new_client() {
    session_.reset();
    macros_.forget_all();
    stage_ = Stage::idle;
    connected_ = false;
}

void MilterConnection::close() noexcept {
    session_.reset();
    stage_ = Stage::idle;
    state_ = State::closed;
}

/// "Go on", said by silence where the MTA agreed to that for this step.
void MilterConnection::go_on(std::uint32_t quiet_step) {
    if (!(terms_->steps & quiet_step)) put_answer(output_, Answer::go_on);
}

void MilterConnection::refuse(std::string_view what) {
    log::warning("MILTER_PACKET_REFUSED", {{"what", what}, {"queue_id", macros_.queue_id()}});
    close();
}

template <typename Event>
bool MilterConnection::run(Event event) noexcept {
    return run_event(
        gateway_, session_ ? &*session_ : nullptr, [this] { return macros_.queue_id(); }, event);
}

}  // namespace defender::milter
