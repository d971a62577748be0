#include "common/mail/rfc5322_lexer.hpp"

#include "common/base/text.hpp"

namespace defender::mail {
namespace {

// RFC 5322 section 3.2.2 lets comments nest without bound; real mail hardly nests them at all.
constexpr unsigned max_comment_depth = 100;

/// Octets that no token may hold, not even behind a backslash.
constexpr bool is_forbidden(char c) noexcept {
    return c == '\0' || c == '\r' || c == '\n';
}

Token malformed(std::string why) {
    return {Token::Kind::malformed, std::move(why)};
}

std::string describe(char c) {
    if (c == '\0') return "a NUL";
    if (c == '\r') return "a bare CR";
    if (c == '\n') return "a bare LF";
    if (!text::is_printable(c)) return "a control character";
    return std::string("a '") + c + "' where it has no place";
}

}  // namespace

bool is_atext(char c) noexcept {
    static constexpr text::OctetSet atext([](char octet) {
        constexpr std::string_view signs = "!#$%&'*+-/=?^_`{|}~";
        return text::is_alnum(octet) || static_cast<unsigned char>(octet) > 127 ||
               signs.find(octet) != std::string_view::npos;
    });
    return atext.contains(c);
}

/// Where a fold (CRLF and a blank) starts at `at`, the position of its blank.
std::optional<std::size_t> Rfc5322Lexer::fold_end(std::size_t at) const noexcept {
    const auto rest = text_.substr(at);
    if (rest.size() < 3 || rest[0] != '\r' || rest[1] != '\n' || !text::is_blank(rest[2]))
        return std::nullopt;
    return at + 2;
}

bool Rfc5322Lexer::take(char c) noexcept {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
}

bool Rfc5322Lexer::skip_comment() noexcept {
    unsigned depth = 0;
    for (std::size_t i = at_; i < text_.size(); ++i) {
        const char c = text_[i];
        if (const auto blank = fold_end(i)) {
            i = *blank;
        } else if (is_forbidden(c)) {
            return false;
        } else if (c == '\\') {
            if (++i == text_.size() || is_forbidden(text_[i])) return false;
        } else if (c == '(') {
            if (++depth > max_comment_depth) return false;
        } else if (c == ')' && --depth == 0) {
            at_ = i + 1;
            return true;
        }
    }
    return false;
}

Cfws Rfc5322Lexer::skip_cfws() {
    const std::size_t begin = at_;
    while (!at_end()) {
        if (text::is_blank(peek())) {
            ++at_;
        } else if (const auto blank = fold_end(at_)) {
            at_ = *blank;
        } else if (peek() == '(') {
            if (!skip_comment()) return Cfws::malformed;
        } else if (is_forbidden(peek())) {
            return Cfws::malformed;
        } else {
            break;
        }
    }
    return at_ == begin ? Cfws::absent : Cfws::present;
}

std::optional<std::string> Rfc5322Lexer::quoted_string() {
    if (peek() != '"') return std::nullopt;
    std::string content;
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
        if (text_[i] == '"') {
            at_ = i + 1;
            return content;
        }
        if (const auto blank = fold_end(i)) i = *blank;
        if (text_[i] == '\\' && ++i == text_.size()) return std::nullopt;
        if (is_forbidden(text_[i])) return std::nullopt;
        content += text_[i];
    }
    return std::nullopt;
}

std::optional<std::string> Rfc5322Lexer::domain_literal() {
    std::string content;
    for (std::size_t i = at_; i < text_.size(); ++i) {
        if (const auto blank = fold_end(i)) i = *blank;
        if (is_forbidden(text_[i]) || (text_[i] == '[' && i != at_)) return std::nullopt;
        content += text_[i];
        if (text_[i] == ']') {
            at_ = i + 1;
            return content;
        }
        if (text_[i] != '\\') continue;
        if (++i == text_.size() || is_forbidden(text_[i])) return std::nullopt;
        content += text_[i];
    }
    return std::nullopt;
}

Token Rfc5322Lexer::next() {
    if (skip_cfws() == Cfws::malformed) {
        return malformed(peek() == '(' ? "a comment that does not end or is nested too deep"
                                       : describe(peek()));
    }
    if (at_end()) return {Token::Kind::end, ""};
    const char c = peek();
    if (is_atext(c)) return {Token::Kind::atom, std::string(take_while(is_atext))};
    if (c == '"') {
        auto content = quoted_string();
        return content ? Token{Token::Kind::quoted, std::move(*content)}
                       : malformed("a quoted string that does not end");
    }
    if (c == '[') {
        auto content = domain_literal();
        return content ? Token{Token::Kind::literal, std::move(*content)}
                       : malformed("a domain literal that does not end");
    }
    static constexpr std::string_view specials = "<>@,:;.";
    if (specials.find(c) == std::string_view::npos) return malformed(describe(c));
    ++at_;
    return {Token::Kind::special, std::string(1, c)};
}

}  // namespace defender::mail
