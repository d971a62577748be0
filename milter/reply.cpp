#include "milter/reply.hpp"

#include <algorithm>

#include "common/auth/verdict_header.hpp"
#include "common/base/text.hpp"
#include "common/mail/authentication_results.hpp"

namespace defender::milter {
namespace {

// Sender's text that a reply may echo, and the reply as a whole (RFC 5321 4.5.3.1.5 allows 512 octets a
// line).
constexpr std::size_t echoed_octets = 255;
constexpr std::size_t reply_octets = 400;

constexpr std::string_view results_name = "Authentication-Results";

std::string author_of(const auth::Evidence& evidence, const auth::Judgement& judgement) {
    if (!judgement.domains.empty()) return judgement.domains[judgement.deciding].author_domain;
    return evidence.policies.empty() ? std::string() : evidence.policies.front().author_domain;
}

std::string why(const auth::Evidence& evidence, const auth::Judgement& judgement) {
    const auto author = text::printable(author_of(evidence, judgement), echoed_octets);
    if (evidence.author_status != mail::AuthorStatus::ok) {
        return "the From header field does not name one author domain (" +
               text::printable(std::string(mail::to_string(evidence.author_status)), echoed_octets) + ")";
    }
    if (judgement.action == auth::Action::tempfail)
        return "DMARC of " + author + " cannot be checked at present";
    return "not authenticated as " + author + ", whose DMARC policy asks for this";
}

void refuse(Reply& reply, const std::string& reason, const std::string& queue_id) {
    const bool for_good = reply.action == auth::Action::reject;
    reply.code = for_good ? "550" : "451";
    reply.enhanced_code = for_good ? "5.7.1" : "4.7.1";
    reply.text =
        text::printable((for_good ? "Message refused: " : "Try again later: ") + reason, reply_octets) +
        " (id " + text::printable(queue_id, 64) + ")";
}

std::string with_lf(std::string value) {
    std::erase(value, '\r');
    return value;
}

}  // namespace

Reply reply_for(const auth::Evidence& evidence, const auth::Judgement& judgement,
                const config::Settings& settings, std::vector<unsigned> forged) {
    Reply reply;
    reply.action = judgement.action;
    if (reply.action == auth::Action::reject || reply.action == auth::Action::tempfail) {
        refuse(reply, why(evidence, judgement), evidence.queue_id);
        return reply;
    }
    // A trusted client is inside our boundary, so fields in our name that it brings are ours (RFC 8601
    // section 5).
    if (judgement.exemption != auth::Exemption::trusted_network) reply.delete_positions = std::move(forged);
    if (judgement.exemption != auth::Exemption::no) return reply;

    const auto results = auth::verdict_header(evidence, judgement, settings.milter.authserv_id);
    reply.authentication_results = mail::HeaderField{std::string(results_name), mail::encode(results)};
    if (reply.action == auth::Action::tag) {
        reply.tag = mail::HeaderField{settings.policy.tag_header, " quarantine"};
    }
    if (reply.action == auth::Action::hold) {
        reply.text = text::printable("DMARC: " + why(evidence, judgement), reply_octets);
    }
    return reply;
}

Reply reply_on_error(config::OnError on_error, const std::string& queue_id) {
    Reply reply;
    if (on_error == config::OnError::accept) return reply;
    reply.action = auth::Action::tempfail;
    refuse(reply, "the mail filter has a problem", queue_id);
    return reply;
}

std::string smtp_text(const Reply& reply) {
    return reply.code.empty() ? std::string() : reply.code + " " + reply.enhanced_code + " " + reply.text;
}

std::string text_for_mta(std::string_view text) {
    std::string doubled;
    for (const char c : text) doubled.append(c == '%' ? 2 : 1, c);
    return doubled;
}

std::vector<HeaderEdit> header_edits(const Reply& reply) {
    using Kind = HeaderEdit::Kind;
    std::vector<HeaderEdit> edits;
    const auto put = [&](Kind kind, const mail::HeaderField& field) {
        edits.push_back({kind, field.name, with_lf(field.value), 0});
    };
    for (const unsigned position : reply.delete_positions) {
        edits.push_back({Kind::remove, std::string(results_name), "", position});
    }
    // Each goes on top, so the topmost goes last.
    std::for_each(reply.arc_set.rbegin(), reply.arc_set.rend(),
                  [&](const mail::HeaderField& field) { put(Kind::insert_on_top, field); });
    if (reply.authentication_results) put(Kind::insert_on_top, *reply.authentication_results);
    if (reply.tag) put(Kind::add, *reply.tag);
    return edits;
}

}  // namespace defender::milter
