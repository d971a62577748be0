#include "common/store/journal.hpp"

#include <algorithm>
#include <optional>

#include "common/base/text.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/record_row.hpp"
#include "common/store/sqlite_connection.hpp"

namespace defender::store {
namespace {

/// Records read at once; of those that are large few more are read than fit.
constexpr std::uint64_t piece_records = 500;

const std::string& select_records() {
    static const auto sql = "SELECT id, day, " + text::join(record_columns(), ", ") +
                            " FROM record WHERE id > $1 ORDER BY id LIMIT $2";
    return sql;
}

const std::string& select_domains() {
    static const auto sql = "SELECT record_id, " + text::join(record_domain_columns(), ", ") +
                            " FROM record_domain WHERE record_id >= $1 AND record_id <= $2"
                            " ORDER BY record_id, ordinal";
    return sql;
}

constexpr std::string_view select_sightings =
    "SELECT record_id, network, domain, first_day, last_day FROM forwarding_sighting"
    " WHERE record_id >= $1 AND record_id <= $2 ORDER BY record_id";

/// The columns from this one on, each as text.
Json object_of(const std::vector<std::string>& names, const SqlRow& row, int from) {
    Json object = Json::object();
    for (const auto& name : names) object[name] = row.text(from++);
    return object;
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

Result<std::unique_ptr<Journal>> Journal::open(const std::string& path, OpenMode mode) {
    auto connection = open_sqlite_connection(path, mode);
    if (!connection) return connection.error();
    std::unique_ptr<Journal> journal(new Journal(std::move(connection).value()));
    // Not asked for each record that is deleted: its domains are deleted with it, all at once.
    if (auto set = journal->connection_->execute("PRAGMA foreign_keys = OFF"); !set) return set.error();
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

Result<JournalBatch> Journal::after(std::int64_t id, std::uint64_t records, std::size_t octets) {
    const auto reading = SqlTransaction::begin_reading(*connection_);
    if (!reading) return reading.error();
    // Another mover of this file may have renamed it.
    if (auto read = read_name(); !read) return read.error();
    JournalBatch batch(name_, folded_id_);
    if (auto read = read_records(batch, id, records, octets); !read) return read.error();
    if (auto read = read_belongings(batch); !read) return read.error();
    return batch;
}

Status Journal::read_records(JournalBatch& batch, std::int64_t id, std::uint64_t records,
                             std::size_t octets) {
    for (;;) {
        const auto wanted = std::min(piece_records, records - batch.entries().size());
        const auto read = connection_->run(select_records(), {id, static_cast<std::int64_t>(wanted)},
                                           [&](const SqlRow& row) {
                                               if (batch.octets() < octets) batch.add_record(row);
                                           });
        if (!read) return read.error();
        if (*read < wanted || batch.octets() >= octets || batch.entries().size() >= records) return Done{};
        id = batch.entries().back().id;
    }
}

Status Journal::read_belongings(JournalBatch& batch) {
    if (batch.entries().empty()) return Done{};
    const SqlValues range{batch.entries().front().id, batch.entries().back().id};
    const auto domains =
        connection_->run(select_domains(), range, [&](const SqlRow& row) { batch.add_domain(row); });
    if (!domains) return domains.error();
    const auto sightings =
        connection_->run(select_sightings, range, [&](const SqlRow& row) { batch.add_sighting(row); });
    if (!sightings) return sightings.error();
    return Done{};
}

Status Journal::remove(std::int64_t first_id, std::int64_t last_id) {
    // What comes back is found to be in PostgreSQL; so mail, which has to wait for the end of this, does not
    // wait for the disk with it.
    const SqlUnhurriedCommits unhurried(*connection_);
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    if (auto erased = erase(first_id, last_id); !erased) return erased;
    return transaction.value()->commit();
}

Status Journal::erase(std::int64_t first_id, std::int64_t last_id) {
    for (const auto* sql : {"DELETE FROM record_domain WHERE record_id >= $1 AND record_id <= $2",
                            "DELETE FROM record WHERE id >= $1 AND id <= $2",
                            "DELETE FROM forwarding_sighting WHERE record_id >= $1 AND record_id <= $2"}) {
        if (const auto done = connection_->run(sql, {first_id, last_id}); !done) return done.error();
    }
    return Done{};
}

Result<std::string> Journal::row_text(std::int64_t id) {
    Json all;
    const auto record =
        connection_->run("SELECT day, " + text::join(record_columns(), ", ") + " FROM record WHERE id = $1",
                         {id}, [&](const SqlRow& row) {
                             all = object_of(record_columns(), row, 1);
                             all["day"] = row.number(0);
                             all["domains"] = Json::array();
                         });
    if (!record) return record.error();
    if (all.is_null()) return std::string();
    const auto domains = connection_->run(select_domains(), {id, id}, [&](const SqlRow& row) {
        all["domains"].push_back(object_of(record_domain_columns(), row, 1));
    });
    if (!domains) return domains.error();
    return json_text(all);
}

Status Journal::set_aside(std::int64_t id, const std::string& reason, UtcSeconds now) {
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    auto row = row_text(id);
    if (!row) return row.error();
    // Another mover of this file may have done it already.
    if (row->empty()) return Done{};
    const auto kept = connection_->run("INSERT INTO set_aside (id, at, error, row) VALUES ($1, $2, $3, $4)",
                                       {id, now, column_text(reason), std::move(row).value()});
    if (!kept) return kept.error();
    if (auto erased = erase(id, id); !erased) return erased;
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
