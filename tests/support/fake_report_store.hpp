/// A ReportStore that has the rows of one report and nothing else; every other function fails the test.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/store/report_store.hpp"

namespace defender::test {

class FakeReportStore : public store::ReportStore {
  public:
    std::vector<store::ReportRow> report_rows;
    /// Where set, rows come from here, one for each number from 0, instead of from `report_rows`.
    std::function<store::ReportRow(std::uint64_t)> generator;
    std::uint64_t generated = 0;
    std::optional<Error> rows_error;  ///< given after the rows

    Status rows(std::int64_t, const std::function<bool(const store::ReportRow&)>& handler) override {
        for (const auto& row : report_rows) {
            if (!handler(row)) return Done{};
        }
        for (std::uint64_t number = 0; generator && number < generated; ++number) {
            if (!handler(generator(number))) return Done{};
        }
        if (rows_error) return *rows_error;
        return Done{};
    }

    Result<std::uint64_t> fold(std::uint64_t) override { return not_expected("fold"); }
    Result<std::vector<store::Report>> open_reports(std::optional<UtcDay>, const std::string&) override {
        return not_expected("open_reports");
    }
    Result<std::vector<store::Report>> begin_closing(UtcSeconds, std::int64_t, std::int64_t,
                                                     const store::Lease&, std::uint64_t) override {
        return not_expected("begin_closing");
    }
    Result<std::optional<store::Report>> begin_close_of(std::int64_t, const store::Lease&) override {
        return not_expected("begin_close_of");
    }
    Result<std::vector<std::int64_t>> finish_closing(const std::vector<store::ClosedReport>&,
                                                     const store::Lease&) override {
        return not_expected("finish_closing");
    }
    Result<std::optional<UtcSeconds>> next_due(std::int64_t, std::int64_t) override {
        return not_expected("next_due");
    }
    Status add(const store::NewDocument&) override { return not_expected("add"); }
    Result<std::optional<store::Document>> document(std::int64_t) override {
        return not_expected("document");
    }
    Result<std::vector<store::Delivery>> claim(UtcSeconds, const store::Lease&, std::uint64_t) override {
        return not_expected("claim");
    }
    Result<bool> advance(const store::Delivery&, const store::Lease&) override {
        return not_expected("advance");
    }
    Result<bool> advance_and_add(const store::Delivery&, const store::Lease&,
                                 const std::vector<store::Delivery>&) override {
        return not_expected("advance_and_add");
    }
    Result<std::vector<store::DeliveryListing>> list(const store::DeliveryFilter&) override {
        return not_expected("list");
    }
    Result<std::vector<store::DeliveryStep>> history(std::int64_t) override {
        return not_expected("history");
    }
    Result<bool> resend(std::int64_t, UtcSeconds) override { return not_expected("resend"); }
    Result<std::uint64_t> sent_since(UtcSeconds) override { return not_expected("sent_since"); }
    Status suppress(const store::Suppression&) override { return not_expected("suppress"); }
    Result<bool> lift_suppression(const std::string&) override { return not_expected("lift_suppression"); }
    Result<std::optional<store::Suppression>> suppression(const std::string&) override {
        return not_expected("suppression");
    }
    Result<std::vector<store::Suppression>> suppressions() override { return not_expected("suppressions"); }
    Result<std::uint64_t> expire_documents(UtcSeconds) override { return not_expected("expire_documents"); }
    Result<store::OutboxCounts> counts() override { return not_expected("counts"); }

  private:
    static Error not_expected(const std::string& function) {
        ADD_FAILURE() << "ReportStore::" << function << " was called";
        return Error{function + " is not faked"};
    }
};

}  // namespace defender::test
