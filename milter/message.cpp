#include "milter/message.hpp"

#include <random>
#include <stdexcept>
#include <thread>

#include "common/auth/judgement.hpp"
#include "common/auth/verdict_header.hpp"
#include "common/base/text.hpp"
#include "common/base/utc_clock.hpp"
#include "common/log/log.hpp"
#include "common/mail/authentication_results.hpp"
#include "common/store/record_redaction.hpp"
#include "milter/message_log.hpp"

namespace defender::milter {
namespace {

/// 0..99, for the sampling of RFC 7489 section 6.6.4.
unsigned draw() {
    thread_local std::mt19937 source{std::random_device{}()};
    return std::uniform_int_distribution<unsigned>(0, 99)(source);
}

}  // namespace

Message::Message(Gateway& gateway, auth::ClientEvidence client, std::string_view mail_from)
    : gateway_(gateway),
      configuration_(gateway.configuration()),
      client_(client),
      collector_(configuration_->sources, std::move(client)),
      own_reports_(configuration_->settings->report),
      copy_(*configuration_->settings),
      received_at_(utc_now()) {
    collector_.mail_from(mail_from, received_at_);
}

void Message::header(mail::HeaderField field) {
    if (text::iequals(text::trim(field.name), "authentication-results")) results_fields_.push_back(field);
    copy_.header(field);
    collector_.header(std::move(field));
}

void Message::body(std::span<const char> octets) {
    copy_.body(octets);
    // Whoever has enough need not look at the rest, but the other may.
    if (collector_.wants_body()) collector_.body(octets);
}

void Message::end_of_headers() {
    collector_.end_of_headers();
}

void Message::end(std::string queue_id, OnReply on_reply) {
    queue_id_ = std::move(queue_id);
    on_reply_ = std::move(on_reply);
    ended_at_ = std::chrono::steady_clock::now();
    gateway_.message_enters();
    try {
        // What could not be asked, as something went wrong, would not be answered either.
        problem_.empty() ? judge_when_all_is_in() : judge_on_a_worker(shared_from_this());
    } catch (...) {
        gateway_.message_leaves();
        throw;
    }
}

/// Here where all is in already, as it is where the domains are known. Else off the resolver's thread, since
/// verifying takes its time.
void Message::judge_when_all_is_in() {
    const auto here = std::this_thread::get_id();
    collector_.when_all_is_in([self = shared_from_this(), here]() mutable {
        if (std::this_thread::get_id() == here) return self->judge();
        judge_on_a_worker(std::move(self));
    });
}

/// The reference moves along, since the last one may hold the resolver of a configuration that is no longer
/// in force, and that must not end on its own thread.
void Message::judge_on_a_worker(std::shared_ptr<Message> message) {
    auto& gateway = message->gateway_;
    gateway.post([message = std::move(message)] { message->judge(); });
}

void Message::judge() {
    try {
        if (!problem_.empty()) throw std::runtime_error(problem_);
        judge_or_throw();
    } catch (const std::exception& problem) {
        fail(problem.what());
    }
}

void Message::judge_or_throw() {
    auto evidence = collector_.take(queue_id_, draw());
    evidence.own_report_mail = own_reports_.concern(evidence);
    if (configuration_->settings->indirect.enabled && !client_.local) {
        evidence.forwarder = gateway_.forwarders()->find(client_.address);
    }
    auto judgement = auth::judge(evidence, configuration_->judge);
    const auto& settings = *configuration_->settings;
    auto reply = reply_for(evidence, judgement, settings,
                           mail::forged_positions(results_fields_, settings.milter.authserv_id));
    seal(evidence, judgement, reply);
    for (const auto& limit : evidence.limits_reached) {
        gateway_.metrics().milter().limits.Increment();
        log::warning("MILTER_LIMIT_REACHED", {{"queue_id", queue_id_}, {"limit", limit}});
    }
    record_and_reply(std::move(evidence), std::move(judgement), std::move(reply), "");
}

/// Seals what goes on with our results; a reply has those only where the message was judged and not refused.
void Message::seal(const auth::Evidence& evidence, const auth::Judgement& judgement, Reply& reply) {
    if (!configuration_->sealer || !reply.authentication_results) return;
    const auto message = collector_.take_arc_message();
    if (!message) return;
    const auto results =
        auth::verdict_header(evidence, judgement, configuration_->settings->milter.authserv_id);
    reply.arc_set = configuration_->sealer->seal(*message, results, received_at_);
}

void Message::fail(const std::string& problem) {
    gateway_.metrics().milter().errors.Increment();
    log::error("MILTER_CALLBACK_FAILED", {{"queue_id", queue_id_}, {"what", problem}});
    auth::Evidence evidence;
    evidence.queue_id = queue_id_;
    evidence.received_at = received_at_;
    evidence.client = client_;
    auth::Judgement judgement;
    auto reply = reply_on_error(configuration_->settings->milter.on_error, queue_id_);
    judgement.action = reply.action;
    judgement.trace.push_back({"milter.on_error", "not judged: " + problem});
    record_and_reply(std::move(evidence), std::move(judgement), std::move(reply), problem);
}

void Message::record_and_reply(auth::Evidence evidence, auth::Judgement judgement, Reply reply,
                               std::string error) {
    const auto spent =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - ended_at_);
    const bool judged = judgement.exemption == auth::Exemption::no;
    log::info(judged ? "MESSAGE_JUDGED" : "MESSAGE_EXEMPT", message_fields(evidence, judgement, spent));
    gateway_.metrics()
        .milter()
        .messages
        .Add({{"result", std::string(auth::to_string(judgement.result))},
              {"action", std::string(auth::to_string(judgement.action))}})
        .Increment();

    const auto& settings = *configuration_->settings;
    store::Record record;
    record.host = settings.milter.authserv_id;
    record.evidence = std::move(evidence);
    record.judgement = std::move(judgement);
    record.reply = smtp_text(reply);
    record.error = std::move(error);
    record.milliseconds = spent.count();
    record.sighting = auth::forwarding_sighting(record.evidence, configuration_->judge);
    offer_failure(record);
    // Without the message, which is let go here and not on the writer's thread, of which there is one.
    gateway_.writer().write(store::redact(std::move(record), settings.store.addresses),
                            [&gateway = gateway_, on_reply = on_reply_, ended_at = ended_at_,
                             reply = std::move(reply)](const Status&) mutable {
                                gateway.publish_store_counts();
                                const std::chrono::duration<double> waited =
                                    std::chrono::steady_clock::now() - ended_at;
                                gateway.metrics().milter().judge_seconds.Observe(waited.count());
                                // A store that fails is logged and counted by the writer; the mail flows.
                                on_reply(std::move(reply));
                                gateway.message_leaves();
                            });
}

void Message::offer_failure(const store::Record& record) {
    auto* reports = gateway_.failure_reports();
    if (!reports || !copy_.is_kept()) return;
    if (report::failures_asked_for(record.evidence, record.judgement).empty()) return;
    reports->offer({record, copy_.take_header(), copy_.take_body()}, configuration_->settings,
                   configuration_->sources->resolver);
}

}  // namespace defender::milter
