#include "ctl/health.hpp"

#include <type_traits>

#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

using store::Json;

/// Records and reports that are late by less are on their way.
constexpr std::int64_t patience_seconds = 3600;
/// Of fewer questions nothing can be told.
constexpr std::uint64_t least_questions = 20;
/// Lines of the milter's last problems that are shown to people.
constexpr std::size_t shown_problems = 3;

/// A member of an object, also where it is missing or of another type.
template <typename T>
T member(const Json& object, const char* name, T fallback) {
    if (!object.is_object()) return fallback;
    const auto found = object.find(name);
    if (found == object.end()) return fallback;
    if constexpr (std::is_same_v<T, std::string>) {
        return found->is_string() ? found->template get<T>() : fallback;
    } else if constexpr (std::is_same_v<T, bool>) {
        return found->is_boolean() ? found->template get<T>() : fallback;
    } else {
        return found->is_number_unsigned() ? found->template get<T>() : fallback;
    }
}

std::string text_of(const Json& object, const char* name) {
    return member(object, name, std::string());
}

std::uint64_t number_of(const Json& object, const char* name) {
    return member(object, name, std::uint64_t{0});
}

Json part_of(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() ? Json::object() : *found;
}

/// "3 hours", "2 days".
std::string for_how_long(std::int64_t seconds) {
    const auto unit = [&](std::int64_t length, const std::string& name) {
        const auto count = seconds / length;
        return std::to_string(count) + " " + name + (count == 1 ? "" : "s");
    };
    if (seconds >= 2 * 86400) return unit(86400, "day");
    return seconds >= 2 * 3600 ? unit(3600, "hour") : unit(60, "minute");
}

std::string megabytes(std::uint64_t octets) {
    constexpr std::uint64_t tenth = 100000;
    const auto tenths = (octets + tenth / 2) / tenth;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

void judge_milter(const Json& milter, std::vector<Trouble>& found) {
    const auto store = part_of(milter, "store");
    if (member(store, "failing", false)) {
        found.push_back({"records cannot be written, mail goes on: " + text_of(store, "last_error"),
                         "see whether the disk of store.path is full or failing (STORE_WRITE_FAILED in "
                         "defender-log(7))"});
    }
    if (text_of(store, "postgresql") == "away") {
        found.push_back(
            {"PostgreSQL cannot be reached, records wait here: " + text_of(store, "postgresql_last_error"),
             "see whether the database runs and lets this host in (STORE_POSTGRESQL_AWAY in "
             "defender-log(7))"});
    }
    const auto dns = part_of(milter, "dns");
    const auto queries = number_of(dns, "queries");
    const auto failures = number_of(dns, "failures");
    if (queries >= least_questions && failures > queries / 2) {
        found.push_back({"most DNS questions get no answer (" + std::to_string(failures) + " of " +
                             std::to_string(queries) + ")",
                         "see whether the servers of dns.servers, or of /etc/resolv.conf, answer this host"});
    }
}

void judge_journal(const Health& health, std::vector<Trouble>& found) {
    if (!health.journal || !health.journal->oldest) return;
    const auto late = health.now - *health.journal->oldest;
    if (late < patience_seconds) return;
    found.push_back({"the oldest record has waited for PostgreSQL for " + for_how_long(late),
                     "see whether defender-milter runs, which moves records, and the last problems below"});
}

void judge_reports(const Health& health, std::vector<Trouble>& found) {
    if (!health.reports) return;
    const auto& reports = *health.reports;
    if (!reports) {
        // Where the store cannot be read this is said once.
        if (health.store) {
            found.push_back({"the reports cannot be read: " + reports.error().message,
                             "see whether the database can be used, or run \"defenderctl migrate\""});
        }
        return;
    }
    if (!reports->next_due) return;
    const auto late = health.now - *reports->next_due;
    if (late < patience_seconds) return;
    found.push_back({"reports or their deliveries have been overdue for " + for_how_long(late),
                     "see whether defender-reporter runs, and its log; \"defenderctl report list\" has each "
                     "delivery"});
}

std::string verdict(const std::vector<Trouble>& found) {
    if (found.empty()) return "All is well.\n";
    std::string text = found.size() == 1
                           ? std::string("Not well, this needs you:\n")
                           : "Not well, these " + std::to_string(found.size()) + " things need you:\n";
    for (const auto& trouble : found) {
        text += "  - " + cell(trouble.what) + "\n    -> " + cell(trouble.mend) + "\n";
    }
    return text;
}

void add_milter(const Json& milter, std::vector<TextRow>& rows) {
    const auto number = [](const Json& object, const char* name) {
        return std::to_string(number_of(object, name));
    };
    const auto store = part_of(milter, "store");
    const auto dns = part_of(milter, "dns");
    rows.push_back({"milter", "listening on " + text_of(milter, "socket") + ", " + text_of(milter, "mode") +
                                  " mode, version " + text_of(milter, "version") + ", since " +
                                  text_of(milter, "started_at")});
    rows.push_back({"messages", number(milter, "in_flight") + " at hand, " + number(milter, "connections") +
                                    " connections, " + number(milter, "errors") + " faults since the start"});
    rows.push_back({"queue", number(store, "queued") + " records wait for the disk, " +
                                 number(store, "written") + " written, " + number(store, "lost") +
                                 " lost since the start"});
    if (store.contains("postgresql")) {
        rows.push_back({"PostgreSQL", text_of(store, "postgresql") + ", " + number(store, "waiting") +
                                          " records wait for it, " + number(store, "set_aside") +
                                          " set aside"});
    }
    rows.push_back({"DNS", number(dns, "queries") + " questions asked, " + number(dns, "hits") +
                               " answered from memory, " + number(dns, "failures") + " without an answer"});
}

void add_store(const Health& health, std::vector<TextRow>& rows) {
    if (!health.store) {
        rows.push_back({"store", health.store.error().message});
        return;
    }
    const auto& store = *health.store;
    std::string text = std::to_string(store.records) + " records";
    if (store.oldest && store.newest) {
        text += " from " + to_rfc3339(*store.oldest) + " to " + to_rfc3339(*store.newest);
    }
    rows.push_back({"store", text + ", " + megabytes(store.bytes) + ", " + health.store_path});
    if (health.journal && health.journal->oldest) {
        rows.push_back({"oldest waiting", to_rfc3339(*health.journal->oldest)});
    }
}

void add_reports(const Health& health, std::vector<TextRow>& rows) {
    if (!health.reports) {
        rows.push_back({"reports", "none are made (report.enabled)"});
    } else if (!*health.reports) {
        rows.push_back({"reports", health.reports->error().message});
    } else {
        const auto& [counts, next_due] = **health.reports;
        rows.push_back({"reports", std::to_string(counts.open_reports) + " open, " +
                                       std::to_string(counts.waiting) + " deliveries on their way, " +
                                       std::to_string(counts.unfolded) + " records to be counted" +
                                       (next_due ? ", next due " + to_rfc3339(*next_due) : "")});
    }
}

void add_problems(const Json& milter, std::vector<TextRow>& rows) {
    const auto problems = part_of(milter, "last_errors");
    if (!problems.is_array()) return;
    const auto first = problems.size() > shown_problems ? problems.size() - shown_problems : 0;
    for (std::size_t i = first; i < problems.size(); ++i) {
        rows.push_back({i == first ? "last problems" : "",
                        text_of(problems[i], "time") + "  " + text_of(problems[i], "text")});
    }
}

Json moment(const std::optional<UtcSeconds>& time) {
    return time ? Json(to_rfc3339(*time)) : Json();
}

Json store_json(const Health& health) {
    Json out{{"path", health.store_path}};
    if (!health.store) {
        out["error"] = health.store.error().message;
        return out;
    }
    out["schema_version"] = health.store->schema_version;
    out["records"] = health.store->records;
    out["oldest"] = moment(health.store->oldest);
    out["newest"] = moment(health.store->newest);
    out["bytes"] = health.store->bytes;
    if (health.journal) {
        out["waiting"] = {{"records", health.journal->records}, {"oldest", moment(health.journal->oldest)}};
    }
    return out;
}

Json reports_json(const Health& health) {
    if (!health.reports) return {{"enabled", false}};
    if (!*health.reports) return {{"enabled", true}, {"error", health.reports->error().message}};
    const auto& [counts, next_due] = **health.reports;
    return {{"enabled", true},
            {"open", counts.open_reports},
            {"waiting", counts.waiting},
            {"unfolded", counts.unfolded},
            {"next_due", moment(next_due)}};
}

}  // namespace

std::vector<Trouble> troubles(const Health& health) {
    std::vector<Trouble> found;
    if (health.milter) {
        judge_milter(*health.milter, found);
    } else {
        found.push_back({"the milter does not answer: " + health.milter.error().message,
                         "see \"systemctl status defender-milter\" and its log; mail flows as the mail "
                         "server's own setting for a missing milter says"});
    }
    if (!health.store) {
        found.push_back({"the store cannot be read: " + health.store.error().message,
                         "see whether it is there and may be read by who runs this command"});
    }
    judge_journal(health, found);
    judge_reports(health, found);
    return found;
}

std::string health_text(const Health& health) {
    std::vector<TextRow> rows;
    const Json nothing = Json::object();
    const auto& milter = health.milter ? *health.milter : nothing;
    if (health.milter) {
        add_milter(milter, rows);
    } else {
        rows.push_back({"milter", "not listening"});
    }
    add_store(health, rows);
    add_reports(health, rows);
    add_problems(milter, rows);
    return verdict(troubles(health)) + "\n" + text_table(rows);
}

Json health_json(const Health& health) {
    auto found = Json::array();
    for (const auto& trouble : troubles(health)) {
        found.push_back({{"what", trouble.what}, {"mend", trouble.mend}});
    }
    return {{"well", found.empty()},
            {"troubles", found},
            {"listening", health.milter.has_value()},
            {"milter", health.milter ? *health.milter : Json{{"error", health.milter.error().message}}},
            {"store", store_json(health)},
            {"reports", reports_json(health)}};
}

}  // namespace defender::ctl
