// [milter], [limits], [log], [metrics]: how the milter runs.
#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {

SettingsSection milter_section() {
    const auto part = &Settings::milter;
    return {
        "milter",
        "The filter that the MTA talks to.",
        {
            text_row({"socket", Change::on_restart,
                      "Where the milter listens for the MTA, in libmilter's notation. A Postfix that runs "
                      "chrooted, "
                      "as Debian's does, sees sockets below /var/spool/postfix only: there write "
                      "unix:/var/spool/postfix/defender/milter.sock."},
                     at(part, &MilterSettings::socket), milter_socket_text, "unix:/run/defender/milter.sock"),
            text_row({"socket_group", Change::on_restart,
                      "The group that a unix socket is given, so that the MTA may connect to it: postfix, "
                      "smmsp or "
                      "a group made for the purpose. Empty: the group that the milter runs as."},
                     at(part, &MilterSettings::socket_group), optional_group_text, ""),
            text_row(
                {"socket_mode", Change::on_restart,
                 "The permissions of a unix socket, as text, since TOML has no octal numbers of this form."},
                at(part, &MilterSettings::socket_mode), file_mode_text, "0660"),
            text_row(
                {"authserv_id", Change::on_reload,
                 "The name that Authentication-Results fields carry, and by which fields that pretend to be "
                 "ours are found and deleted. Hosts of one organization may share one name. Empty: the name "
                 "of the host."},
                at(part, &MilterSettings::authserv_id), authserv_id_text, ""),
            word_row(
                {"on_error", Change::on_reload,
                 "What the MTA is told where the filter itself fails: accept lets the message pass without a "
                 "verdict, tempfail has the sender try again later. Every such failure is logged."},
                at(part, &MilterSettings::on_error),
                {{"accept", OnError::accept}, {"tempfail", OnError::tempfail}}, "accept"),
            number_row(
                {"message_deadline", Change::on_reload,
                 "How long a message may wait for DNS answers after its end before it is judged by what is "
                 "there; what is missing then counts as a temporary error. Keep it below the MTA's own "
                 "patience with a milter at the end of a message: milter_content_timeout in Postfix, the E: "
                 "time-out of INPUT_MAIL_FILTER in Sendmail."},
                at(part, &MilterSettings::message_deadline), {1, 300, "seconds"}, 20),
            text_row({"status_socket", Change::on_restart,
                      "The unix socket that \"defenderctl status\" reads. Empty: none."},
                     at(part, &MilterSettings::status_socket), optional_socket_path_text,
                     "/run/defender/status.sock"),
            number_row(
                {"workers", Change::on_restart,
                 "Threads that verify signatures and judge messages. One for each processor is enough."},
                at(part, &MilterSettings::workers), {1, 64, "threads"}, 2),
            word_row({"frontend", Change::on_restart,
                      "What speaks the milter protocol with the MTA. asio is the milter's own and serves any "
                      "number of connections with as many threads as there are workers. libmilter is "
                      "Sendmail's library, which takes a thread for each connection that has something to "
                      "do, and with that more of the processor."},
                     at(part, &MilterSettings::frontend),
                     {{"asio", MilterFrontend::asio}, {"libmilter", MilterFrontend::libmilter}}, "asio"),
        },
    };
}

SettingsSection limits_section() {
    const auto part = &Settings::limits;
    return {
        "limits",
        "What one message may cost. A message that reaches a limit is judged by what was kept, and the limit "
        "is "
        "logged and recorded.",
        {
            number_row({"header_octets", Change::on_reload,
                        "Octets of one message's header that are kept; fields beyond it are not looked at."},
                       at(part, &LimitSettings::header_octets), {65536, 67108864, "octets"}, 1048576),
            number_row({"header_fields", Change::on_reload,
                        "Header fields of one message that are kept; those beyond it are not looked at."},
                       at(part, &LimitSettings::header_fields), {100, 100000, "fields"}, 10000),
        },
    };
}

SettingsSection log_section() {
    const auto part = &Settings::log;
    return {
        "log",
        "One line for each event, an id first and then key=value fields; defender-log(7) explains the ids.",
        {
            word_row({"level", Change::on_reload, "Lines of less weight than this are not written."},
                     at(part, &LogSettings::level),
                     {{"debug", LogLevel::debug},
                      {"info", LogLevel::info},
                      {"warning", LogLevel::warning},
                      {"error", LogLevel::error}},
                     "info"),
            word_row(
                {"target", Change::on_reload,
                 "stderr writes lines with the UTC time and the level in front; journald writes them to the "
                 "standard error stream as systemd's journal wants them, with the priority in front."},
                at(part, &LogSettings::target),
                {{"stderr", LogTarget::stderr_}, {"journald", LogTarget::journald}}, "stderr"),
        },
    };
}

SettingsSection metrics_section() {
    return {
        "metrics",
        "Figures for Prometheus.",
        {
            text_row(
                {"listen", Change::on_restart,
                 "Where /metrics is served over HTTP, without a password; so only loopback addresses are "
                 "taken. Port 0 has the system choose one, and the log tells which. Empty: not served."},
                at(&Settings::metrics, &MetricsSettings::listen), loopback_endpoint_text, ""),
        },
    };
}

}  // namespace defender::config
