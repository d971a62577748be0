/// JournalTransfer: one step of moving records from a journal into PostgreSQL, each exactly once.
///
/// A step copies the first records that wait, commits, and only then deletes them from the journal. Whatever
/// is lost or killed in between, the next step does the same again to the same end: a record's name is its
/// journal and its id there, and where that is in PostgreSQL already, the records go into temporary tables,
/// and from there what is not there yet. Records of one journal get into PostgreSQL strictly in the order of
/// their ids, so that all up to the highest one seen are there; the folding of reports relies on it.
///
/// While PostgreSQL takes a batch, another thread deletes the one before it from the journal and reads the
/// one after it. What the last steps moved is deleted at the latest when nothing waits, or at the end of the
/// object.
///
/// The forwarding sightings that wait with the records go over in the same transactions.
///
/// Where the file was copied (a machine that was cloned, a backup that was put back), two files give the same
/// names to different records. That is noticed where they meet; the journal then takes a new name for what
/// follows, and it is logged (STORE_JOURNAL_RENAMED).
///
/// A record that PostgreSQL refuses for what it holds is found by halving, set aside in the journal and
/// logged (STORE_RECORD_SET_ASIDE); the others go on. Not thread-safe; several objects and processes may
/// transfer one journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.hpp"
#include "common/store/journal.hpp"
#include "common/store/journal_batch.hpp"
#include "common/store/postgresql_connection.hpp"

namespace defender::store {

class JournalTransfer {
  public:
    struct Counts {
        std::uint64_t moved = 0;
        std::uint64_t set_aside = 0;
    };
    /// Both must outlive it, and the journal must have no other user meanwhile. The database's schema is at
    /// this program's version.
    JournalTransfer(Journal& journal, PostgresqlConnection& database)
        : journal_(journal), database_(database) {}
    JournalTransfer(const JournalTransfer&) = delete;
    JournalTransfer& operator=(const JournalTransfer&) = delete;
    ~JournalTransfer();

    /// Moves at most some thousand records; nothing is moved or set aside where none waits. What was moved
    /// before an error stays moved.
    [[nodiscard]] Result<Counts> step();

  private:
    using Entries = JournalBatch::Entries;

    /// Deletes from the journal what has arrived, and reads what follows this id.
    [[nodiscard]] Result<JournalBatch> read_on(std::int64_t id);
    [[nodiscard]] Status delete_arrived();
    /// Moves all of the batch while the next one is read.
    [[nodiscard]] Status move_and_read_on(const JournalBatch& batch, Counts& counts);
    /// Moves the entries, in halves where PostgreSQL refuses some of them. Stops where the journal gets
    /// another name, as that of the batch is in its rows.
    [[nodiscard]] Status move(const JournalBatch& batch, Entries entries, Counts& counts);
    /// What follows from an insert() of the entries.
    [[nodiscard]] Status conclude(const JournalBatch& batch, Entries entries, const Status& inserted,
                                  Counts& counts);
    /// One transaction.
    [[nodiscard]] Status insert(const JournalBatch& batch, Entries entries);
    enum class Way { straight, compared };
    [[nodiscard]] Status insert(const JournalBatch& batch, Entries entries, Way way);
    [[nodiscard]] Status fill(const JournalBatch& batch, Entries entries, Way way);
    [[nodiscard]] Result<std::uint64_t> add(const JournalBatch& batch, Entries entries);
    [[nodiscard]] Result<std::uint64_t> add_what_is_new(const JournalBatch& batch, Entries entries);
    [[nodiscard]] Status add_sightings(std::string_view rows);
    /// Whether what stands in PostgreSQL under the names of the entries is the entries; `inserted` of them
    /// are new there.
    [[nodiscard]] Status check_names(const std::string& journal, Entries entries, std::uint64_t inserted);
    [[nodiscard]] Status rename(const JournalEntry& entry);
    [[nodiscard]] Status make_days(Entries entries);
    [[nodiscard]] Status set_aside(const JournalEntry& entry, const std::string& reason);

    Journal& journal_;
    PostgresqlConnection& database_;
    enum class Refusal { no, values, name };
    Refusal refusal_ = Refusal::no;  // by the last insert()
    bool names_are_known_ = false;   // the names of all days were looked at, once
    struct Ids {
        std::int64_t first = 0;
        std::int64_t last = 0;
    };
    std::optional<Ids> arrived_;        // in PostgreSQL, but still in the journal
    std::optional<JournalBatch> next_;  // read already; never empty
};

}  // namespace defender::store
