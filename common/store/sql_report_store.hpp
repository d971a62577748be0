/// SqlReportStore: the ReportStore, in SQL that SQLite and PostgreSQL both speak.
///
/// One class in several files: folding, closing, the outbox, and the rest. Thread-safety and failure: as
/// ReportStore.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/store/report_store.hpp"
#include "common/store/report_sums.hpp"

namespace defender::store {

/// Deliveries that are not at their end, in the words of the index delivery_waiting.
inline constexpr const char* waiting_deliveries =
    "delivery.state IN ('made', 'verified', 'sending', 'retry')";

class SqlReportStore final : public ReportStore {
  public:
    SqlReportStore(std::unique_ptr<SqlConnection> connection, const FoldBounds& bounds)
        : connection_(std::move(connection)), bounds_(bounds) {}

    Result<std::uint64_t> fold(std::uint64_t limit) override;
    Result<std::vector<Report>> open_reports(std::optional<UtcDay> day,
                                             const std::string& policy_domain) override;
    Result<std::vector<Report>> begin_closing(UtcSeconds now, std::int64_t delay_seconds,
                                              std::int64_t spread_seconds, const Lease& lease,
                                              std::uint64_t most) override;
    Result<std::optional<Report>> begin_close_of(std::int64_t report, const Lease& lease) override;
    Status rows(std::int64_t report, const std::function<bool(const ReportRow&)>& handler) override;
    Result<std::vector<std::int64_t>> finish_closing(const std::vector<ClosedReport>& reports,
                                                     const Lease& lease) override;
    Result<std::optional<UtcSeconds>> next_due(std::int64_t delay_seconds,
                                               std::int64_t spread_seconds) override;
    Status add(const NewDocument& document) override;
    Result<std::optional<Document>> document(std::int64_t id) override;
    Result<std::vector<Delivery>> claim(UtcSeconds now, const Lease& lease, std::uint64_t limit) override;
    Result<bool> advance(const Delivery& delivery, const Lease& lease) override;
    Result<bool> advance_and_add(const Delivery& delivery, const Lease& lease,
                                 const std::vector<Delivery>& others) override;
    Result<std::vector<DeliveryListing>> list(const DeliveryFilter& filter) override;
    Result<std::vector<DeliveryStep>> history(std::int64_t delivery) override;
    Result<bool> resend(std::int64_t delivery, UtcSeconds now) override;
    Result<std::uint64_t> sent_since(UtcSeconds since) override;
    Status suppress(const Suppression& suppression) override;
    Result<bool> lift_suppression(const std::string& destination) override;
    Result<std::optional<Suppression>> suppression(const std::string& destination) override;
    Result<std::vector<Suppression>> suppressions() override;
    Result<std::uint64_t> expire_documents(UtcSeconds before) override;
    Result<OutboxCounts> counts() override;

  private:
    /// How far a journal is folded. SQLite has one, PostgreSQL one for each gateway.
    struct Journal {
        std::string name;
        std::int64_t folded_id = 0;  ///< the records up to this one are folded
        /// Greater than folded_id: the records up to this one are being folded, as one batch, of which the
        /// rows up to folding_key are written.
        std::int64_t folding_id = 0;
        std::string folding_key;  ///< of the row's series, then its own

        [[nodiscard]] bool has_begun_batch() const noexcept { return folding_id > folded_id; }
    };
    /// Records that follow one another; the days are told in PostgreSQL only.
    struct Records {
        std::uint64_t count = 0;
        std::int64_t last_id = 0;
        UtcDay first_day;
        UtcDay last_day;
    };
    /// What became of one try to fold a batch.
    struct Folded {
        std::uint64_t records = 0;
        bool again = false;  ///< another was faster, or a batch whose records have expired was ended
    };

    [[nodiscard]] bool is_sqlite() const noexcept { return connection_->dialect() == SqlDialect::sqlite; }

    // sql_report_store_folding.cpp
    Result<std::vector<Journal>> journals();
    Result<Folded> fold_journal(const Journal& journal, std::uint64_t limit);
    Result<Records> sum_up_batch(const Journal& journal, std::uint64_t limit, ReportSums& sums);
    Result<Records> next_records(const Journal& journal, std::int64_t after, std::uint64_t limit);
    Status sum_up(const Journal& journal, std::int64_t after, const Records& records, ReportSums& sums);
    Result<bool> write_batch(Journal journal, std::int64_t last_id, const SortedSums& sums);
    Result<bool> write_piece(const Journal& before, const Journal& after, const SortedSums& sums,
                             std::span<const RowSum> piece);

    // sql_report_store_closing.cpp
    Result<std::vector<Report>> take_reports(std::string_view condition, SqlValues values,
                                             std::uint64_t most);
    Result<std::vector<Report>> counted(Result<std::vector<Report>> taken);
    /// What became of the end of one closing.
    enum class Ending { lease_lost, whole, rows_left };
    Result<Ending> finish_one(const ClosedReport& report, const Lease& lease);
    Result<bool> holds(std::int64_t report, const Lease& lease);
    Result<bool> delete_some_rows(std::int64_t report);
    Status set_state(std::int64_t report, std::string_view state);
    void yield_write_lock(std::chrono::steady_clock::time_point taken);
    bool others_have_written();
    Status delete_rows(std::int64_t report);

    // sql_report_store_outbox.cpp
    Result<bool> insert_document(const NewDocument& document, std::optional<std::int64_t> report);
    Status insert_delivery(const Delivery& delivery, std::int64_t document);
    Status insert_step(std::int64_t delivery, UtcSeconds at, DeliveryState state, const std::string& answer);
    Result<std::uint64_t> count_of(std::string_view sql, const SqlValues& values);

    // sql_report_store_upkeep.cpp
    Result<std::uint64_t> delete_in_pieces(std::string_view sql, std::int64_t before);
    Status clear_away_rows();
    Result<std::uint64_t> unfolded(const Journal& journal);
    Result<std::int64_t> newest_id(const Journal& journal);

    std::unique_ptr<SqlConnection> connection_;
    const FoldBounds bounds_;
    std::uint64_t folds_ = 0;
    std::int64_t data_version_ = -1;  ///< SQLite's, when it was last asked whether others write
    unsigned yields_alone_ = 0;       ///< while no other wrote
};

}  // namespace defender::store
