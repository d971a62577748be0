/// SqlReportStore: the ReportStore, in SQL that SQLite and PostgreSQL both speak.
///
/// One class in several files: folding, closing, the outbox, and the rest. Thread-safety and failure: as
/// ReportStore.
#pragma once

#include <memory>
#include <optional>
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
    explicit SqlReportStore(std::unique_ptr<SqlConnection> connection) : connection_(std::move(connection)) {}

    Result<std::uint64_t> fold(std::uint64_t limit) override;
    Result<std::vector<Report>> open_reports(std::optional<UtcDay> day,
                                             const std::string& policy_domain) override;
    Result<std::optional<Report>> begin_close(UtcSeconds now, std::int64_t delay_seconds,
                                              std::int64_t spread_seconds, const Lease& lease) override;
    Result<std::optional<Report>> begin_close_of(std::int64_t report, const Lease& lease) override;
    Status rows(std::int64_t report, const std::function<bool(const ReportRow&)>& handler) override;
    Result<bool> finish_close(std::int64_t report, const Lease& lease,
                              const std::vector<NewDocument>& documents) override;
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
    /// A journal, and up to which record of it all are folded. SQLite has one, PostgreSQL one for each
    /// gateway.
    struct Journal {
        std::string name;
        std::int64_t folded_id = 0;
    };
    /// Records of one journal that are folded together; the days are told in PostgreSQL only.
    struct Batch {
        std::uint64_t records = 0;
        std::int64_t last_id = 0;
        UtcDay first_day;
        UtcDay last_day;
    };
    /// What became of one try to fold a batch.
    struct Folded {
        std::uint64_t records = 0;
        bool overtaken = false;  ///< by another; nothing was written
    };

    [[nodiscard]] bool is_sqlite() const noexcept { return connection_->dialect() == SqlDialect::sqlite; }

    // sql_report_store_folding.cpp
    Result<std::vector<Journal>> journals();
    Result<Folded> fold_journal(const Journal& journal, std::uint64_t limit);
    Result<Batch> next_batch(const Journal& journal, std::uint64_t limit);
    Status sum_up(const Journal& journal, const Batch& batch, ReportSums& sums);
    Result<bool> write_batch(const Journal& journal, const Batch& batch, std::vector<SeriesSum> sums);
    Status write_sums(std::vector<SeriesSum> sums);
    Result<std::vector<std::int64_t>> open_report_ids(const std::vector<SeriesSum>& sums);
    Result<std::int64_t> open_edition(const SeriesSum& sum, std::int64_t edition);

    // sql_report_store_closing.cpp
    Result<std::optional<Report>> take_report(std::string_view condition, const SqlValues& values);
    Result<std::optional<Report>> counted(Result<std::optional<Report>> taken);
    Result<bool> delete_some_rows(std::int64_t report);
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

    std::unique_ptr<SqlConnection> connection_;
    std::uint64_t folds_ = 0;
};

}  // namespace defender::store
