#include "milter/session.hpp"

#include <stdexcept>
#include <utility>

#include "common/mail/line_ends.hpp"
#include "milter/message.hpp"

namespace defender::milter {
Session::Session(Gateway& gateway) : gateway_(gateway) {
    gateway_.connection_opens();
}

Session::~Session() {
    gateway_.connection_closes();
}

void Session::connect(std::string_view host_name, std::optional<IpAddress> address) {
    client_ = {};
    client_.name = host_name;
    client_.local = !address;
    if (address) client_.address = *address;
}

void Session::helo(std::string_view name) {
    client_.helo = name;
}

void Session::mail_from(std::string_view address, bool authenticated) {
    auto client = client_;
    client.authenticated = authenticated;
    message_.reset();
    untaken_ = true;  // unless the next line succeeds
    message_ = std::make_shared<Message>(gateway_, std::move(client), address);
    untaken_ = false;
}

void Session::recipient(std::string_view address) {
    if (message_) message_->recipient(address);
}

void Session::header(std::string_view name, std::string_view value) {
    // Folds as CRLF, however the MTA hands them over.
    if (message_) message_->header({std::string(name), mail::with_crlf(value)});
}

void Session::end_of_headers() {
    if (message_) message_->end_of_headers();
}

bool Session::wants_body() const noexcept {
    return message_ && message_->wants_body();
}

void Session::body(std::span<const char> octets) {
    if (message_) message_->body(octets);
}

void Session::end_of_message(std::string_view queue_id, OnReply on_reply) {
    // The message outlives this call, and the session where the MTA hangs up.
    const auto message = std::exchange(message_, nullptr);
    if (std::exchange(untaken_, false)) throw std::runtime_error("the message could not be taken up");
    if (!message) {
        on_reply(Reply{});
        return;
    }
    message->end(std::string(queue_id), std::move(on_reply));
}

void Session::report_problem(std::string_view what) {
    if (message_) message_->report_problem(what);
}

void Session::abort() {
    message_.reset();
    untaken_ = false;
}

}  // namespace defender::milter
