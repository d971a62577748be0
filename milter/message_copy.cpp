#include "milter/message_copy.hpp"

#include <algorithm>

namespace defender::milter {
namespace {

// What a failure report carries of a message at most: enough to tell what was wrong with it, in a mail of
// modest size.
constexpr std::size_t max_header_octets = 65536;
constexpr std::size_t max_body_octets = 262144;

}  // namespace

MessageCopy::MessageCopy(const config::Settings& settings)
    : keeps_header_(settings.report.enabled && settings.failure.enabled),
      keeps_body_(keeps_header_ && settings.failure.body) {}

void MessageCopy::header(const mail::HeaderField& field) {
    // Whole fields only: half of one would be another field.
    if (!keeps_header_ || header_.size() + field.name.size() + field.value.size() > max_header_octets) return;
    header_ += field.name + ":" + field.value + "\r\n";
}

bool MessageCopy::wants_body() const noexcept {
    return keeps_body_ && body_.size() < max_body_octets;
}

void MessageCopy::body(std::span<const char> octets) {
    if (!wants_body()) return;
    body_.append(octets.data(), std::min(octets.size(), max_body_octets - body_.size()));
}

}  // namespace defender::milter
