/// Message: one message on its way from MAIL FROM to its reply.
///
/// Evidence is collected while the message comes in. At its end, when the last answer is there, a worker
/// judges it; when the record is durable, the reply goes out. Whatever goes wrong in between ends in
/// milter.on_error's reply, logged with the queue id and recorded where that is possible. Thread-safety: as
/// Session; after end() it looks after itself.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/auth/evidence_collector.hpp"
#include "common/mail/header_field.hpp"
#include "milter/gateway.hpp"
#include "milter/message_copy.hpp"
#include "milter/own_reports.hpp"
#include "milter/reply.hpp"

namespace defender::milter {

class Message : public std::enable_shared_from_this<Message> {
  public:
    using OnReply = std::function<void(Reply)>;

    Message(Gateway& gateway, auth::ClientEvidence client, std::string_view mail_from);

    void recipient(std::string_view address) { own_reports_.recipient(address); }
    void header(mail::HeaderField field);
    void end_of_headers();
    [[nodiscard]] bool wants_body() const noexcept { return collector_.wants_body() || copy_.wants_body(); }
    void body(std::span<const char> octets);
    void report_problem(std::string_view what) { problem_ = what; }
    void end(std::string queue_id, OnReply on_reply);

  private:
    void judge_when_all_is_in();
    static void judge_on_a_worker(std::shared_ptr<Message> message);
    void judge();
    void judge_or_throw();
    void fail(const std::string& problem);
    void seal(const auth::Evidence& evidence, const auth::Judgement& judgement, Reply& reply);
    void record_and_reply(auth::Evidence evidence, auth::Judgement judgement, Reply reply, std::string error);
    void offer_failure(const store::Record& record);

    Gateway& gateway_;
    std::shared_ptr<const Configuration> configuration_;
    auth::ClientEvidence client_;
    auth::EvidenceCollector collector_;
    OwnReports own_reports_;
    MessageCopy copy_;
    mail::HeaderFields results_fields_;  ///< the Authentication-Results fields of the message
    std::string queue_id_;
    std::string problem_;  ///< what went wrong while the message came in; empty where nothing did
    OnReply on_reply_;
    UtcSeconds received_at_ = 0;
    std::chrono::steady_clock::time_point ended_at_;
};

}  // namespace defender::milter
