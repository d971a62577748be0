#include "common/log/log_ids.hpp"

#include <array>

namespace defender::log {
namespace {

constexpr auto ids = std::to_array<LogId>({
    {"DNS_SERVER_DOWN",
     "A DNS server has not answered for a while; the others are asked first until it does again.",
     "See whether the server runs and can be reached from this host."},
    {"DNS_SERVER_UP", "A DNS server that was given up answers again.", ""},
    {"MESSAGE_EXEMPT",
     "A message was let through without being judged: its client is in trust.networks or has logged in.", ""},
    {"MESSAGE_JUDGED",
     "A message was judged; the line has the verdicts, the policy asked for, what was done and how long it "
     "took.",
     "To see why, give the queue_id to \"defenderctl explain\"."},
    {"METRICS_LISTENING", "/metrics is served on the address given.", ""},
    {"MILTER_CALLBACK_FAILED",
     "Something unexpected happened while a message was in hand; the MTA got the answer of milter.on_error.",
     "Report it, with the line: this is a defect of the program or a lack of memory."},
    {"MILTER_LIMIT_REACHED",
     "A message reached one of the limits of the settings and was judged by what was kept of it.",
     "None, if it is rare; raise the limit where honest mail reaches it."},
    {"MILTER_MTA_UNSUITABLE",
     "An MTA connected that cannot do what the milter needs of it, such as adding header fields, and was "
     "refused.",
     "Grant the milter what the line names (milter_protocol in Postfix), or update the MTA."},
    {"MILTER_READY", "The milter's socket is open and the MTA may connect.", ""},
    {"MILTER_RELOADED", "The settings were read again and are in force.",
     "Restart the milter where the line names settings that need it."},
    {"MILTER_RELOAD_FAILED", "The settings could not be read again; those in force before stay.",
     "Mend what the lines name, check with --check-config, and reload again."},
    {"MILTER_START_FAILED", "The milter could not begin to work and has ended.",
     "Mend what the line names: most often a socket's folder that is missing or not the milter's, or the "
     "store."},
    {"MILTER_STOPPED", "The milter has ended.", ""},
    {"MILTER_STOPPING", "The milter was told to end; it finishes the messages in hand first.", ""},
    {"STATUS_SOCKET_FAILED", "The socket for \"defenderctl status\" could not be opened; mail goes on.",
     "See whether the folder of milter.status_socket exists and may be written to."},
    {"STORE_MIGRATED", "The store's schema was brought up to this version's.", ""},
    {"STORE_OPENED", "The store is open.", ""},
    {"STORE_OPEN_FAILED", "The store could not be opened.",
     "See whether the folder of store.path exists, belongs to the milter's user and has room."},
    {"STORE_POSTGRESQL_AWAY",
     "Records cannot be moved into PostgreSQL, or be looked up there; they wait in the file of store.path "
     "and "
     "mail goes on. The line has the reason, once for each time that it begins.",
     "See whether the database runs, can be reached and lets the role in. Nothing is lost while the file has "
     "room, up to store.journal_max."},
    {"STORE_POSTGRESQL_BACK", "Records are moved into PostgreSQL again.", ""},
    {"STORE_POSTGRESQL_OPENED", "Records are moved into the PostgreSQL database that the line names.", ""},
    {"STORE_RECORD_SET_ASIDE",
     "PostgreSQL refused a record for what it holds. It was taken out of the way of the others and stays in "
     "the file of store.path (table set_aside) until it expires; \"defenderctl explain\" finds it, reports "
     "do "
     "not count it.",
     "Report it, with the line: this is a defect of the program, unless the tables were changed by hand."},
    {"STORE_RECOVERED", "Records can be written again after a failure.",
     "See the STORE_WRITE_FAILED lines before for what was lost."},
    {"STORE_WRITE_FAILED",
     "Records could not be written; those that do not fit the queue are lost, mail goes on.",
     "See whether the disk is full or failing."},
});

}  // namespace

std::span<const LogId> log_ids() {
    return ids;
}

}  // namespace defender::log
