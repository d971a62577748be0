#include "common/store/journal_transfer.hpp"

#include <future>
#include <set>
#include <utility>

#include "common/base/text.hpp"
#include "common/base/utc_clock.hpp"
#include "common/log/log.hpp"
#include "common/store/forwarders.hpp"

namespace defender::store {
namespace {

/// What one step takes: enough for the cost of a commit to be small beside it, little enough for memory.
constexpr std::uint64_t step_records = 4000;
constexpr std::size_t step_octets = 4U * 1024 * 1024;

/// A record may be deleted from the journal only once the server has it on disk, whatever the database's
/// default is.
constexpr std::string_view wait_for_disk =
    "SELECT set_config('synchronous_commit', 'on', true)"
    " WHERE current_setting('synchronous_commit') = 'off'";

/// Made once for each connection.
constexpr std::string_view set_up =
    "CREATE TEMPORARY TABLE IF NOT EXISTS record_move (LIKE record) ON COMMIT DELETE ROWS;"
    "CREATE TEMPORARY TABLE IF NOT EXISTS record_domain_move (LIKE record_domain) ON COMMIT DELETE ROWS";

/// Seen by many, or long ago by one: each pair stands once. In the order of the key, so that hosts that write
/// the same rows do not wait for each other.
constexpr std::string_view set_up_sightings =
    "CREATE TEMPORARY TABLE IF NOT EXISTS forwarding_sighting_move (LIKE forwarding_sighting)"
    " ON COMMIT DELETE ROWS";
constexpr std::string_view copy_sightings =
    "COPY forwarding_sighting_move (network, domain, first_day, last_day) FROM STDIN";
constexpr std::string_view insert_sightings =
    "INSERT INTO forwarding_sighting AS known (network, domain, first_day, last_day)"
    " SELECT network, domain, min(first_day), max(last_day) FROM forwarding_sighting_move AS seen"
    " WHERE EXISTS (SELECT FROM forwarding_sighting AS same"
    "               WHERE same.network = seen.network AND same.domain = seen.domain)"
    " OR (SELECT count(*) FROM forwarding_sighting AS others WHERE others.network = seen.network) < $1"
    " GROUP BY network, domain ORDER BY network, domain"
    " ON CONFLICT (network, domain) DO UPDATE SET first_day = least(known.first_day, excluded.first_day),"
    " last_day = greatest(known.last_day, excluded.last_day)"
    " WHERE excluded.first_day < known.first_day OR excluded.last_day > known.last_day";

struct Statements {
    std::string add_records;
    std::string add_domains;
    std::string copy_records;
    std::string copy_domains;
    std::string insert_records;
    std::string insert_domains;
};

const Statements& statements() {
    static const Statements all = [] {
        const auto records = "id, journal, day, " + text::join(record_columns(), ", ");
        const auto domains = "record_id, journal, day, " + text::join(record_domain_columns(), ", ");
        return Statements{"COPY record (" + records + ") FROM STDIN",
                          "COPY record_domain (" + domains + ") FROM STDIN",
                          "COPY record_move (" + records + ") FROM STDIN",
                          "COPY record_domain_move (" + domains + ") FROM STDIN",
                          "INSERT INTO record (" + records + ") SELECT " + records +
                              " FROM record_move ORDER BY id ON CONFLICT DO NOTHING",
                          "INSERT INTO record_domain (" + domains + ") SELECT " + domains +
                              " FROM record_domain_move ORDER BY record_id, ordinal ON CONFLICT DO NOTHING"};
    }();
    return all;
}

/// The range of names is written out, so that an index is used however little PostgreSQL knows of the
/// temporary table.
constexpr std::string_view count_same =
    "SELECT count(*) FROM record AS r JOIN record_move AS m ON m.day = r.day AND m.id = r.id"
    " WHERE r.journal = $1 AND r.id >= $2 AND r.id <= $3"
    " AND r.received_at = m.received_at AND r.queue_id = m.queue_id AND r.evidence = m.evidence";
constexpr std::string_view count_all =
    "SELECT count(*) FROM record WHERE journal = $1 AND id >= $2 AND id <= $3";

}  // namespace

JournalTransfer::~JournalTransfer() {
    // What stays for a failure is found to be in PostgreSQL by the next who moves it.
    static_cast<void>(delete_arrived());
}

Result<JournalTransfer::Counts> JournalTransfer::step() {
    Counts counts;
    // A journal that takes a new name is read again.
    while (counts.moved + counts.set_aside == 0) {
        const auto batch = next_ ? Result<JournalBatch>(*std::exchange(next_, std::nullopt)) : read_on(0);
        if (!batch) return batch.error();
        if (batch->entries().empty()) break;
        if (auto moved = move_and_read_on(*batch, counts); !moved) return moved.error();
    }
    return counts;
}

Result<JournalBatch> JournalTransfer::read_on(std::int64_t id) {
    if (auto deleted = delete_arrived(); !deleted) return deleted.error();
    return journal_.after(id, step_records, step_octets);
}

Status JournalTransfer::delete_arrived() {
    if (!arrived_) return Done{};
    auto deleted = journal_.remove(arrived_->first, arrived_->last);
    if (deleted) arrived_.reset();
    return deleted;
}

Status JournalTransfer::move_and_read_on(const JournalBatch& batch, Counts& counts) {
    const auto entries = batch.entries();
    // The journal is that thread's until it ends; this one has PostgreSQL.
    auto reading = std::async(std::launch::async, [&] { return read_on(entries.back().id); });
    const auto inserted = insert(batch, entries);
    auto next = reading.get();
    // What follows may be another batch then, or another name.
    if (!inserted) return conclude(batch, entries, inserted, counts);
    counts.moved += entries.size();
    arrived_ = {arrived_ ? arrived_->first : entries.front().id, entries.back().id};
    if (!next) return next.error();
    if (next->entries().empty()) return delete_arrived();
    next_ = std::move(next).value();
    return Done{};
}

Status JournalTransfer::move(const JournalBatch& batch, Entries entries, Counts& counts) {
    if (journal_.name() != batch.journal()) return Done{};
    return conclude(batch, entries, insert(batch, entries), counts);
}

Status JournalTransfer::conclude(const JournalBatch& batch, Entries entries, const Status& inserted,
                                 Counts& counts) {
    if (inserted) {
        counts.moved += entries.size();
        return journal_.remove(entries.front().id, entries.back().id);
    }
    if (refusal_ == Refusal::no) return inserted;
    if (entries.size() == 1 && refusal_ == Refusal::name) return rename(entries.front());
    if (entries.size() == 1) {
        ++counts.set_aside;
        return set_aside(entries.front(), inserted.error().message);
    }
    // The first half to its end before the second, as ids must arrive in order.
    const auto half = entries.size() / 2;
    if (auto moved = move(batch, entries.first(half), counts); !moved) return moved;
    return move(batch, entries.subspan(half), counts);
}

/// Straight into the tables first; where something there is refused, which it is where any of the records is
/// there already, by way of the temporary tables.
Status JournalTransfer::insert(const JournalBatch& batch, Entries entries) {
    auto inserted = insert(batch, entries, Way::straight);
    if (inserted || refusal_ != Refusal::values) return inserted;
    return insert(batch, entries, Way::compared);
}

Status JournalTransfer::insert(const JournalBatch& batch, Entries entries, Way way) {
    refusal_ = Refusal::no;
    auto transaction = SqlTransaction::begin(database_);
    if (!transaction) return transaction.error();
    if (auto done = database_.execute(std::string(wait_for_disk)); !done) return done;
    const auto filled = fill(batch, entries, way);
    // Before the end of the transaction, which is a statement of its own.
    if (!filled && database_.refused_values()) refusal_ = Refusal::values;
    if (!filled) return filled;
    return transaction.value()->commit();
}

Status JournalTransfer::fill(const JournalBatch& batch, Entries entries, Way way) {
    if (auto made = make_days(entries); !made) return made;
    const auto known = database_.run(
        "INSERT INTO journal (journal, host, folded_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        {batch.journal(), entries.front().host, batch.folded_id()});
    if (!known) return known.error();
    const auto inserted = way == Way::straight ? add(batch, entries) : add_what_is_new(batch, entries);
    if (!inserted) return inserted.error();
    const auto sightings = batch.rows(MovedTable::forwarding_sighting, entries);
    if (auto done = add_sightings(sightings); !done) return done;
    return check_names(batch.journal(), entries, *inserted);
}

/// All of them, or none; how many.
Result<std::uint64_t> JournalTransfer::add(const JournalBatch& batch, Entries entries) {
    const auto records = batch.rows(MovedTable::record, entries);
    if (auto done = database_.copy_in(statements().add_records, records); !done) return done.error();
    const auto domains = batch.rows(MovedTable::record_domain, entries);
    if (auto done = database_.copy_in(statements().add_domains, domains); !done) return done.error();
    return std::uint64_t{entries.size()};
}

/// Those whose names are not there yet; how many.
Result<std::uint64_t> JournalTransfer::add_what_is_new(const JournalBatch& batch, Entries entries) {
    if (auto done = database_.execute(std::string(set_up)); !done) return done.error();
    const auto records = batch.rows(MovedTable::record, entries);
    if (auto done = database_.copy_in(statements().copy_records, records); !done) return done.error();
    const auto domains = batch.rows(MovedTable::record_domain, entries);
    if (auto done = database_.copy_in(statements().copy_domains, domains); !done) return done.error();
    const auto inserted = database_.run(statements().insert_records);
    if (!inserted) return inserted;
    if (auto done = database_.run(statements().insert_domains); !done) return done.error();
    return inserted;
}

Status JournalTransfer::add_sightings(std::string_view rows) {
    if (rows.empty()) return Done{};
    if (auto done = database_.execute(std::string(set_up_sightings)); !done) return done;
    if (auto done = database_.copy_in(std::string(copy_sightings), rows); !done) return done;
    const auto added = database_.run(insert_sightings, {most_domains_of_a_network});
    if (!added) return added.error();
    return Done{};
}

Status JournalTransfer::check_names(const std::string& journal, Entries entries, std::uint64_t inserted) {
    const SqlValues range{journal, entries.front().id, entries.back().id};
    const auto counted_is_all = [&](std::string_view sql) -> Result<bool> {
        std::uint64_t count = 0;
        const auto done = database_.run(
            sql, range, [&](const SqlRow& row) { count = static_cast<std::uint64_t>(row.number(0)); });
        if (!done) return done.error();
        return count == entries.size();
    };
    auto ours = Result<bool>(true);
    if (inserted < entries.size()) ours = counted_is_all(count_same);
    // The same names on other days meet nothing that is inserted; they are looked for at the beginning alone,
    // since all days have to be asked.
    if (ours && *ours && !names_are_known_) ours = counted_is_all(count_all);
    if (!ours) return ours.error();
    if (!*ours) {
        refusal_ = Refusal::name;
        return Error{journal + " is the name of another journal, too"};
    }
    names_are_known_ = true;
    return Done{};
}

Status JournalTransfer::rename(const JournalEntry& entry) {
    const auto old_name = journal_.name();
    if (auto renamed = journal_.rename(); !renamed) return renamed;
    log::warning("STORE_JOURNAL_RENAMED",
                 {{"old_name", old_name}, {"new_name", journal_.name()}, {"id", entry.id}});
    return Done{};
}

Status JournalTransfer::make_days(Entries entries) {
    std::set<std::int64_t> days;
    for (const auto& entry : entries) days.insert(entry.day.number);
    for (const auto day : days) {
        if (auto made = database_.run("SELECT defender_make_day($1)", {day}); !made) return made.error();
    }
    return Done{};
}

Status JournalTransfer::set_aside(const JournalEntry& entry, const std::string& reason) {
    if (auto done = journal_.set_aside(entry.id, reason, utc_now()); !done) return done;
    log::error("STORE_RECORD_SET_ASIDE", {{"queue_id", entry.queue_id}, {"id", entry.id}, {"error", reason}});
    return Done{};
}

}  // namespace defender::store
