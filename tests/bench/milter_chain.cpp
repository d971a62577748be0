#include "tests/bench/milter_chain.hpp"

namespace defender::bench {

double milliseconds_since(std::chrono::steady_clock::time_point then) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - then).count();
}

MilterChain::MilterChain(boost::asio::io_context& context, const std::vector<std::string>& addresses) {
    for (const auto& address : addresses) {
        sessions_.push_back(std::make_unique<MilterSession>(context, address));
    }
}

void MilterChain::greet(const Mail& mail) {
    for (const auto& session : sessions_) {
        if (!early_) early_ = session->greet(mail);
    }
}

void MilterChain::begin(const Mail& mail, const std::string& queue_id) {
    mail_ = &mail;
    queue_id_ = queue_id;
    header_ = mail.header;
    for (const auto& session : sessions_) {
        if (!early_) early_ = session->envelope(mail);
    }
    content(0);
}

void MilterChain::content(std::size_t number) {
    if (!early_) early_ = sessions_[number]->content(queue_id_, header_, mail_->body);
}

Outcome MilterChain::finish() {
    Outcome outcome{"accept"};
    for (std::size_t number = 0; number < sessions_.size() && !early_; ++number) {
        if (number > 0) content(number);
        if (early_) break;
        const auto began = std::chrono::steady_clock::now();
        const auto answer = sessions_[number]->end();
        outcome.end += milliseconds_since(began);
        outcome.early = outcome.early || !sessions_[number]->serves();
        for (const auto& edit : answer.edits) apply(edit, header_);
        if (answer.kind != "accept") outcome.kind = answer.kind;
        if (answer.kind != "accept" && answer.kind != "quarantine") break;
    }
    if (early_) {
        outcome.kind = early_->kind;
        outcome.early = true;
    }
    early_.reset();
    // The MTA ends the message at all of them, also at those that have not heard the end of it.
    for (const auto& session : sessions_) session->abort();
    return outcome;
}

void MilterChain::flush() {
    for (const auto& session : sessions_) session->flush();
}

void MilterChain::quit() {
    for (const auto& session : sessions_) session->quit();
}

}  // namespace defender::bench
