#include "common/auth/dkim_selection.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/text.hpp"

namespace defender::auth {
namespace {

/// What is known of one field name while the header is walked.
struct NameUse {
    std::size_t wanted = 0;  ///< how often the h= that lists it most often lists it
    std::size_t taken = 0;
    bool hashable = true;
};
using NameUses = std::unordered_map<std::string, NameUse>;

bool has_bare_line_end(std::string_view value) {
    for (std::size_t at = 0; at < value.size(); ++at) {
        if (value[at] == '\n') return true;
        if (value[at] != '\r') continue;
        if (at + 1 >= value.size() || value[at + 1] != '\n') return true;
        ++at;
    }
    return false;
}

bool is_hashable(const mail::HeaderField& field) {
    constexpr std::string_view misread("\0\v\f", 3);
    const bool plain_name = std::all_of(field.name.begin(), field.name.end(), text::is_printable);
    return plain_name && field.value.find_first_of(misread) == std::string::npos &&
           !has_bare_line_end(field.value);
}

std::string name_of(const mail::HeaderField& field) {
    return text::to_lower(text::trim(field.name));
}

NameUses count_names(std::span<const PlacedSignature> chosen) {
    NameUses uses;
    for (const auto& placed : chosen) {
        std::unordered_map<std::string, std::size_t> counts;
        for (const auto& name : placed.signature->signed_fields) ++counts[name];
        for (const auto& [name, count] : counts) uses[name].wanted = std::max(uses[name].wanted, count);
    }
    return uses;
}

/// Takes the field if a signature can cover it.
bool take(NameUses& uses, const mail::HeaderField& field) {
    const auto use = uses.find(name_of(field));
    if (use == uses.end() || use->second.taken == use->second.wanted) return false;
    ++use->second.taken;
    use->second.hashable = use->second.hashable && is_hashable(field);
    return true;
}

bool covers_only_hashable(const DkimSignature& signature, const NameUses& uses) {
    return std::all_of(signature.signed_fields.begin(), signature.signed_fields.end(),
                       [&](const auto& name) { return uses.at(name).hashable; });
}

}  // namespace

std::vector<bool> choose_signatures(const std::vector<bool>& aligned, std::size_t max) {
    std::vector<bool> chosen(aligned.size(), false);
    std::size_t left = max;
    for (const bool wanted : {true, false}) {
        for (std::size_t at = 0; at < aligned.size() && left > 0; ++at) {
            if (aligned[at] != wanted) continue;
            chosen[at] = true;
            --left;
        }
    }
    return chosen;
}

SelectedFields select_fields(const mail::HeaderFields& header, std::span<const PlacedSignature> chosen) {
    NameUses uses = count_names(chosen);
    std::vector<bool> selected(header.size(), false);
    for (std::size_t at = header.size(); at-- > 0;) selected[at] = take(uses, header[at]);
    for (const auto& placed : chosen) selected[placed.position] = true;

    SelectedFields fields;
    for (std::size_t at = 0; at < header.size(); ++at) {
        if (selected[at]) fields.positions.push_back(at);
    }
    for (const auto& placed : chosen)
        fields.hashable.push_back(covers_only_hashable(*placed.signature, uses));
    return fields;
}

}  // namespace defender::auth
