#include "common/store/report_store.hpp"

#include <array>

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
