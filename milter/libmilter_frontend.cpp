#include "milter/libmilter_frontend.hpp"

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "common/log/log.hpp"
#include "milter/listening_socket.hpp"
#include "milter/session.hpp"

namespace defender::milter {
namespace {

// libmilter's callbacks carry no pointer of ours before a session exists.
Gateway* the_gateway = nullptr;

constexpr int backlog = 1024;
// Of one packet. libmilter hangs up at 64 KB by itself, but Postfix sends a header field of up to 100 KB in
// one packet, and an MTA that accepts mail without its filter would then let a forgery through behind such a
// field.
constexpr std::size_t packet_octets = 64UL << 20U;
// Between signs of life to the MTA while it waits for the end-of-message reply.
constexpr std::chrono::seconds progress_interval{5};

// Without these the filter could not do its work: it would be serving wrongly, so it refuses.
constexpr unsigned long needed_actions = SMFIF_ADDHDRS | SMFIF_CHGHDRS;
constexpr unsigned long needed_steps = SMFIP_HDR_LEADSPC;
// Asked for where the MTA offers them: to skip what is of no use, and to be spared replies that say nothing.
constexpr unsigned long wished_steps = SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_SKIP | SMFIP_NR_CONN |
                                       SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_HDR | SMFIP_NR_EOH;

/// What libmilter keeps for us with each connection of an MTA.
struct Connection {
    unsigned long steps = 0;  ///< as negotiated
    std::optional<Session> session;
};

Connection* connection_of(SMFICTX* context) {
    return static_cast<Connection*>(smfi_getpriv(context));
}

Session* session_of(SMFICTX* context) {
    auto* connection = connection_of(context);
    return connection && connection->session ? &*connection->session : nullptr;
}

/// Makes the connection where there is none yet.
Connection& connection_for(SMFICTX* context) {
    if (auto* connection = connection_of(context)) return *connection;
    auto connection = std::make_unique<Connection>();
    smfi_setpriv(context, connection.get());
    return *connection.release();
}

/// "Go on", said by silence where the MTA agreed to that for this step.
sfsistat go_on(SMFICTX* context, unsigned long no_reply_step) {
    const auto* connection = connection_of(context);
    return connection && (connection->steps & no_reply_step) ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

std::string_view text_of(const char* text) {
    return text ? std::string_view(text) : std::string_view();
}

std::string_view macro(SMFICTX* context, const char* name) {
    return text_of(smfi_getsymval(context, const_cast<char*>(name)));
}

sfsistat answer_on_error() {
    const auto on_error = the_gateway->configuration()->settings->milter.on_error;
    return on_error == config::OnError::accept ? SMFIS_ACCEPT : SMFIS_TEMPFAIL;
}

void note_failure(SMFICTX* context, const char* what) noexcept {
    try {
        log::error("MILTER_CALLBACK_FAILED", {{"queue_id", macro(context, "i")}, {"what", what}});
        the_gateway->metrics().milter().errors.Increment();
        if (auto* session = session_of(context)) session->report_problem(what);
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory even for the log line; the answer still stands
    }
}

/// Runs an event for the session; the one place that turns an exception into milter.on_error. The message
/// goes on, so that its end can give that answer and record it. False where the event could not be run.
template <typename Event>
bool run(SMFICTX* context, Event event) noexcept {
    try {
        auto* session = session_of(context);
        if (session) event(*session);
        return session != nullptr;
    } catch (const std::exception& problem) {
        note_failure(context, problem.what());
    } catch (...) {
        note_failure(context, "an unknown exception");
    }
    return false;
}

std::optional<IpAddress> address_of(const _SOCK_ADDR* address) {
    if (!address) return std::nullopt;
    if (address->sa_family == AF_INET) {
        const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
        return IpAddress::from_octets({reinterpret_cast<const std::uint8_t*>(&v4->sin_addr), 4});
    }
    if (address->sa_family == AF_INET6) {
        const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
        return IpAddress::from_octets({v6->sin6_addr.s6_addr, 16});
    }
    return std::nullopt;
}

sfsistat negotiate(SMFICTX* context, unsigned long offered_actions, unsigned long offered_steps,
                   unsigned long* actions, unsigned long* steps) {
    const auto configuration = the_gateway->configuration();
    const bool hold = configuration->settings->policy.on_quarantine == config::OnQuarantine::hold;
    // Recipients tell bounces of our reports from other mail, and nothing else.
    const unsigned long recipients = configuration->settings->report.enabled ? SMFIP_NR_RCPT : SMFIP_NORCPT;
    const unsigned long need = needed_actions | (hold ? SMFIF_QUARANTINE : 0UL);
    if ((offered_actions & need) != need || (offered_steps & needed_steps) != needed_steps) {
        log::error("MILTER_MTA_UNSUITABLE", {{"missing_actions", need & ~offered_actions},
                                             {"missing_steps", needed_steps & ~offered_steps}});
        return SMFIS_REJECT;
    }
    *actions = need | (offered_actions & (SMFIF_QUARANTINE | SMFIF_SETSYMLIST));
    *steps = needed_steps | (offered_steps & (wished_steps | recipients));
    if (!(*steps & SMFIP_SKIP)) *steps |= offered_steps & SMFIP_NR_BODY;
    connection_for(context).steps = *steps;
    if (offered_actions & SMFIF_SETSYMLIST) {
        // The queue id: Sendmail has it at MAIL FROM, Postfix at the end of the message.
        smfi_setsymlist(context, SMFIM_ENVFROM, const_cast<char*>("i {auth_authen}"));
        smfi_setsymlist(context, SMFIM_EOM, const_cast<char*>("i"));
    }
    return SMFIS_CONTINUE;
}

sfsistat on_negotiate(SMFICTX* context, unsigned long offered_actions, unsigned long offered_steps,
                      unsigned long, unsigned long, unsigned long* actions, unsigned long* steps,
                      unsigned long* reserved_1, unsigned long* reserved_2) noexcept {
    try {
        *reserved_1 = *reserved_2 = 0;
        return negotiate(context, offered_actions, offered_steps, actions, steps);
    } catch (const std::exception& problem) {
        note_failure(context, problem.what());
        return SMFIS_REJECT;
    }
}

sfsistat on_connect(SMFICTX* context, char* host_name, _SOCK_ADDR* address) noexcept {
    try {
        auto& session = connection_for(context).session.emplace(*the_gateway);
        session.connect(text_of(host_name), address_of(address));
    } catch (const std::exception& problem) {
        note_failure(context, problem.what());
    }
    return go_on(context, SMFIP_NR_CONN);
}

sfsistat on_helo(SMFICTX* context, char* name) noexcept {
    run(context, [&](Session& session) { session.helo(text_of(name)); });
    return go_on(context, SMFIP_NR_HELO);
}

sfsistat on_mail_from(SMFICTX* context, char** arguments) noexcept {
    run(context, [&](Session& session) {
        session.mail_from(text_of(arguments[0]), !macro(context, "{auth_authen}").empty());
    });
    return go_on(context, SMFIP_NR_MAIL);
}

sfsistat on_recipient(SMFICTX* context, char** arguments) noexcept {
    run(context, [&](Session& session) { session.recipient(text_of(arguments[0])); });
    return go_on(context, SMFIP_NR_RCPT);
}

sfsistat on_header(SMFICTX* context, char* name, char* value) noexcept {
    run(context, [&](Session& session) { session.header(text_of(name), text_of(value)); });
    return go_on(context, SMFIP_NR_HDR);
}

sfsistat on_end_of_headers(SMFICTX* context) noexcept {
    run(context, [](Session& session) { session.end_of_headers(); });
    return go_on(context, SMFIP_NR_EOH);
}

sfsistat on_body(SMFICTX* context, unsigned char* octets, size_t count) noexcept {
    bool more = false;
    run(context, [&](Session& session) {
        session.body({reinterpret_cast<const char*>(octets), count});
        more = session.wants_body();
    });
    const auto& connection = connection_for(context);
    if (!more && (connection.steps & SMFIP_SKIP)) return SMFIS_SKIP;
    return go_on(context, SMFIP_NR_BODY);
}

Reply wait_for(SMFICTX* context, std::future<Reply> reply) {
    while (reply.wait_for(progress_interval) != std::future_status::ready) smfi_progress(context);
    return reply.get();
}

/// libmilter takes folds as LF.
std::string with_lf(const std::string& value) {
    std::string out(value);
    out.erase(std::remove(out.begin(), out.end(), '\r'), out.end());
    return out;
}

void check(int code, const char* what) {
    if (code != MI_SUCCESS) throw std::runtime_error(std::string("the MTA does not take ") + what);
}

void insert_on_top(SMFICTX* context, const mail::HeaderField& field) {
    check(smfi_insheader(context, 0, const_cast<char*>(field.name.c_str()), with_lf(field.value).data()),
          "a header field");
}

void edit_header(SMFICTX* context, const Reply& reply) {
    static constexpr auto results_name = "Authentication-Results";
    for (const unsigned position : reply.delete_positions) {
        check(smfi_chgheader(context, const_cast<char*>(results_name), static_cast<int>(position), nullptr),
              "the deletion of a header field");
    }
    // Each goes on top, so the topmost goes last.
    std::for_each(reply.arc_set.rbegin(), reply.arc_set.rend(),
                  [&](const mail::HeaderField& field) { insert_on_top(context, field); });
    if (reply.authentication_results) insert_on_top(context, *reply.authentication_results);
    if (const auto& field = reply.tag) {
        check(smfi_addheader(context, const_cast<char*>(field->name.c_str()), with_lf(field->value).data()),
              "a header field");
    }
}

sfsistat refuse(SMFICTX* context, const Reply& reply) {
    std::string text;
    for (const char c : reply.text) text += c == '%' ? "%%" : std::string(1, c);  // smfi_setreply formats
    check(smfi_setreply(context, const_cast<char*>(reply.code.c_str()),
                        const_cast<char*>(reply.enhanced_code.c_str()), text.data()),
          "an SMTP reply");
    return reply.action == auth::Action::reject ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

sfsistat act(SMFICTX* context, const Reply& reply) {
    if (!reply.code.empty()) return refuse(context, reply);
    edit_header(context, reply);
    if (reply.action == auth::Action::hold) {
        check(smfi_quarantine(context, const_cast<char*>(reply.text.c_str())),
              "a message for its hold queue");
    }
    return SMFIS_CONTINUE;
}

sfsistat on_end_of_message(SMFICTX* context) noexcept {
    sfsistat answer = answer_on_error();
    run(context, [&](Session& session) {
        auto promise = std::make_shared<std::promise<Reply>>();
        auto reply = promise->get_future();
        session.end_of_message(macro(context, "i"),
                               [promise](Reply made) { promise->set_value(std::move(made)); });
        answer = act(context, wait_for(context, std::move(reply)));
    });
    return answer;
}

sfsistat on_abort(SMFICTX* context) noexcept {
    run(context, [](Session& session) { session.abort(); });
    return SMFIS_CONTINUE;
}

sfsistat on_close(SMFICTX* context) noexcept {
    const std::unique_ptr<Connection> connection(connection_of(context));
    smfi_setpriv(context, nullptr);
    return SMFIS_CONTINUE;
}

smfiDesc description() {
    smfiDesc filter{};
    filter.xxfi_name = const_cast<char*>("defender-milter");
    filter.xxfi_version = SMFI_VERSION;
    filter.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_QUARANTINE | SMFIF_SETSYMLIST;
    filter.xxfi_connect = on_connect;
    filter.xxfi_helo = on_helo;
    filter.xxfi_envfrom = on_mail_from;
    filter.xxfi_envrcpt = on_recipient;
    filter.xxfi_header = on_header;
    filter.xxfi_eoh = on_end_of_headers;
    filter.xxfi_body = on_body;
    filter.xxfi_eom = on_end_of_message;
    filter.xxfi_abort = on_abort;
    filter.xxfi_close = on_close;
    filter.xxfi_negotiate = on_negotiate;
    return filter;
}

}  // namespace

LibmilterFrontend::LibmilterFrontend(Gateway& gateway, const config::MilterSettings& settings) {
    the_gateway = &gateway;
    if (smfi_setconn(const_cast<char*>(settings.socket.c_str())) != MI_SUCCESS ||
        smfi_register(description()) != MI_SUCCESS || smfi_setbacklog(backlog) != MI_SUCCESS ||
        smfi_opensocket(true) != MI_SUCCESS) {
        throw std::runtime_error("cannot listen on " + settings.socket);
    }
    smfi_setmaxdatasize(packet_octets);
    prepare_listening_socket(settings);
}

void LibmilterFrontend::run() {
    if (smfi_main() != MI_SUCCESS) throw std::runtime_error("libmilter's main loop failed");
}

void LibmilterFrontend::stop() {
    smfi_stop();
}

}  // namespace defender::milter
