#include "ctl/judging_again.hpp"

#include <algorithm>
#include <future>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "common/store/evidence_json.hpp"

namespace defender::ctl {
namespace {

/// Records that are in memory at a time, shared out among the processors.
constexpr std::size_t batch_records = 1024;

/// What came of one record; neither judgement where it could not be judged.
struct Judged {
    std::optional<Error> unreadable;
    std::optional<auth::Judgement> in_force;
    std::optional<auth::Judgement> changed;
};

/// Of a client that was exempt when it sent the message nothing was asked, so that its message cannot be
/// judged now.
bool nothing_was_collected(const store::StoredRecord& record) {
    return record.exemption != to_string(auth::Exemption::no);
}

bool is_judged(const auth::Judgement& judgement) {
    return judgement.exemption == auth::Exemption::no;
}

Judged judge_twice(const store::StoredRecord& record, const TwoSettings& settings) {
    if (!record.error.empty()) return {};
    const auto evidence = store::evidence_from_json(record.evidence);
    if (!evidence) return {evidence.error(), std::nullopt, std::nullopt};
    auto in_force = auth::judge(*evidence, settings.in_force);
    auto changed = auth::judge(*evidence, settings.changed);
    if (nothing_was_collected(record) && (is_judged(in_force) || is_judged(changed))) return {};
    return {std::nullopt, std::move(in_force), std::move(changed)};
}

void add(const store::StoredRecord& record, const Judged& judged, WhatIf& what_if) {
    if (judged.unreadable) return what_if.add_unreadable(record, *judged.unreadable);
    if (!judged.in_force) return what_if.add_without_evidence();
    what_if.add(record, *judged.in_force, *judged.changed);
}

/// One after the other, in the order of the records.
std::vector<Judged> judge_part(std::span<const store::StoredRecord> records, const TwoSettings& settings) {
    std::vector<Judged> judged;
    judged.reserve(records.size());
    for (const auto& record : records) judged.push_back(judge_twice(record, settings));
    return judged;
}

/// By all processors; adds in the order of the records.
void judge_batch(std::span<const store::StoredRecord> records, const TwoSettings& settings, WhatIf& what_if) {
    const std::size_t parts = std::max(1U, std::thread::hardware_concurrency());
    const auto each = (records.size() + parts - 1) / parts;
    std::vector<std::future<std::vector<Judged>>> judging;
    for (std::size_t at = 0; at < records.size(); at += each) {
        const auto part = records.subspan(at, std::min(each, records.size() - at));
        judging.push_back(
            std::async(std::launch::async, [part, &settings] { return judge_part(part, settings); }));
    }
    auto record = records.begin();
    for (auto& part : judging) {
        for (const auto& judged : part.get()) add(*record++, judged, what_if);
    }
}

}  // namespace

void judge_again(const store::StoredRecord& record, const TwoSettings& settings, WhatIf& what_if) {
    add(record, judge_twice(record, settings), what_if);
}

Status judge_all_again(store::RecordScan& records, UtcSeconds since, const TwoSettings& settings,
                       WhatIf& what_if, const std::function<void(std::uint64_t done)>& progress) {
    std::uint64_t done = 0;
    std::vector<store::StoredRecord> batch;
    const auto judge_those = [&] {
        judge_batch(batch, settings, what_if);
        done += batch.size();
        batch.clear();
        progress(done);
    };
    const auto scanned = records.scan(since, [&](store::StoredRecord&& record) {
        batch.push_back(std::move(record));
        if (batch.size() == batch_records) judge_those();
    });
    if (scanned) judge_those();
    return scanned;
}

}  // namespace defender::ctl
