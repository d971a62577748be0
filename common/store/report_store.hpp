/// ReportStore: reports at rest, from the rows that records are folded into to the mails that are delivered.
///
/// The same on SQLite and on PostgreSQL. A report stands for one UTC day, one policy domain and one policy
/// text. Its life: *open* (records are folded into its rows), *closing* (its rows are final and its documents
/// are being made), *closed* (its documents and their deliveries are there, its rows are gone). Records that
/// arrive for a day after its report has begun to close open the next *edition* of it, a report of its own. A
/// document is a file, made once and never changed; a delivery is one document to one address. What is done
/// by a reporter that may die is held by a lease: another takes it over once the lease is over, which it is
/// from the second `until` on. A holder that was late keeps what nobody has taken over in the meantime. Each
/// function is one step, or none, and on the disk when it returns; a closing is so with the next step that is
/// not one, as until then nothing of it has been seen outside, and so is a fold. Not thread-safe: one thread
/// uses an object; any number of objects and processes may share the database. Failure: an Error; nothing was
/// done then, and trying again is right.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/store/sql_connection.hpp"

namespace defender::store {

/// Who does something, and until when nobody else does it.
struct Lease {
    std::string owner;  ///< host and process
    UtcSeconds until = 0;
};

/// Verdicts of authentication as records have them (RFC 8601 words, not those of the report's schema).
struct DkimAuthResult {
    std::string domain;
    std::string selector;
    std::string result;
    std::string reason;
    bool operator==(const DkimAuthResult&) const = default;
};
struct SpfAuthResult {
    std::string domain;
    std::string scope;  ///< "mfrom" | "helo"
    std::string result;
    bool operator==(const SpfAuthResult&) const = default;
};
struct ReportReason {
    std::string type;  ///< PolicyOverrideType of RFC 7489 appendix C
    std::string comment;
    bool operator==(const ReportReason&) const = default;
};

/// Messages that are alike in all that a report tells of them.
struct ReportRow {
    std::string source_ip;  ///< canonical text
    std::string disposition;
    bool dkim_aligned = false;
    bool spf_aligned = false;
    std::vector<ReportReason> reasons;
    std::string header_from;
    std::string envelope_from;  ///< a domain; empty for the null sender
    std::vector<DkimAuthResult> dkim;
    std::vector<SpfAuthResult> spf;
    std::uint64_t count = 0;
    bool operator==(const ReportRow&) const = default;
};

struct Report {
    std::int64_t id = 0;
    UtcDay day;
    std::string policy_domain;
    std::string policy_record;  ///< as published
    unsigned edition = 1;
    std::uint64_t messages = 0;
    std::uint64_t rows = 0;
};

enum class DocumentKind { aggregate, size_notice, failure };
struct Document {
    std::int64_t id = 0;  ///< given by the store
    DocumentKind kind{};
    std::string report_id;  ///< unique over all documents
    std::string policy_domain;
    UtcDay day;
    unsigned edition = 1;
    unsigned part = 1;
    unsigned parts = 1;
    std::string schema;  ///< "rfc7489" | "rfc9990"; empty for other kinds than aggregate
    std::string filename;
    std::string content;  ///< octets of the file; a failure report's or a notice's MIME parts
    std::uint64_t messages = 0;
    std::uint64_t rows = 0;
    UtcSeconds made_at = 0;
};

/// made → verified → sending → sent | retry | given_up; skipped: not to be sent at all, for the reason in
/// `answer`.
enum class DeliveryState { made, verified, sending, sent, retry, given_up, skipped };
/// Nothing more will be done: sent, given_up or skipped.
[[nodiscard]] bool at_its_end(DeliveryState state) noexcept;

struct Delivery {
    std::int64_t id = 0;           ///< given by the store
    std::int64_t document_id = 0;  ///< given by the store for those handed to close()
    std::string uri;               ///< as the policy record has it
    std::string address;           ///< where it goes; an external destination may replace it
    std::optional<std::uint64_t> max_octets;
    DeliveryState state = DeliveryState::made;
    unsigned attempts = 0;
    UtcSeconds next_at = 0;       ///< not before this
    UtcSeconds first_try_at = 0;  ///< 0 before the first
    UtcSeconds changed_at = 0;
    std::string answer;  ///< the last answer, or why
};

/// One document with those that it is for.
struct NewDocument {
    Document document;
    std::vector<Delivery> deliveries;
};

/// A report with all that becomes of it.
struct ClosedReport {
    std::int64_t id = 0;
    std::vector<NewDocument> documents;
};

/// A delivery as it is listed: with what it delivers, without the content.
struct DeliveryListing {
    Delivery delivery;
    Document document;
};
struct DeliveryFilter {
    std::optional<UtcDay> day;
    std::string policy_domain;  ///< empty: any
    std::string report_id;      ///< empty: any
    std::optional<DeliveryState> state;
    std::uint64_t limit = 1000;
};
struct DeliveryStep {
    UtcSeconds at = 0;
    DeliveryState state{};
    std::string answer;
};

/// Destinations that get nothing for a time.
struct Suppression {
    std::string destination;  ///< an address or a domain, lower case
    UtcSeconds until = 0;
    unsigned strikes = 0;  ///< how often it was earned; 0: put there by the operator
    std::string reason;
};

struct OutboxCounts {
    std::uint64_t open_reports = 0;
    std::uint64_t waiting = 0;   ///< deliveries that are not at their end
    std::uint64_t unfolded = 0;  ///< records, told by their ids: those that expired unfolded may count too
};

class ReportStore {
  public:
    virtual ~ReportStore() = default;

    /// Folds at most `limit` records, and not more than FoldBounds allows, into the rows of their reports;
    /// how many it took (told by their ids, as in OutboxCounts), 0 where all are folded. Exactly once for
    /// each record, however many fold at once and wherever one dies. Records are read outside the
    /// transactions that write. A batch of many rows is written by several: what fails in between, or dies,
    /// has begun a batch, which the next fold ends first, whatever its `limit`.
    [[nodiscard]] virtual Result<std::uint64_t> fold(std::uint64_t limit) = 0;

    /// Reports that are open: of one day or any, of one policy domain or (empty) any; by day, policy domain
    /// and policy text. For previews.
    [[nodiscard]] virtual Result<std::vector<Report>> open_reports(std::optional<UtcDay> day,
                                                                   const std::string& policy_domain) = 0;
    /// Takes reports whose closing was left by another, or else open ones that are due, the earliest day
    /// first, and makes them *closing*: `most` at most, none where there is none. Due: its day's end + delay
    /// + its own share of spread is not after `now`.
    [[nodiscard]] virtual Result<std::vector<Report>> begin_closing(UtcSeconds now,
                                                                    std::int64_t delay_seconds,
                                                                    std::int64_t spread_seconds,
                                                                    const Lease& lease,
                                                                    std::uint64_t most) = 0;
    /// begin_closing() of one; nothing where there is none.
    [[nodiscard]] Result<std::optional<Report>> begin_close(UtcSeconds now, std::int64_t delay_seconds,
                                                            std::int64_t spread_seconds, const Lease& lease);
    /// Makes one open report *closing*, due or not; nothing where it is not open.
    [[nodiscard]] virtual Result<std::optional<Report>> begin_close_of(std::int64_t report,
                                                                       const Lease& lease) = 0;
    /// The rows of a report that is not closed, by source IP, header_from, envelope_from and then the other
    /// values, text in the order of its octets: the same from every database. They come as a stream; the
    /// handler gives false to stop and must not use the store.
    [[nodiscard]] virtual Status rows(std::int64_t report,
                                      const std::function<bool(const ReportRow&)>& handler) = 0;
    /// Ends closings, all in one step: the documents and deliveries come into being, the rows go. No
    /// documents: the report is closed without a trace. Gives the reports that it closed: where a lease was
    /// lost, nothing is written of that report. Where the rows are many they are deleted bit by bit after the
    /// report is closed; what a crash leaves of them is seen by nobody and cleared away by
    /// expire_documents().
    [[nodiscard]] virtual Result<std::vector<std::int64_t>> finish_closing(
        const std::vector<ClosedReport>& reports, const Lease& lease) = 0;
    /// finish_closing() of one; false where the lease was lost.
    [[nodiscard]] Result<bool> finish_close(std::int64_t report, const Lease& lease,
                                            const std::vector<NewDocument>& documents);
    /// When the next open report falls due, or the next delivery, or a lease ends; nothing where there is
    /// none.
    [[nodiscard]] virtual Result<std::optional<UtcSeconds>> next_due(std::int64_t delay_seconds,
                                                                     std::int64_t spread_seconds) = 0;

    /// A document outside any report: a failure report, a notice. Done also where its report_id is there
    /// already.
    [[nodiscard]] virtual Status add(const NewDocument& document) = 0;
    [[nodiscard]] virtual Result<std::optional<Document>> document(std::int64_t id) = 0;

    /// Takes up to `limit` deliveries that are due and that nobody holds, longest due first.
    [[nodiscard]] virtual Result<std::vector<Delivery>> claim(UtcSeconds now, const Lease& lease,
                                                              std::uint64_t limit) = 0;
    /// Writes a delivery's next state and its step in the history; with any state but made, verified and
    /// sending the lease ends. All but id, document, uri and max_octets is taken over. False where the lease
    /// was lost, and then nothing is written.
    [[nodiscard]] virtual Result<bool> advance(const Delivery& delivery, const Lease& lease) = 0;
    /// advance(), and in the same step `others`, deliveries of the same document, come into being: where an
    /// external destination names several addresses instead of the one.
    [[nodiscard]] virtual Result<bool> advance_and_add(const Delivery& delivery, const Lease& lease,
                                                       const std::vector<Delivery>& others) = 0;
    /// The newest documents first.
    [[nodiscard]] virtual Result<std::vector<DeliveryListing>> list(const DeliveryFilter& filter) = 0;
    /// Its steps, oldest first, beginning with the state that it came into being in.
    [[nodiscard]] virtual Result<std::vector<DeliveryStep>> history(std::int64_t delivery) = 0;
    /// The delivery is `made` and due again at `now`, whatever came of it, with the same document and its
    /// attempts forgotten. False where unknown or held.
    [[nodiscard]] virtual Result<bool> resend(std::int64_t delivery, UtcSeconds now) = 0;
    /// Deliveries that went to `sent` at or after `since`.
    [[nodiscard]] virtual Result<std::uint64_t> sent_since(UtcSeconds since) = 0;

    /// Adds a suppression, or replaces the one that the destination has. Destinations are compared without
    /// case. One that is over stays, for its strikes: `until` is for the caller to compare.
    [[nodiscard]] virtual Status suppress(const Suppression& suppression) = 0;
    [[nodiscard]] virtual Result<bool> lift_suppression(const std::string& destination) = 0;
    [[nodiscard]] virtual Result<std::optional<Suppression>> suppression(const std::string& destination) = 0;
    [[nodiscard]] virtual Result<std::vector<Suppression>> suppressions() = 0;

    /// Deletes documents made before `before` whose deliveries are at their end, in bounded transactions; how
    /// many. Forgets what was closed for days before it, too.
    [[nodiscard]] virtual Result<std::uint64_t> expire_documents(UtcSeconds before) = 0;
    [[nodiscard]] virtual Result<OutboxCounts> counts() = 0;
};

/// What one fold holds and does at once. The more records are summed up before anything is written, the fewer
/// pages are written for each.
struct FoldBounds {
    /// Sums in memory, but for those of the records last read.
    std::size_t octets = std::size_t{192} * 1024 * 1024;
    /// Records read by one statement: a reader that stays for long keeps SQLite from using its WAL anew.
    std::uint64_t records = 20000;
    /// Rows written by one transaction: some milliseconds of holding SQLite's write lock.
    std::size_t rows = 5000;
};

/// The reports in the database behind `connection`, whose schema is at this program's version.
[[nodiscard]] std::unique_ptr<ReportStore> make_report_store(std::unique_ptr<SqlConnection> connection,
                                                             const FoldBounds& bounds = {});

/// The first, where there is one.
[[nodiscard]] Result<std::optional<Report>> first_of(Result<std::vector<Report>> reports);

[[nodiscard]] std::string_view to_string(DeliveryState state) noexcept;
[[nodiscard]] std::string_view to_string(DocumentKind kind) noexcept;
[[nodiscard]] std::optional<DeliveryState> delivery_state_from(std::string_view name) noexcept;
[[nodiscard]] std::optional<DocumentKind> document_kind_from(std::string_view name) noexcept;

}  // namespace defender::store
