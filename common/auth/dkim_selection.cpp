#include "common/auth/dkim_selection.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "common/auth/bare_line_ends.hpp"
#include "common/base/text.hpp"

namespace defender::auth {
namespace {

bool has_bare_line_end(std::string_view value) {
    BareLineEnds found;
    found.add(value);
    return found.has_cr() || found.has_lf();
}

bool is_hashable(const mail::HeaderField& field) {
    static constexpr text::OctetSet misread(std::string_view("\0\v\f", 3));
    const auto is_misread = [](char c) { return misread.contains(c); };
    return std::all_of(field.name.begin(), field.name.end(), text::is_printable) &&
           std::none_of(field.value.begin(), field.value.end(), is_misread) &&
           !has_bare_line_end(field.value);
}

/// How many fields of a name the signature that covers most of them comes to, from the bottom up.
using NameCounts = std::unordered_map<std::string_view, std::size_t>;

NameCounts count_names(std::span<const DkimSignature* const> chosen) {
    NameCounts most;
    for (const auto* signature : chosen) {
        NameCounts counts;
        for (const auto& name : signature->signed_fields) ++counts[name];
        for (const auto& [name, count] : counts) most[name] = std::max(most[name], count);
    }
    // A signature passes over its own field, and so may come to one more.
    if (const auto signatures = most.find("dkim-signature"); signatures != most.end()) ++signatures->second;
    return most;
}

bool are_hashable(const SignedHeader& header, std::string_view name, std::size_t count) {
    const auto positions = header.positions(name);
    const auto looked_at = positions.first(std::min(count, positions.size()));
    return std::all_of(looked_at.begin(), looked_at.end(),
                       [&](std::size_t at) { return is_hashable(header.fields()[at]); });
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

std::vector<bool> which_are_hashable(const SignedHeader& header,
                                     std::span<const DkimSignature* const> chosen) {
    std::unordered_map<std::string_view, bool> by_name;
    for (const auto& [name, count] : count_names(chosen)) by_name[name] = are_hashable(header, name, count);
    std::vector<bool> hashable;
    for (const auto* signature : chosen) {
        const auto& names = signature->signed_fields;
        hashable.push_back(
            std::all_of(names.begin(), names.end(), [&](const auto& name) { return by_name.at(name); }));
    }
    return hashable;
}

}  // namespace defender::auth
