#include "common/log/log_ids.hpp"

#include <array>

namespace defender::log {
namespace {

constexpr auto ids = std::to_array<LogId>({
    {"DELIVERY_GIVEN_UP",
     "A report mail was refused for good, or could not be delivered for three days; its address gets no "
     "reports "
     "for a time.",
     "See the answer in the line; \"defenderctl report resend\" tries again once the cause is mended.",
     Level::warning},
    {"DELIVERY_HOUR_FULL", "report.max_per_hour mails were sent in this hour; the others wait for the next.",
     "Raise report.max_per_hour where the mail server can take more.", Level::warning},
    {"DELIVERY_NOT_COMPOSED", "A report mail could not be made ready; it is tried again.",
     "See what the line names: most often the key of report.dkim_key_file.", Level::error},
    {"DELIVERY_RETRY", "A report mail could not be delivered; it is tried again.",
     "None; the answer in the line says why."},
    {"DELIVERY_SENT", "The mail server took a report mail.", ""},
    {"DELIVERY_SERVER_FAILED",
     "The mail server for reports cannot be used. All report mails wait; no attempt is counted against their "
     "recipients.",
     "See report.smtp and the settings beside it: the server, its TLS or the login failed as the line says.",
     Level::error},
    {"DELIVERY_SKIPPED",
     "A report mail is not sent at all: the destination does not want it, is suppressed or is in "
     "report.never_send, or the mail is too large for it.",
     ""},
    {"DNS_SERVER_DOWN",
     "A DNS server has not answered for a while; the others are asked first until it does again.",
     "See whether the server runs and can be reached from this host.", Level::warning},
    {"DNS_SERVER_UP", "A DNS server that was given up answers again.", ""},
    {"FAILURE_REPORTS_WAITING",
     "Failure reports wait on this host, as the database that they are sent from cannot be reached.",
     "See whether the PostgreSQL server of store.postgresql runs; they move on by themselves.",
     Level::warning},
    {"FAILURE_REPORT_LOST",
     "A failure report that was asked for could not be made; the message is not touched.",
     "See what the line names: most often a disk that is full.", Level::warning},
    {"FAILURE_REPORT_MADE", "A failure report was made and waits to be sent.", ""},
    {"FORWARDERS_NOT_READ",
     "It could not be read which clients are known as forwarders; what was known before still counts. Told "
     "once; it is tried again every minute.",
     "See what the line names: most often a PostgreSQL server that is away, or a disk that is full.",
     Level::warning},
    {"FORWARDERS_READ",
     "Other networks are known as forwarders than before; the line has how many networks are learned, "
     "confirmed and "
     "denied.",
     "\"defenderctl forwarders\" lists them."},
    {"MESSAGE_EXEMPT",
     "A message was let through without being judged: its client is in trust.networks or has logged in.", ""},
    {"MESSAGE_JUDGED",
     "A message was judged; the line has the verdicts, the policy asked for, what was done and how long it "
     "took.",
     "To see why, give the queue_id to \"defenderctl explain\"."},
    {"METRICS_LISTENING", "/metrics is served on the address given.", ""},
    {"MILTER_CALLBACK_FAILED",
     "Something unexpected happened while a message was in hand; the MTA got the answer of milter.on_error, "
     "or its connection was closed.",
     "Report it, with the line: this is a defect of the program or a lack of memory.", Level::error},
    {"MILTER_DESCRIPTORS_BACK", "New connections are taken again.", ""},
    {"MILTER_DESCRIPTORS_EXHAUSTED",
     "The process, or the whole system, has no file descriptor or memory left for a new connection. Those "
     "that "
     "there are go on, the MTA's new ones wait. Told once for each time that it begins.",
     "Let it have more (LimitNOFILE= in the unit), or have the MTA open fewer connections; see whether many "
     "are idle.",
     Level::error},
    {"MILTER_FRONTEND_FAILED",
     "The MTA cannot be served any longer, most often as no thread could be started or no memory was "
     "left. "
     "The milter ends with status 1, so that the service manager starts it again; every record is on disk.",
     "See the system's log for libmilter's own lines, and raise the limit that is reached (TasksMax=, "
     "MemoryMax=).",
     Level::error},
    {"MILTER_LIMIT_REACHED",
     "A message reached one of the limits of the settings and was judged by what was kept of it. With a name "
     "that begins with record. all of it was judged, but the record does not tell everything: at most 32 "
     "addresses of authors, 100 signatures that were refused and 100 that were not verified, and 4096 octets "
     "of a policy, where what is cut off said something; reports tell what was kept.",
     "None, if it is rare; raise the limit where honest mail reaches it.", Level::warning},
    {"MILTER_MTA_UNSUITABLE",
     "An MTA connected that cannot do what the milter needs of it, such as adding header fields, and was "
     "refused.",
     "Grant the milter what the line names (milter_protocol in Postfix), or update the MTA.", Level::error},
    {"MILTER_NOT_ANSWERING",
     "The workers, or the thread that writes records, have not answered for a quarter of the time after "
     "which the service manager restarts the milter (WatchdogSec).",
     "None where the host is overloaded for a moment; otherwise see what holds them: a disk that does not "
     "answer, or a defect to report.",
     Level::warning},
    {"MILTER_PACKET_REFUSED",
     "An MTA sent what is no packet of the milter protocol, or none that it may send at this point; its "
     "connection was closed. It does with the message what it does where its filter fails.",
     "See whether something else than an MTA connects to milter.socket; otherwise report it, with the line "
     "and "
     "the MTA's version.",
     Level::warning},
    {"MILTER_READY", "The milter's socket is open and the MTA may connect.", ""},
    {"MILTER_RELOADED", "The settings were read again and are in force.",
     "Restart the milter where the line names settings that need it."},
    {"MILTER_RELOAD_FAILED", "The settings could not be read again; those in force before stay.",
     "Mend what the lines name, check with --check-config, and reload again.", Level::error},
    {"MILTER_START_FAILED", "The milter could not begin to work and has ended.",
     "Mend what the line names: most often a socket's folder that is missing or not the milter's, or the "
     "store.",
     Level::error},
    {"MILTER_STOPPED", "The milter has ended.", ""},
    {"MILTER_STOPPING", "The milter was told to end; it finishes the messages in hand first.", ""},
    {"REPORTER_DISABLED", "report.enabled is false: no reports are made.", ""},
    {"REPORTER_EXPIRED",
     "Records older than store.keep, reports older than report.keep and sightings of forwarders older than "
     "indirect.keep_days were deleted.",
     ""},
    {"REPORTER_METRICS_FAILED", "The reporter's /metrics could not be opened; reports are made all the same.",
     "See whether another program has the address of report.metrics_listen.", Level::warning},
    {"REPORTER_READY", "The reporter has begun its work.", ""},
    {"REPORTER_RELOADED", "The reporter read its settings again, and they are in force.",
     "Restart the reporter where the line names settings that need it."},
    {"REPORTER_RELOAD_FAILED", "The reporter could not read its settings again; those in force before stay.",
     "Mend what the lines name, check with --check-config, and reload again.", Level::error},
    {"REPORTER_START_FAILED", "The reporter could not begin to work and has ended.",
     "Mend what the line names: most often the store, the key of report mail, or the password file.",
     Level::error},
    {"REPORTER_STEP_FAILED",
     "A step of reporting failed, most often as the store cannot be used. Nothing is lost: it is tried "
     "again.",
     "See what the line names; the store must be there and have room.", Level::error},
    {"REPORTER_STEP_RECOVERED", "The steps of reporting succeed again.", ""},
    {"REPORTER_STOPPED", "The reporter has ended.", ""},
    {"REPORT_CLOSED",
     "A report is complete: its files are made and wait to be sent. No files: too few messages, or nobody "
     "who "
     "wants them.",
     ""},
    {"REPORT_FAILED", "The files of a report could not be made; it is tried again.",
     "Report it, with the line, where it stays so: a row of the report is damaged, or memory is lacking.",
     Level::error},
    {"STATUS_SOCKET_FAILED", "The socket for \"defenderctl status\" could not be opened; mail goes on.",
     "See whether the folder of milter.status_socket exists and may be written to.", Level::warning},
    {"STORE_JOURNAL_RENAMED",
     "Another file had the same name as this journal in PostgreSQL: one is a copy of the other. This one has "
     "a "
     "new name, and no record is lost.",
     "See whether the file came from a machine that was cloned or from a backup. Each host needs a file of "
     "its "
     "own from the beginning.",
     Level::warning},
    {"STORE_MIGRATED", "The store's schema was brought up to this version's.", ""},
    {"STORE_OPENED", "The store is open.", ""},
    {"STORE_OPEN_FAILED", "The store could not be opened.",
     "See whether the folder of store.path exists, belongs to the milter's user and has room.", Level::error},
    {"STORE_POSTGRESQL_AWAY",
     "Records cannot be moved into PostgreSQL, or be looked up there; they wait in the file of store.path "
     "and "
     "mail goes on. The line has the reason, once for each time that it begins.",
     "See whether the database runs, can be reached and lets the role in. Nothing is lost while the file has "
     "room, up to store.journal_max.",
     Level::warning},
    {"STORE_POSTGRESQL_BACK", "Records are moved into PostgreSQL again.", ""},
    {"STORE_POSTGRESQL_OPENED", "Records are moved into the PostgreSQL database that the line names.", ""},
    {"STORE_RECORDS_LOST",
     "Records are lost: more than store.queue_max wait for a store that fails, the process ends before the "
     "store "
     "is back, or the store refuses what one of them holds. Told once for each time that it begins; mail "
     "goes on.",
     "See the STORE_ lines before for what is wrong with the store; \"defenderctl status\" has how many are "
     "lost.",
     Level::error},
    {"STORE_RECORD_SET_ASIDE",
     "PostgreSQL refused a record for what it holds. It was taken out of the way of the others and stays in "
     "the file of store.path (table set_aside) until it expires; \"defenderctl explain\" finds it, reports "
     "do "
     "not count it.",
     "Report it, with the line: this is a defect of the program, unless the tables were changed by hand.",
     Level::error},
    {"STORE_RECOVERED", "Records can be written again after a failure.",
     "None; what was kept in memory is written now."},
    {"STORE_WRITE_FAILED",
     "Records could not be written. They are kept in memory, as many as store.queue_max, and written once "
     "the store "
     "can be written again; mail goes on. Told once for each time that it begins.",
     "See whether the disk is full, read-only or failing, or another process holds a lock on the file. Do "
     "not stop "
     "the milter before it is mended: what is kept would be lost.",
     Level::error},
});

}  // namespace

std::string_view to_string(Level level) noexcept {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "";
}

std::span<const LogId> log_ids() {
    return ids;
}

}  // namespace defender::log
