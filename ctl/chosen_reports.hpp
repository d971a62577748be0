/// ChosenReports: a ReportStore in which only the reports of a day or policy domain are there to be closed.
///
/// begin_closing() takes those that the operator chose, due or not as long as their day is over; all else is
/// the store beneath. Not thread-safe, as the store beneath.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "common/store/report_store.hpp"

namespace defender::ctl {

class ChosenReports final : public store::ReportStore {
  public:
    /// Nothing and empty choose all days and all policy domains. The store beneath outlives the object.
    ChosenReports(store::ReportStore& store, std::optional<UtcDay> day, std::string policy_domain)
        : store_(store), day_(day), policy_domain_(std::move(policy_domain)) {}

    /// Neither delay nor spread nor what another left half done counts here.
    Result<std::vector<store::Report>> begin_closing(UtcSeconds now, std::int64_t delay_seconds,
                                                     std::int64_t spread_seconds, const store::Lease& lease,
                                                     std::uint64_t most) override;

    Result<std::uint64_t> fold(std::uint64_t limit) override { return store_.fold(limit); }
    Result<std::vector<store::Report>> open_reports(std::optional<UtcDay> day,
                                                    const std::string& policy_domain) override {
        return store_.open_reports(day, policy_domain);
    }
    Result<std::optional<store::Report>> begin_close_of(std::int64_t report,
                                                        const store::Lease& lease) override {
        return store_.begin_close_of(report, lease);
    }
    Status rows(std::int64_t report, const std::function<bool(const store::ReportRow&)>& handler) override {
        return store_.rows(report, handler);
    }
    Result<std::vector<std::int64_t>> finish_closing(const std::vector<store::ClosedReport>& reports,
                                                     const store::Lease& lease) override {
        return store_.finish_closing(reports, lease);
    }
    Result<std::optional<UtcSeconds>> next_due(std::int64_t delay_seconds,
                                               std::int64_t spread_seconds) override {
        return store_.next_due(delay_seconds, spread_seconds);
    }
    Status add(const store::NewDocument& document) override { return store_.add(document); }
    Result<std::optional<store::Document>> document(std::int64_t id) override { return store_.document(id); }
    Result<std::vector<store::Delivery>> claim(UtcSeconds now, const store::Lease& lease,
                                               std::uint64_t limit) override {
        return store_.claim(now, lease, limit);
    }
    Result<bool> advance(const store::Delivery& delivery, const store::Lease& lease) override {
        return store_.advance(delivery, lease);
    }
    Result<bool> advance_and_add(const store::Delivery& delivery, const store::Lease& lease,
                                 const std::vector<store::Delivery>& others) override {
        return store_.advance_and_add(delivery, lease, others);
    }
    Result<std::vector<store::DeliveryListing>> list(const store::DeliveryFilter& filter) override {
        return store_.list(filter);
    }
    Result<std::vector<store::DeliveryStep>> history(std::int64_t delivery) override {
        return store_.history(delivery);
    }
    Result<bool> resend(std::int64_t delivery, UtcSeconds now) override {
        return store_.resend(delivery, now);
    }
    Result<std::uint64_t> sent_since(UtcSeconds since) override { return store_.sent_since(since); }
    Status suppress(const store::Suppression& suppression) override { return store_.suppress(suppression); }
    Result<bool> lift_suppression(const std::string& destination) override {
        return store_.lift_suppression(destination);
    }
    Result<std::optional<store::Suppression>> suppression(const std::string& destination) override {
        return store_.suppression(destination);
    }
    Result<std::vector<store::Suppression>> suppressions() override { return store_.suppressions(); }
    Result<std::uint64_t> expire_documents(UtcSeconds before) override {
        return store_.expire_documents(before);
    }
    Result<store::OutboxCounts> counts() override { return store_.counts(); }

  private:
    store::ReportStore& store_;
    std::optional<UtcDay> day_;
    std::string policy_domain_;
    std::optional<std::deque<std::int64_t>> left_;  ///< reports that were chosen; nothing: not looked yet
};

}  // namespace defender::ctl
