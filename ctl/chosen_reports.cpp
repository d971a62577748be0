#include "ctl/chosen_reports.hpp"

namespace defender::ctl {

Result<std::vector<store::Report>> ChosenReports::begin_closing(UtcSeconds now, std::int64_t, std::int64_t,
                                                                const store::Lease& lease,
                                                                std::uint64_t most) {
    if (!left_) {
        const auto open = store_.open_reports(day_, policy_domain_);
        if (!open) return open.error();
        left_.emplace();
        for (const auto& report : *open) {
            if (report.day.end() <= now) left_->push_back(report.id);
        }
    }
    std::vector<store::Report> reports;
    while (!left_->empty() && reports.size() < most) {
        const auto report = left_->front();
        left_->pop_front();
        auto taken = store_.begin_close_of(report, lease);
        if (!taken) return taken.error();
        // What another has taken meanwhile is passed over.
        if (taken.value()) reports.push_back(std::move(*taken.value()));
    }
    return reports;
}

}  // namespace defender::ctl
