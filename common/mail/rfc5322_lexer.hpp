/// Rfc5322Lexer: the lexical tokens of structured header fields, obsolete forms included.
///
/// Source: RFC 5322 sections 3.2 and 4.1; RFC 6532 (octets above 127 count as atext, ctext, qtext and dtext;
/// whether they are UTF-8 is for the caller to ask where it matters). A NUL, a CR or LF that is not part of a
/// fold, a comment, quoted string or domain literal without its end, and comments nested deeper than 100 are
/// malformed. Nothing here recurses, and no octet is looked at more than a fixed number of times.
/// Thread-safety: one thread for each lexer. The text must outlive it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace defender::mail {

/// RFC 5322 3.2.3, and octets above 127.
[[nodiscard]] bool is_atext(char c) noexcept;

enum class Cfws { absent, present, malformed };

struct Token {
    enum class Kind {
        atom,
        quoted,   ///< text is the string's content: unfolded, pairs resolved
        literal,  ///< a domain literal; text has its brackets
        special,  ///< one of < > @ , : ; . and text is that character
        end,
        malformed,  ///< text says why
    };
    Kind kind = Kind::end;
    std::string text;

    [[nodiscard]] bool is_special(char c) const noexcept {
        return kind == Kind::special && text.front() == c;
    }
    [[nodiscard]] bool is_word() const noexcept { return kind == Kind::atom || kind == Kind::quoted; }
};

class Rfc5322Lexer {
  public:
    explicit Rfc5322Lexer(std::string_view text) noexcept : text_(text) {}

    /// The next token, comments and folding white space before it skipped. After `end` or `malformed` the
    /// same again.
    [[nodiscard]] Token next();

    /// Skips comments and folding white space. Where they are malformed the lexer stands before what is
    /// wrong.
    Cfws skip_cfws();
    /// The content of the quoted string that starts here; nothing, and no step forward, where none does.
    [[nodiscard]] std::optional<std::string> quoted_string();

    [[nodiscard]] bool at_end() const noexcept { return at_ == text_.size(); }
    /// The next octet; NUL at the end.
    [[nodiscard]] char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }
    /// Steps over `c` where it is next.
    bool take(char c) noexcept;
    /// The longest run of octets that satisfy `wanted`; perhaps empty.
    template <typename Predicate>
    std::string_view take_while(Predicate wanted) {
        const std::size_t begin = at_;
        while (!at_end() && wanted(text_[at_])) ++at_;
        return text_.substr(begin, at_ - begin);
    }
    [[nodiscard]] std::size_t position() const noexcept { return at_; }
    /// What was read since `position`.
    [[nodiscard]] std::string_view since(std::size_t position) const noexcept {
        return text_.substr(position, at_ - position);
    }

  private:
    [[nodiscard]] std::optional<std::size_t> fold_end(std::size_t at) const noexcept;
    bool skip_comment() noexcept;
    [[nodiscard]] std::optional<std::string> domain_literal();

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace defender::mail
