#include "common/report/document_maker.hpp"

#include <algorithm>
#include <chrono>
#include <exception>

#include "common/auth/dmarc_record.hpp"
#include "common/report/deliveries.hpp"
#include "common/report/report_documents.hpp"

namespace defender::report {
namespace {

/// Of a group: so many reports are written by one transaction, which takes some milliseconds.
constexpr std::size_t reports_at_once = 100;
/// Octets of files after which a group is handed over.
constexpr std::size_t octets_at_once = std::size_t{4} * 1024 * 1024;
/// Groups that wait to be taken.
constexpr std::size_t most_groups = 4;

/// Deliveries to addresses that get the same schema.
struct SchemaGroup {
    config::ReportSchema schema{};
    std::vector<store::Delivery> deliveries;
};

std::vector<SchemaGroup> by_schema(std::vector<store::Delivery> deliveries,
                                   const config::ReportSettings& settings) {
    std::vector<SchemaGroup> groups;
    std::vector<store::Delivery> skipped;
    for (auto& delivery : deliveries) {
        if (delivery.state == store::DeliveryState::skipped) {
            skipped.push_back(std::move(delivery));
            continue;
        }
        const auto schema = schema_for(delivery.address, settings);
        auto group = std::find_if(groups.begin(), groups.end(),
                                  [schema](const auto& each) { return each.schema == schema; });
        if (group == groups.end()) group = groups.insert(groups.end(), {schema, {}});
        group->deliveries.push_back(std::move(delivery));
    }
    // What is not sent at all is listed with what is.
    if (groups.empty() && !skipped.empty()) groups.push_back({settings.schema, {}});
    for (auto& delivery : skipped) groups.front().deliveries.push_back(std::move(delivery));
    return groups;
}

}  // namespace

DocumentMaker::DocumentMaker(store::ReportStore& reader, const config::Settings& settings)
    : reader_(reader), settings_(settings), thread_([this] { run(); }) {}

DocumentMaker::~DocumentMaker() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void DocumentMaker::add(std::vector<store::Report> reports, const store::Lease& lease, UtcSeconds now) {
    {
        const std::lock_guard lock(mutex_);
        waiting_ += reports.size();
        batches_.push_back({std::move(reports), lease, now});
    }
    changed_.notify_all();
}

std::size_t DocumentMaker::waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
}

std::optional<Closing> DocumentMaker::take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !made_.empty() || (batches_.empty() && !working_); });
    if (made_.empty()) return std::nullopt;
    auto closing = std::move(made_.front());
    made_.pop_front();
    lock.unlock();
    changed_.notify_all();
    return closing;
}

void DocumentMaker::run() {
    while (auto batch = next_batch()) {
        Closing closing;
        closing.lease = batch->lease;
        for (auto& report : batch->reports) {
            if (!begin_report()) return;
            make(std::move(report), batch->now, closing);
            const auto reports = closing.reports.size() + closing.failed.size();
            if (reports < reports_at_once && closing.octets < octets_at_once) continue;
            hand_over(closing);
        }
        hand_over(closing);
    }
}

/// Waits for one; nothing at the end.
std::optional<DocumentMaker::Batch> DocumentMaker::next_batch() {
    std::unique_lock lock(mutex_);
    working_ = false;
    changed_.notify_all();
    changed_.wait(lock, [this] { return ended_ || !batches_.empty(); });
    if (ended_) return std::nullopt;
    auto batch = std::move(batches_.front());
    batches_.pop_front();
    working_ = true;
    return batch;
}

bool DocumentMaker::begin_report() {
    const std::lock_guard lock(mutex_);
    --waiting_;
    return !ended_;
}

void DocumentMaker::make(store::Report report, UtcSeconds now, Closing& closing) {
    auto documents = caught_documents_of(report, now);
    if (!documents) return void(closing.failed.emplace_back(std::move(report), documents.error()));
    for (const auto& each : *documents) closing.octets += each.document.content.size();
    closing.made.push_back({report.id, std::move(documents).value()});
    closing.reports.push_back(std::move(report));
}

/// Leaves one of the same lease, with nothing in it.
void DocumentMaker::hand_over(Closing& closing) {
    if (closing.reports.empty() && closing.failed.empty()) return;
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ended_ || made_.size() < most_groups; });
        made_.push_back(std::exchange(closing, {closing.lease, {}, {}, {}, 0}));
    }
    changed_.notify_all();
}

/// Nobody else would catch in this thread what is thrown where there is no memory.
Result<std::vector<store::NewDocument>> DocumentMaker::caught_documents_of(const store::Report& report,
                                                                           UtcSeconds now) {
    try {
        return documents_of(report, now);
    } catch (const std::exception& problem) {
        return Error{problem.what()};
    }
}

Result<std::vector<store::NewDocument>> DocumentMaker::documents_of(const store::Report& report,
                                                                    UtcSeconds now) {
    std::vector<store::NewDocument> made;
    const auto policy = auth::parse_dmarc_record(report.policy_record);
    const bool too_old = now - report.day.end() > std::chrono::seconds(oldest_report).count();
    if (!policy || too_old || report.messages < settings_.report.min_messages) return made;
    for (const auto& group : by_schema(deliveries_to(policy->aggregate_uris, now), settings_.report)) {
        auto documents =
            make_documents(reader_, report, settings_.report, group.schema, settings_.dmarc.standard);
        if (!documents) return documents.error();
        for (auto& document : *documents) {
            document.made_at = now;
            made.push_back({std::move(document), group.deliveries});
        }
    }
    return made;
}

}  // namespace defender::report
