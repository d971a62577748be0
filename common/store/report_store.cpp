#include "common/store/report_store.hpp"

#include <array>
#include <utility>

namespace defender::store {
namespace {

using enum DeliveryState;
constexpr std::array delivery_states{made, verified, sending, sent, retry, given_up, skipped};
constexpr std::array document_kinds{DocumentKind::aggregate, DocumentKind::size_notice,
                                    DocumentKind::failure};

template <typename Values>
std::optional<typename Values::value_type> named(const Values& values, std::string_view name) noexcept {
    for (const auto value : values) {
        if (to_string(value) == name) return value;
    }
    return std::nullopt;
}

}  // namespace

Result<std::optional<Report>> ReportStore::begin_close(UtcSeconds now, std::int64_t delay_seconds,
                                                       std::int64_t spread_seconds, const Lease& lease) {
    return first_of(begin_closing(now, delay_seconds, spread_seconds, lease, 1));
}

Result<bool> ReportStore::finish_close(std::int64_t report, const Lease& lease,
                                       const std::vector<NewDocument>& documents) {
    const auto closed = finish_closing({{report, documents}}, lease);
    if (!closed) return closed.error();
    return !closed->empty();
}

Result<std::optional<Report>> first_of(Result<std::vector<Report>> reports) {
    if (!reports) return reports.error();
    if (reports->empty()) return std::optional<Report>();
    return std::optional<Report>(std::move(reports.value().front()));
}

std::string_view to_string(DeliveryState state) noexcept {
    switch (state) {
        case made:
            return "made";
        case verified:
            return "verified";
        case sending:
            return "sending";
        case sent:
            return "sent";
        case retry:
            return "retry";
        case given_up:
            return "given_up";
        case skipped:
            return "skipped";
    }
    return "?";
}

std::string_view to_string(DocumentKind kind) noexcept {
    switch (kind) {
        case DocumentKind::aggregate:
            return "aggregate";
        case DocumentKind::size_notice:
            return "size_notice";
        case DocumentKind::failure:
            return "failure";
    }
    return "?";
}

std::optional<DeliveryState> delivery_state_from(std::string_view name) noexcept {
    return named(delivery_states, name);
}

std::optional<DocumentKind> document_kind_from(std::string_view name) noexcept {
    return named(document_kinds, name);
}

bool at_its_end(DeliveryState state) noexcept {
    return state == sent || state == given_up || state == skipped;
}

}  // namespace defender::store
