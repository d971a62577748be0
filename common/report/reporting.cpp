#include "common/report/reporting.hpp"

#include <algorithm>
#include <utility>

#include "common/log/log.hpp"

namespace defender::report {
namespace {

/// Reports that are taken at once, while documents are made of those before.
constexpr std::uint64_t taken_at_once = 200;

void log_closed(const store::Report& report, const std::vector<store::NewDocument>& documents) {
    std::uint64_t deliveries = 0;
    for (const auto& each : documents) deliveries += each.deliveries.size();
    log::info("REPORT_CLOSED",
              {{"policy_domain", report.policy_domain},
               {"day", to_rfc3339(report.day.begin()).substr(0, 10)},
               {"edition", report.edition},
               {"messages", report.messages},
               {"report_id", documents.empty() ? "none" : documents.front().document.report_id},
               {"files", documents.size()},
               {"deliveries", deliveries}});
}

}  // namespace

Reporting::Reporting(ReportingParts parts, const config::Settings& settings, std::string owner)
    : parts_(parts),
      settings_(settings),
      owner_(std::move(owner)),
      outbox_(parts, settings, owner_, counts_) {}

Status Reporting::fold(const Progress& progress, const std::function<bool()>& stop) {
    std::uint64_t all = 0;
    if (progress) {
        const auto counts = parts_.store.counts();
        if (!counts) return counts.error();
        all = counts->unfolded;
    }
    for (std::uint64_t done = 0; !stop || !stop();) {
        const auto folded = parts_.store.fold(fold_at_once);
        if (!folded) return folded.error();
        if (*folded == 0) return Done{};
        counts_.folded += *folded;
        done += *folded;
        if (progress) progress(done, std::max(done, all));
    }
    return Done{};
}

Status Reporting::close_due(UtcSeconds now, const std::function<bool()>& stop) {
    if (stop()) return Done{};
    const auto began = std::chrono::steady_clock::now();
    DocumentMaker maker(parts_.reader, settings_);
    auto more = take_due(now, began, maker);
    if (!more) return more.error();
    while (const auto closing = maker.take()) {
        // Before this one is written, so that there is something to be made meanwhile.
        if (*more && maker.waiting() < taken_at_once && !stop()) more = take_due(now, began, maker);
        if (auto done = finish(*closing); !done) return done;
        if (!more) return more.error();
    }
    return Done{};
}

/// False where there is nothing left.
Result<bool> Reporting::take_due(UtcSeconds now, std::chrono::steady_clock::time_point began,
                                 DocumentMaker& maker) {
    const auto& settings = settings_.report;
    const auto held = std::chrono::steady_clock::now() - began + lease_length;
    const store::Lease lease{owner_, now + std::chrono::ceil<std::chrono::seconds>(held).count()};
    auto reports = parts_.store.begin_closing(now, settings.delay.count(), settings.spread.count(), lease,
                                              taken_at_once);
    if (!reports) return reports.error();
    if (reports->empty()) return false;
    maker.add(std::move(reports).value(), lease, now);
    return true;
}

Status Reporting::finish(const Closing& closing) {
    for (const auto& [report, error] : closing.failed) note_failure(report, error);
    if (closing.made.empty()) return Done{};
    auto closed = parts_.store.finish_closing(closing.made, closing.lease);
    // Where the store is well, it lies with one of them, which is to hold up no other.
    if (!closed && closed.error().kind == ErrorKind::other) closed = finish_each(closing);
    if (!closed) return closed.error();
    for (std::size_t i = 0; i < closing.made.size(); ++i) {
        const auto& made = closing.made[i];
        // Others may have taken some of them over.
        if (std::find(closed->begin(), closed->end(), made.id) == closed->end()) continue;
        ++counts_.closed;
        counts_.documents += made.documents.size();
        log_closed(closing.reports[i], made.documents);
    }
    return Done{};
}

/// The ids of those that could be ended.
Result<std::vector<std::int64_t>> Reporting::finish_each(const Closing& closing) {
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < closing.made.size(); ++i) {
        const auto closed = parts_.store.finish_closing({closing.made[i]}, closing.lease);
        if (closed) {
            all.insert(all.end(), closed->begin(), closed->end());
        } else if (closed.error().kind == ErrorKind::other) {
            note_failure(closing.reports[i], closed.error());
        } else {
            return closed.error();
        }
    }
    return all;
}

void Reporting::note_failure(const store::Report& report, const Error& error) {
    ++counts_.failed;
    log::error("REPORT_FAILED", {{"policy_domain", report.policy_domain}, {"what", error.message}});
}

Status Reporting::deliver_due(UtcSeconds now, const std::function<bool()>& stop) {
    return outbox_.deliver_due(now, stop);
}

}  // namespace defender::report
