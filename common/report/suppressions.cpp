#include "common/report/suppressions.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace defender::report {
namespace {

constexpr std::chrono::hours first_suppression{24};
constexpr std::chrono::hours longest_suppression{24 * 30};

}  // namespace

std::vector<std::string> destinations_of(std::string_view address) {
    std::vector<std::string> destinations{text::to_lower(address)};
    const auto at = address.rfind('@');
    if (at == std::string_view::npos) return destinations;
    auto domain = text::to_lower(address.substr(at + 1));
    while (!domain.empty()) {
        destinations.push_back(domain);
        const auto dot = domain.find('.');
        domain.erase(0, dot == std::string::npos ? dot : dot + 1);
    }
    return destinations;
}

Result<std::optional<std::string>> reason_not_to_send(store::ReportStore& store,
                                                      const std::vector<std::string>& never_send,
                                                      std::string_view address, UtcSeconds now) {
    const auto destinations = destinations_of(address);
    for (const auto& destination : destinations) {
        if (std::find(never_send.begin(), never_send.end(), destination) != never_send.end()) {
            return std::optional("report.never_send has " + destination);
        }
    }
    for (const auto& destination : destinations) {
        auto found = store.suppression(destination);
        if (!found) return found.error();
        if (!*found || (*found)->until <= now) continue;
        return std::optional(destination + " is suppressed until " + to_rfc3339((*found)->until) + ": " +
                             (*found)->reason);
    }
    return std::optional<std::string>();
}

std::chrono::hours suppression_after(unsigned strikes) {
    auto length = first_suppression;
    for (unsigned n = 1; n < strikes && length < longest_suppression; ++n) length *= 2;
    return std::min(length, longest_suppression);
}

Status suppress_for_a_time(store::ReportStore& store, std::string_view address, UtcSeconds now,
                           const std::string& reason) {
    const auto before = store.suppression(text::to_lower(address));
    if (!before) return before.error();
    const unsigned strikes = (*before ? (*before)->strikes : 0) + 1;
    const auto length = std::chrono::seconds(suppression_after(strikes)).count();
    return store.suppress({text::to_lower(address), now + length, strikes, reason});
}

Status forget_strikes(store::ReportStore& store, std::string_view address) {
    const auto destination = text::to_lower(address);
    const auto found = store.suppression(destination);
    if (!found) return found.error();
    if (!*found || (*found)->strikes == 0) return Done{};
    const auto lifted = store.lift_suppression(destination);
    if (!lifted) return lifted.error();
    return Done{};
}

}  // namespace defender::report
