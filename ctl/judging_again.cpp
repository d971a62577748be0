#include "ctl/judging_again.hpp"

#include "common/store/evidence_json.hpp"

namespace defender::ctl {

void judge_again(const store::StoredRecord& record, const TwoSettings& settings, WhatIf& what_if) {
    if (!record.error.empty()) return what_if.add_without_evidence();
    const auto evidence = store::evidence_from_json(record.evidence);
    if (!evidence) return what_if.add_unreadable(record, evidence.error());
    what_if.add(record, auth::judge(*evidence, settings.in_force), auth::judge(*evidence, settings.changed));
}

Status judge_all_again(store::RecordScan& records, UtcSeconds since, const TwoSettings& settings,
                       WhatIf& what_if, const std::function<void(std::uint64_t done)>& progress) {
    std::uint64_t done = 0;
    return records.scan(since, [&](store::StoredRecord&& record) {
        judge_again(record, settings, what_if);
        progress(++done);
    });
}

}  // namespace defender::ctl
