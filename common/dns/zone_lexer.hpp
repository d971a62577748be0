/// ZoneLexer: the words of a master file, entry by entry (RFC 1035 section 5.1).
///
/// An entry ends with its line, except inside parentheses. Comments go from ';' to the end of the line. "\X"
/// is X without a meaning of its own, "\DDD" the octet of that decimal number. Pure; not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace defender::dns {

struct ZoneWord {
    std::string text;  ///< escapes resolved
    bool quoted = false;
    bool escaped = false;      ///< an escape was in it
    bool escaped_dot = false;  ///< one of them was a dot, which separates no labels
};

struct ZoneEntry {
    std::size_t line = 0;   ///< where it begins, from 1
    bool indented = false;  ///< it begins with a blank: the owner is that of the entry before
    std::vector<ZoneWord> words;
};

class ZoneLexer {
  public:
    explicit ZoneLexer(std::string_view text) : text_(text) {}

    /// The next entry that has words; no words at the end of the text. An error names the line.
    [[nodiscard]] Result<ZoneEntry> next();

  private:
    [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
    [[nodiscard]] Status read_entry(ZoneEntry& entry);
    [[nodiscard]] Status read_word(ZoneEntry& entry);
    [[nodiscard]] Status read_quoted(ZoneEntry& entry);
    [[nodiscard]] Status read_escape(ZoneWord& word);
    void skip_comment();
    [[nodiscard]] Error error(const std::string& what) const;

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
};

}  // namespace defender::dns
