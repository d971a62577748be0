#include "milter/libmilter_frontend.hpp"

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "milter/event_failure.hpp"
#include "milter/listening_socket.hpp"
#include "milter/milter_protocol.hpp"
#include "milter/negotiation.hpp"
#include "milter/session.hpp"

namespace defender::milter {
namespace {

// libmilter's callbacks carry no pointer of ours before a session exists.
Gateway* the_gateway = nullptr;

/// What libmilter keeps for us with each connection of an MTA.
struct Connection {
    std::uint32_t steps = 0;  ///< as negotiated
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
sfsistat go_on(SMFICTX* context, std::uint32_t quiet_step) {
    const auto* connection = connection_of(context);
    return connection && (connection->steps & quiet_step) ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

std::string_view text_of(const char* text) {
    return text ? std::string_view(text) : std::string_view();
}

std::string_view macro(SMFICTX* context, const char* name) {
    return text_of(smfi_getsymval(context, const_cast<char*>(name)));
}

std::string_view queue_id(SMFICTX* context) {
    return macro(context, "i");
}

template <typename Event>
bool run(SMFICTX* context, Event event) noexcept {
    return run_event(
        *the_gateway, session_of(context), [context] { return queue_id(context); }, event);
}

void note_failure(SMFICTX* context, const char* what) noexcept {
    note_event_failure(*the_gateway, session_of(context), queue_id(context), what);
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

void ask_for_macros(SMFICTX* context, int step, std::string_view names) {
    smfi_setsymlist(context, step, std::string(names).data());
}

sfsistat on_negotiate(SMFICTX* context, unsigned long offered_actions, unsigned long offered_steps,
                      unsigned long, unsigned long, unsigned long* agreed_actions,
                      unsigned long* agreed_steps, unsigned long* reserved_1,
                      unsigned long* reserved_2) noexcept {
    try {
        *reserved_1 = *reserved_2 = 0;
        const auto terms = negotiate(*the_gateway, {static_cast<std::uint32_t>(offered_actions),
                                                    static_cast<std::uint32_t>(offered_steps)});
        if (!terms) return SMFIS_REJECT;
        *agreed_actions = terms->actions;
        *agreed_steps = terms->steps;
        connection_for(context).steps = terms->steps;
        if (terms->actions & actions::list_macros) {
            ask_for_macros(context, SMFIM_ENVFROM, macros_at_mail);
            ask_for_macros(context, SMFIM_EOM, macros_at_end);
        }
        return SMFIS_CONTINUE;
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
    return go_on(context, steps::quiet_connect);
}

sfsistat on_helo(SMFICTX* context, char* name) noexcept {
    run(context, [&](Session& session) { session.helo(text_of(name)); });
    return go_on(context, steps::quiet_helo);
}

sfsistat on_mail_from(SMFICTX* context, char** arguments) noexcept {
    run(context, [&](Session& session) {
        session.mail_from(text_of(arguments[0]), !macro(context, "{auth_authen}").empty());
    });
    return go_on(context, steps::quiet_mail);
}

sfsistat on_recipient(SMFICTX* context, char** arguments) noexcept {
    run(context, [&](Session& session) { session.recipient(text_of(arguments[0])); });
    return go_on(context, steps::quiet_recipient);
}

sfsistat on_header(SMFICTX* context, char* name, char* value) noexcept {
    run(context, [&](Session& session) { session.header(text_of(name), text_of(value)); });
    return go_on(context, steps::quiet_header);
}

sfsistat on_end_of_headers(SMFICTX* context) noexcept {
    run(context, [](Session& session) { session.end_of_headers(); });
    return go_on(context, steps::quiet_end_of_headers);
}

sfsistat on_body(SMFICTX* context, unsigned char* octets, size_t count) noexcept {
    bool more = false;
    run(context, [&](Session& session) {
        session.body({reinterpret_cast<const char*>(octets), count});
        more = session.wants_body();
    });
    const auto& connection = connection_for(context);
    if (!more && (connection.steps & steps::skip)) return SMFIS_SKIP;
    return go_on(context, steps::quiet_body);
}

Reply wait_for(SMFICTX* context, std::future<Reply> reply) {
    while (reply.wait_for(progress_interval) != std::future_status::ready) smfi_progress(context);
    return reply.get();
}

void check(int code, const char* what) {
    if (code != MI_SUCCESS) throw std::runtime_error(std::string("the MTA does not take ") + what);
}

/// libmilter wants what it only reads as if it wrote to it.
char* writable(std::string& value) {
    return value.data();
}

int make(SMFICTX* context, HeaderEdit edit) {
    switch (edit.kind) {
        case HeaderEdit::Kind::remove:
            return smfi_chgheader(context, writable(edit.name), static_cast<int>(edit.position), nullptr);
        case HeaderEdit::Kind::insert_on_top:
            return smfi_insheader(context, 0, writable(edit.name), writable(edit.value));
        case HeaderEdit::Kind::add:
            return smfi_addheader(context, writable(edit.name), writable(edit.value));
    }
    return MI_FAILURE;
}

sfsistat refuse(SMFICTX* context, const Reply& reply) {
    auto code = reply.code;
    auto enhanced_code = reply.enhanced_code;
    auto text = text_for_mta(reply.text);
    check(smfi_setreply(context, writable(code), writable(enhanced_code), writable(text)), "an SMTP reply");
    return reply.action == auth::Action::reject ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

sfsistat act(SMFICTX* context, const Reply& reply) {
    if (!reply.code.empty()) return refuse(context, reply);
    for (auto& edit : header_edits(reply)) check(make(context, std::move(edit)), "an edit of the header");
    if (reply.action == auth::Action::hold) {
        check(smfi_quarantine(context, const_cast<char*>(reply.text.c_str())),
              "a message for its hold queue");
    }
    return SMFIS_CONTINUE;
}

sfsistat on_end_of_message(SMFICTX* context) noexcept {
    const bool pass = answer_on_error(*the_gateway) == config::OnError::accept;
    sfsistat answer = pass ? SMFIS_ACCEPT : SMFIS_TEMPFAIL;
    run(context, [&](Session& session) {
        auto promise = std::make_shared<std::promise<Reply>>();
        auto reply = promise->get_future();
        session.end_of_message(queue_id(context),
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
        smfi_register(description()) != MI_SUCCESS || smfi_setbacklog(listening_backlog) != MI_SUCCESS ||
        smfi_opensocket(true) != MI_SUCCESS) {
        throw std::runtime_error("cannot listen on " + settings.socket);
    }
    // By itself it hangs up at 64 KB, but Postfix sends a header field of up to 100 KB in one packet.
    smfi_setmaxdatasize(longest_header_packet);
    prepare_listening_socket(settings);
}

void LibmilterFrontend::run() {
    if (smfi_main() != MI_SUCCESS) throw std::runtime_error("libmilter's main loop failed");
}

void LibmilterFrontend::stop() {
    smfi_stop();
}

}  // namespace defender::milter
