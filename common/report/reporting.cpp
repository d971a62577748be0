#include "common/report/reporting.hpp"

#include <algorithm>
#include <utility>

#include "common/auth/dmarc_record.hpp"
#include "common/base/domain_name.hpp"
#include "common/log/log.hpp"
#include "common/report/deliveries.hpp"
#include "common/report/report_documents.hpp"

namespace defender::report {
namespace {

/// Reports that are closed by one step, which takes some milliseconds.
constexpr std::uint64_t closed_at_once = 50;
/// Octets of files that are held until they are written.
constexpr std::size_t octets_at_once = std::size_t{4} * 1024 * 1024;

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

config::ReportSchema schema_for(std::string_view address, const config::ReportSettings& settings) {
    const auto at = address.rfind('@');
    const auto domain =
        at == std::string_view::npos ? std::nullopt : DomainName::parse(address.substr(at + 1));
    for (const auto& destination : settings.destinations) {
        if (domain && domain->is_within(destination.domain)) return destination.schema;
    }
    return settings.schema;
}

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
    const auto began = std::chrono::steady_clock::now();
    const auto& settings = settings_.report;
    while (!stop()) {
        const auto held = std::chrono::steady_clock::now() - began + lease_length;
        const store::Lease lease{owner_, now + std::chrono::ceil<std::chrono::seconds>(held).count()};
        const auto reports = parts_.store.begin_closing(now, settings.delay.count(), settings.spread.count(),
                                                        lease, closed_at_once);
        if (!reports) return reports.error();
        if (reports->empty()) return Done{};
        if (auto done = close(*reports, now, lease); !done) return done;
    }
    return Done{};
}

/// Makes the documents of each; those that are held are written before they grow large.
Status Reporting::close(const std::vector<store::Report>& reports, UtcSeconds now,
                        const store::Lease& lease) {
    Closing closing;
    for (const auto& report : reports) {
        auto documents = documents_of(report, now);
        if (!documents) {
            note_failure(report, documents.error());
            continue;
        }
        for (const auto& each : *documents) closing.octets += each.document.content.size();
        closing.made.push_back({report.id, std::move(documents).value()});
        closing.reports.push_back(report);
        if (closing.octets < octets_at_once) continue;
        if (auto done = finish(std::exchange(closing, {}), lease); !done) return done;
    }
    return finish(closing, lease);
}

Status Reporting::finish(const Closing& closing, const store::Lease& lease) {
    if (closing.made.empty()) return Done{};
    auto closed = parts_.store.finish_closing(closing.made, lease);
    // Where the store is well, it lies with one of them, which is to hold up no other.
    if (!closed && closed.error().kind == ErrorKind::other) closed = finish_each(closing, lease);
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
Result<std::vector<std::int64_t>> Reporting::finish_each(const Closing& closing, const store::Lease& lease) {
    std::vector<std::int64_t> all;
    for (std::size_t i = 0; i < closing.made.size(); ++i) {
        const auto closed = parts_.store.finish_closing({closing.made[i]}, lease);
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

Result<std::vector<store::NewDocument>> Reporting::documents_of(const store::Report& report, UtcSeconds now) {
    std::vector<store::NewDocument> made;
    const auto policy = auth::parse_dmarc_record(report.policy_record);
    const bool too_old = now - report.day.end() > std::chrono::seconds(oldest_report).count();
    if (!policy || too_old || report.messages < settings_.report.min_messages) return made;
    for (const auto& group : by_schema(deliveries_to(policy->aggregate_uris, now), settings_.report)) {
        auto documents =
            make_documents(parts_.store, report, settings_.report, group.schema, settings_.dmarc.standard);
        if (!documents) return documents.error();
        for (auto& document : *documents) {
            document.made_at = now;
            made.push_back({std::move(document), group.deliveries});
        }
    }
    return made;
}

Status Reporting::deliver_due(UtcSeconds now, const std::function<bool()>& stop) {
    return outbox_.deliver_due(now, stop);
}

}  // namespace defender::report
