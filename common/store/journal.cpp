#include "common/store/journal.hpp"

#include <optional>

#include "common/base/text.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/record_row.hpp"
#include "common/store/sqlite_connection.hpp"

namespace defender::store {
namespace {

/// One statement, so that a record and its domains are seen at one moment: another mover may delete both.
std::string select_first() {
    static const auto names = [](const std::string& prefix, const std::vector<std::string>& columns) {
        std::string list;
        for (const auto& column : columns) list += ", " + prefix + column;
        return list;
    };
    return "SELECT r.id, r.day, s.network, s.domain, s.first_day, s.last_day, d.record_id" +
           names("r.", record_columns()) + names("d.", record_domain_columns()) +
           " FROM (SELECT * FROM record ORDER BY id LIMIT $1) AS r"
           " LEFT JOIN forwarding_sighting AS s ON s.record_id = r.id"
           " LEFT JOIN record_domain AS d ON d.record_id = r.id ORDER BY r.id, d.ordinal";
}

/// Where select_first() has them.
constexpr int id_column = 0;
constexpr int day_column = 1;
constexpr int sighting_column = 2;
constexpr int domain_column = 6;
constexpr int first_column = 7;

std::vector<std::string> texts(const SqlRow& row, int from, std::size_t count) {
    std::vector<std::string> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) all.push_back(row.text(from + static_cast<int>(i)));
    return all;
}

std::size_t octets_of(const std::vector<std::string>& values) {
    std::size_t octets = 0;
    for (const auto& value : values) octets += value.size();
    return octets;
}

std::optional<WaitingSighting> sighting_of(const SqlRow& row) {
    if (row.is_null(sighting_column)) return std::nullopt;
    return WaitingSighting{row.text(sighting_column), row.text(sighting_column + 1),
                           UtcDay{row.number(sighting_column + 2)}, UtcDay{row.number(sighting_column + 3)}};
}

/// Collects rows of select_first() into entries.
class EntryReader {
  public:
    EntryReader(std::vector<JournalEntry>& entries, std::size_t octets)
        : entries_(entries), octets_(octets) {}

    void read(const SqlRow& row) {
        const auto id = row.number(id_column);
        if (entries_.empty() || entries_.back().id != id) {
            full_ = full_ || held_ >= octets_;
            if (full_) return;
            entries_.push_back({id,
                                UtcDay{row.number(day_column)},
                                texts(row, first_column, record_columns().size()),
                                {},
                                sighting_of(row)});
            held_ += octets_of(entries_.back().columns);
        }
        if (row.is_null(domain_column)) return;
        const auto from = first_column + static_cast<int>(record_columns().size());
        entries_.back().domains.push_back(texts(row, from, record_domain_columns().size()));
        held_ += octets_of(entries_.back().domains.back());
    }

  private:
    std::vector<JournalEntry>& entries_;
    const std::size_t octets_;
    std::size_t held_ = 0;
    bool full_ = false;
};

Json object_of(const std::vector<std::string>& names, const std::vector<std::string>& values) {
    Json object = Json::object();
    for (std::size_t i = 0; i < names.size(); ++i) object[names[i]] = values[i];
    return object;
}

std::string text_of(const JournalEntry& entry) {
    auto row = object_of(record_columns(), entry.columns);
    row["day"] = entry.day.number;
    row["domains"] = Json::array();
    for (const auto& domain : entry.domains) {
        row["domains"].push_back(object_of(record_domain_columns(), domain));
    }
    return json_text(row);
}

Result<Record> record_of(const std::string& set_aside_row) {
    const auto json = Json::parse(set_aside_row, nullptr, false);
    if (!json.is_object()) return Error{"is no JSON object"};
    const auto value = [&](const char* name) { return json.value(name, std::string()); };
    RecordRow row;
    row.host = value("host");
    row.reply = value("reply");
    row.error = value("error");
    row.milliseconds = static_cast<std::int64_t>(text::parse_unsigned(value("milliseconds")).value_or(0));
    row.evidence = value("evidence");
    row.judgement = value("judgement");
    return from_row(row);
}

}  // namespace

const std::vector<std::string>& record_columns() {
    static const std::vector<std::string> names{
        "host",      "queue_id",      "received_at",   "client",        "helo",
        "mail_from", "envelope_from", "author_status", "author_domain", "exemption",
        "result",    "requested",     "disposition",   "action",        "auth_results",
        "reply",     "error",         "milliseconds",  "evidence",      "judgement"};
    return names;
}

const std::vector<std::string>& record_domain_columns() {
    static const std::vector<std::string> names{
        "ordinal",     "deciding",    "author_domain", "policy_domain", "policy_record",
        "reportable",  "result",      "spf_aligned",   "dkim_aligned",  "requested",
        "disposition", "sampled_out", "reasons"};
    return names;
}

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, OpenMode mode) {
    auto connection = open_sqlite_connection(path, mode);
    if (!connection) return connection.error();
    std::unique_ptr<Journal> journal(new Journal(std::move(connection).value()));
    if (auto read = journal->read_name(); !read) return read.error();
    return journal;
}

Status Journal::read_name() {
    const auto done =
        connection_->run("SELECT journal, folded_id FROM journal", {}, [this](const SqlRow& row) {
            name_ = row.text(0);
            folded_id_ = row.number(1);
        });
    if (!done) return done.error();
    if (name_.empty()) return Error{"the journal has no name"};
    return Done{};
}

Result<std::vector<JournalEntry>> Journal::first(std::uint64_t records, std::size_t octets) {
    static const std::string sql = select_first();
    // Another mover of this file may have renamed it.
    if (auto read = read_name(); !read) return read.error();
    std::vector<JournalEntry> entries;
    EntryReader reader(entries, octets);
    const auto done = connection_->run(sql, {static_cast<std::int64_t>(records)},
                                       [&](const SqlRow& row) { reader.read(row); });
    if (!done) return done.error();
    return entries;
}

Status Journal::remove(std::int64_t first_id, std::int64_t last_id) {
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    if (auto erased = erase(first_id, last_id); !erased) return erased;
    return transaction.value()->commit();
}

Status Journal::erase(std::int64_t first_id, std::int64_t last_id) {
    for (const auto* sql : {"DELETE FROM record WHERE id >= $1 AND id <= $2",
                            "DELETE FROM forwarding_sighting WHERE record_id >= $1 AND record_id <= $2"}) {
        if (const auto done = connection_->run(sql, {first_id, last_id}); !done) return done.error();
    }
    return Done{};
}

Status Journal::set_aside(const JournalEntry& entry, const std::string& reason, UtcSeconds now) {
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    // Another mover of this file may have done it already.
    const auto kept = connection_->run(
        "INSERT INTO set_aside (id, at, error, row) SELECT $1, $2, $3, $4"
        " WHERE true ON CONFLICT DO NOTHING",
        {entry.id, now, column_text(reason), text_of(entry)});
    if (!kept) return kept.error();
    if (auto erased = erase(entry.id, entry.id); !erased) return erased;
    return transaction.value()->commit();
}

Status Journal::rename() {
    // A random UUID (RFC 9562 version 4), as the file had from the beginning.
    const auto done = connection_->execute(
        "UPDATE journal SET journal = lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' ||"
        " substr(hex(randomblob(2)), 2) || '-' || substr('89AB', 1 + (random() & 3), 1) ||"
        " substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))");
    if (!done) return done;
    return read_name();
}

Result<std::uint64_t> Journal::number(std::string_view sql) {
    std::uint64_t number = 0;
    const auto done = connection_->run(
        sql, {}, [&](const SqlRow& row) { number = static_cast<std::uint64_t>(row.number(0)); });
    if (!done) return done.error();
    return number;
}

Result<std::uint64_t> Journal::waiting() {
    return number("SELECT (SELECT max(id) FROM record) - (SELECT min(id) FROM record) + 1");
}

Result<std::uint64_t> Journal::count_set_aside() {
    return number("SELECT count(*) FROM set_aside");
}

Result<std::vector<FoundRecord>> Journal::find(const std::string& queue_id) {
    auto found = search_records(*connection_, queue_id);
    if (!found) return found;
    std::optional<Error> unreadable;
    const auto done = connection_->run(
        "SELECT id, row FROM set_aside WHERE json_extract(row, '$.queue_id') = $1", {column_text(queue_id)},
        [&](const SqlRow& row) {
            auto record = record_of(row.text(1));
            if (!record) {
                unreadable = Error{"record " + row.text(0) + " set aside: " + record.error().message};
                return;
            }
            found->push_back({name_, row.number(0), std::move(record).value()});
        });
    if (!done) return done.error();
    if (unreadable) return *unreadable;
    return found;
}

Result<std::uint64_t> Journal::expire_set_aside(UtcSeconds before) {
    return connection_->run(
        "DELETE FROM set_aside WHERE CAST(json_extract(row, '$.received_at') AS INTEGER) < $1", {before});
}

}  // namespace defender::store
