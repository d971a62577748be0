#include "common/base/domain_name.hpp"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "common/base/text.hpp"

namespace defender {
namespace {

constexpr std::size_t max_name_octets = 253;
constexpr std::size_t max_label_octets = 63;
// Longest UTF-8 text that can become 253 octets of A-labels; more is refused before libidn2 sees it.
constexpr std::size_t max_input_octets = 1024;

constexpr text::OctetSet label_octets([](char c) { return text::is_alnum(c) || c == '-' || c == '_'; });

/// Of octets that all are a label's.
bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= max_label_octets && label.front() != '-' && label.back() != '-';
}

bool is_domain(std::string_view name) {
    if (name.empty() || name.size() > max_name_octets) return false;
    std::size_t label = 0;  // where the label begins
    for (std::size_t at = 0; at < name.size(); ++at) {
        if (label_octets.contains(name[at])) continue;
        if (name[at] != '.' || !is_label(name.substr(label, at - label))) return false;
        label = at + 1;
    }
    const auto top = name.substr(label);
    return is_label(top) && !std::all_of(top.begin(), top.end(), text::is_digit);
}

std::optional<std::string> to_a_labels(std::string_view name) {
    if (name.size() > max_input_octets || name.find('\0') != std::string_view::npos) return std::nullopt;
    char* output = nullptr;
    const int code =
        idn2_to_ascii_8z(std::string(name).c_str(), &output, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    const std::unique_ptr<char, decltype(&idn2_free)> owned(output, &idn2_free);
    if (code != IDN2_OK || !output) return std::nullopt;
    return std::string(output);
}

}  // namespace

std::optional<DomainName> DomainName::parse(std::string_view input) {
    std::string name(input);
    const bool ascii =
        std::all_of(input.begin(), input.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!ascii) {
        auto converted = to_a_labels(input);
        if (!converted) return std::nullopt;
        name = std::move(*converted);
    }
    // Only now: the dot may have come from an ideographic full stop (RFC 5891 leaves the mapping to UTS 46).
    if (name.ends_with('.')) name.pop_back();
    if (!is_domain(name)) return std::nullopt;
    text::lower(name);
    return DomainName(std::move(name));
}

std::size_t DomainName::label_count() const noexcept {
    return static_cast<std::size_t>(std::count(text_.begin(), text_.end(), '.')) + 1;
}

std::optional<DomainName> DomainName::parent() const {
    const auto dot = text_.find('.');
    if (dot == std::string::npos) return std::nullopt;
    return DomainName(text_.substr(dot + 1));
}

bool DomainName::is_within(const DomainName& ancestor) const noexcept {
    const auto& top = ancestor.text_;
    if (text_.size() == top.size()) return text_ == top;
    return text_.size() > top.size() && text_.ends_with(top) && text_[text_.size() - top.size() - 1] == '.';
}

}  // namespace defender
