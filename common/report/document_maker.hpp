/// DocumentMaker: makes the documents of reports that are being closed, by a thread of its own, while others
/// are written to the store.
///
/// Reports go in, and come out in groups, in their order. What is held is bounded: the reports that were
/// added, and the files of a few groups, some megabytes each. Thread-safety: one thread uses an object; the
/// object's own is the only one that uses `reader`. Failure: a report whose documents cannot be made comes
/// out with the reason.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "common/config/settings.hpp"
#include "common/store/report_store.hpp"

namespace defender::report {

/// A day that ended longer ago than this makes no reports: whoever turns reporting on over records of months
/// does not want months to be sent.
inline constexpr std::chrono::hours oldest_report{24 * 14};

/// Reports of one lease, with the documents that were made of them.
struct Closing {
    store::Lease lease;
    std::vector<store::Report> reports;
    std::vector<store::ClosedReport> made;  ///< of the same reports, in their order
    std::vector<std::pair<store::Report, Error>> failed;
    std::size_t octets = 0;  ///< of the documents
};

class DocumentMaker {
  public:
    /// Both outlive it.
    DocumentMaker(store::ReportStore& reader, const config::Settings& settings);
    DocumentMaker(const DocumentMaker&) = delete;
    DocumentMaker& operator=(const DocumentMaker&) = delete;
    /// What was not taken is left as it is.
    ~DocumentMaker();

    void add(std::vector<store::Report> reports, const store::Lease& lease, UtcSeconds now);
    /// Reports that were added and are not begun.
    [[nodiscard]] std::size_t waiting() const;
    /// Waits for the next group; nothing where all that was added has been taken.
    [[nodiscard]] std::optional<Closing> take();

  private:
    struct Batch {
        std::vector<store::Report> reports;
        store::Lease lease;
        UtcSeconds now = 0;
    };

    void run();
    [[nodiscard]] std::optional<Batch> next_batch();
    /// False where the object is at its end.
    [[nodiscard]] bool begin_report();
    void make(store::Report report, UtcSeconds now, Closing& closing);
    void hand_over(Closing& closing);
    [[nodiscard]] Result<std::vector<store::NewDocument>> caught_documents_of(const store::Report& report,
                                                                              UtcSeconds now);
    [[nodiscard]] Result<std::vector<store::NewDocument>> documents_of(const store::Report& report,
                                                                       UtcSeconds now);

    store::ReportStore& reader_;
    const config::Settings& settings_;
    mutable std::mutex mutex_;  ///< of all below but the thread
    std::condition_variable changed_;
    std::deque<Batch> batches_;
    std::deque<Closing> made_;
    std::size_t waiting_ = 0;
    bool working_ = false;  ///< on what is neither in batches_ nor in made_
    bool ended_ = false;
    std::thread thread_;
};

}  // namespace defender::report
