#include "common/auth/tag_list.hpp"

#include <algorithm>

#include "common/base/text.hpp"

namespace defender::auth {
namespace {

// No TXT record is longer (RFC 1035 section 3.2.1: a length of 16 bits), and none has so many tags.
constexpr std::size_t max_text_octets = 65536;
constexpr std::size_t max_tags = 100;

bool is_fold(std::string_view s, std::size_t at) {
    return s[at] == '\r' && at + 2 < s.size() && s[at + 1] == '\n' && text::is_blank(s[at + 2]);
}

/// True where every octet is printable, above 0x7f, a blank, or part of a fold.
bool has_only_list_octets(std::string_view s) {
    static constexpr text::OctetSet list_octets([](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return octet == '\t' || (octet >= 0x20 && octet != 0x7f);
    });
    for (std::size_t at = 0; at < s.size(); ++at) {
        if (list_octets.contains(s[at])) continue;
        if (!is_fold(s, at)) return false;
        at += 2;
    }
    return true;
}

bool is_tag_name(std::string_view name) {
    return !name.empty() && text::is_alpha(name.front()) &&
           std::all_of(name.begin(), name.end(), [](char c) { return text::is_alnum(c) || c == '_'; });
}

Result<Tag> parse_tag(std::string_view piece) {
    const auto equals = piece.find('=');
    if (equals == std::string_view::npos) return Error{"a tag without \"=\""};
    const auto before = piece.substr(0, equals);
    Tag tag;
    tag.name = text::trim(before);
    tag.value = text::trim(piece.substr(equals + 1));
    tag.blank_before_equals = !before.empty() && text::is_space(before.back());
    if (!is_tag_name(tag.name)) return Error{"\"" + text::printable(tag.name, 32) + "\" is no tag name"};
    return tag;
}

}  // namespace

Result<TagList> TagList::parse(std::string_view input) {
    if (input.size() > max_text_octets) return Error{"the tag list is longer than 65536 octets"};
    if (!has_only_list_octets(input)) return Error{"the tag list holds a control character"};
    TagList list;
    auto pieces = text::split(input, ';');
    if (pieces.size() > 1 && text::trim(pieces.back()).empty()) pieces.pop_back();
    if (pieces.size() > max_tags) return Error{"the tag list has more than 100 tags"};
    for (const auto piece : pieces) {
        const auto tag = parse_tag(piece);
        if (!tag) return tag.error();
        if (list.find(tag->name)) return Error{"tag " + text::printable(tag->name, 32) + "= occurs twice"};
        list.tags_.push_back(*tag);
    }
    return list;
}

std::optional<std::string_view> TagList::find(std::string_view name) const noexcept {
    const auto found =
        std::find_if(tags_.begin(), tags_.end(), [&](const Tag& tag) { return tag.name == name; });
    if (found == tags_.end()) return std::nullopt;
    return found->value;
}

std::string remove_white_space(std::string_view s) {
    std::string out(s);
    const auto is_space = [](char c) { return text::is_space(c); };
    out.erase(std::remove_if(out.begin(), out.end(), is_space), out.end());
    return out;
}

std::vector<std::string_view> colon_list(std::string_view value) {
    auto pieces = text::split(value, ':');
    for (auto& piece : pieces) piece = text::trim(piece);
    return pieces;
}

}  // namespace defender::auth
