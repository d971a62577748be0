#include "ctl/chosen_reports.hpp"

namespace defender::ctl {

Result<std::optional<store::Report>> ChosenReports::begin_close(UtcSeconds now, std::int64_t, std::int64_t,
                                                                const store::Lease& lease) {
    if (!left_) {
        const auto open = store_.open_reports(day_, policy_domain_);
        if (!open) return open.error();
        left_.emplace();
        for (const auto& report : *open) {
            if (report.day.end() <= now) left_->push_back(report.id);
        }
    }
    while (!left_->empty()) {
        const auto report = left_->front();
        left_->pop_front();
        auto taken = store_.begin_close_of(report, lease);
        if (!taken || *taken) return taken;  // what another has taken meanwhile is passed over
    }
    return std::optional<store::Report>();
}

}  // namespace defender::ctl
