/// TagList: the "tag=value; tag=value" lists of DKIM-Signature fields and DKIM key records.
///
/// Source: RFC 6376 section 3.2, with values widened to octets above 0x7f (RFC 8616 section 4). A name is a
/// letter followed by letters, digits and underscores, case-sensitive. Folding white space is allowed around
/// names and values; inside a value it stays and remove_white_space() takes it out where the tag's own syntax
/// says so. One empty tag at the end (a closing semicolon) is allowed, an empty one elsewhere is not. A name
/// that occurs twice makes the whole list invalid, as does a control octet other than tab and folds.
/// Bounded: at most 64 KiB of text and 100 tags. Thread-safety: a plain value; it points into the text that
/// was parsed and must not outlive it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace defender::auth {

struct Tag {
    std::string_view name;
    std::string_view value;            ///< without white space at both ends; may be empty
    bool blank_before_equals = false;  ///< "b =" rather than "b="
};

class TagList {
  public:
    /// The error says what is wrong, for a log; parts of the text in it are printable.
    [[nodiscard]] static Result<TagList> parse(std::string_view text);

    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
    [[nodiscard]] const std::vector<Tag>& tags() const noexcept { return tags_; }

  private:
    std::vector<Tag> tags_;
};

/// Without spaces, tabs, CR and LF anywhere.
[[nodiscard]] std::string remove_white_space(std::string_view s);

/// A colon-separated list: pieces without white space at both ends; empty pieces are kept.
[[nodiscard]] std::vector<std::string_view> colon_list(std::string_view value);

}  // namespace defender::auth
