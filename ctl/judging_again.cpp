#include "ctl/judging_again.hpp"

#include "common/store/evidence_json.hpp"

namespace defender::ctl {
namespace {

/// Of a client that was exempt when it sent the message nothing was asked, so that its message cannot be
/// judged now.
bool nothing_was_collected(const store::StoredRecord& record) {
    return record.exemption != to_string(auth::Exemption::no);
}

bool is_judged(const auth::Judgement& judgement) {
    return judgement.exemption == auth::Exemption::no;
}

}  // namespace

void judge_again(const store::StoredRecord& record, const TwoSettings& settings, WhatIf& what_if) {
    if (!record.error.empty()) return what_if.add_without_evidence();
    const auto evidence = store::evidence_from_json(record.evidence);
    if (!evidence) return what_if.add_unreadable(record, evidence.error());
    const auto in_force = auth::judge(*evidence, settings.in_force);
    const auto changed = auth::judge(*evidence, settings.changed);
    if (nothing_was_collected(record) && (is_judged(in_force) || is_judged(changed))) {
        return what_if.add_without_evidence();
    }
    what_if.add(record, in_force, changed);
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
