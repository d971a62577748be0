#include <algorithm>
#include <cstddef>
#include <utility>

#include "common/base/text.hpp"
#include "common/mail/authentication_results.hpp"
#include "common/mail/authres_grammar.hpp"
#include "common/mail/rfc5322_lexer.hpp"
#include "common/mail/utf8.hpp"

namespace defender::mail {
namespace {

constexpr bool is_control(char c) noexcept {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
constexpr bool is_eight_bit(char c) noexcept {
    return static_cast<unsigned char>(c) > 127;
}

bool is_keyword_octet(char c) noexcept {
    return text::is_alnum(c) || c == '-';
}
bool is_token_or_utf8(char c) noexcept {
    return is_token_octet(c) || is_eight_bit(c);
}
bool is_domain_or_utf8(char c) noexcept {
    return is_domain_octet(c) || is_eight_bit(c);
}
bool is_local_part_or_utf8(char c) noexcept {
    return is_local_part_octet(c) || is_eight_bit(c);
}

/// Text of a quoted string as RFC 6532 has it: no controls but tab, and UTF-8.
bool is_clean(std::string_view s) {
    return is_utf8(s) && std::none_of(s.begin(), s.end(), [](char c) { return is_control(c) && c != '\t'; });
}

std::string unfolded(std::string_view s) {
    std::string out(s);
    std::erase_if(out, [](char c) { return c == '\r' || c == '\n'; });
    return out;
}

/// Reads one field from left to right. Each function stands behind what it read; false means that the grammar
/// is broken, and nothing is read after that.
class Parser {
  public:
    explicit Parser(std::string_view value) : lexer_(value) {}

    std::optional<AuthenticationResults> parse() {
        AuthenticationResults all;
        if (!skip() || !value(all.authserv_id) || !skip() || !version() || !skip() || lexer_.at_end()) {
            return std::nullopt;
        }
        while (!lexer_.at_end()) {
            if (!lexer_.take(';') || !skip()) return std::nullopt;
            const auto word = keyword();
            if (!skip()) return std::nullopt;
            if (text::iequals(word, "none") && all.results.empty() && lexer_.at_end()) return all;
            MethodResult one;
            one.method = word;
            if (!method_and_result(one) || !details(one)) return std::nullopt;
            all.results.push_back(std::move(one));
        }
        return all;
    }

    /// The authserv-id alone.
    std::optional<std::string> authserv_id() {
        std::string id;
        if (!skip() || !value(id)) return std::nullopt;
        return id;
    }

  private:
    bool skip() {
        const auto seen = lexer_.skip_cfws();
        spaced_ = seen == Cfws::present;
        return seen != Cfws::malformed;
    }

    std::string keyword() { return std::string(lexer_.take_while(is_keyword_octet)); }

    static bool is_keyword(std::string_view s) { return !s.empty() && s.back() != '-'; }

    bool value(std::string& out) {
        if (lexer_.peek() == '"') {
            auto content = lexer_.quoted_string();
            if (!content || !is_clean(*content)) return false;
            out = std::move(*content);
            return true;
        }
        out = lexer_.take_while(is_token_or_utf8);
        return !out.empty() && is_utf8(out);
    }

    /// Version 1 where one is given.
    bool version() {
        const auto digits = lexer_.take_while(text::is_digit);
        return digits.empty() || (spaced_ && text::parse_unsigned(digits) == 1);
    }

    /// [ "/" method-version ] "=" result, the method read already.
    bool method_and_result(MethodResult& one) {
        if (!is_keyword(one.method)) return false;
        if (lexer_.take('/')) {
            if (!skip() || text::parse_unsigned(lexer_.take_while(text::is_digit)) != 1 || !skip())
                return false;
        }
        if (!lexer_.take('=') || !skip()) return false;
        one.result = keyword();
        return is_keyword(one.result);
    }

    /// [ CFWS reasonspec ] [ CFWS 1*propspec ], up to the next semicolon or the end.
    bool details(MethodResult& one) {
        bool may_be_reason = true;
        if (!skip()) return false;
        while (!lexer_.at_end() && lexer_.peek() != ';') {
            if (!spaced_ && one.properties.empty()) return false;
            const auto word = keyword();
            if (!is_keyword(word) || !skip()) return false;
            if (may_be_reason && text::iequals(word, "reason") && lexer_.peek() == '=') {
                if (!reason(one.reason)) return false;
            } else if (!property(word, one)) {
                return false;
            }
            may_be_reason = false;
            if (!skip()) return false;
        }
        return true;
    }

    bool reason(std::string& out) { return lexer_.take('=') && skip() && value(out); }

    bool property(const std::string& type, MethodResult& one) {
        ResultProperty property{type, "", ""};
        if (!lexer_.take('.') || !skip()) return false;
        property.property = keyword();
        if (!is_keyword(property.property) || !skip() || !lexer_.take('=') || !skip()) return false;
        if (!pvalue(property.value)) return false;
        one.properties.push_back(std::move(property));
        return true;
    }

    /// value / [ [ local-part ] "@" ] domain-name
    bool pvalue(std::string& out) {
        if (lexer_.peek() == '"') {
            const auto begin = lexer_.position();
            if (!value(out)) return false;
            auto as_written = unfolded(lexer_.since(begin));
            if (!skip_before_at()) return false;
            if (lexer_.peek() != '@') return true;
            out = std::move(as_written);
        } else {
            out = lexer_.take_while(is_local_part_or_utf8);
            if (!is_utf8(out) || !skip_before_at()) return false;
            const bool bare = lexer_.peek() != '@';
            if (bare) return !out.empty() && std::all_of(out.begin(), out.end(), is_token_or_utf8);
            if (!is_dotted_well(out)) return false;
        }
        return at_and_domain(out);
    }

    bool at_and_domain(std::string& out) {
        lexer_.take('@');
        const auto domain = lexer_.take_while(is_domain_or_utf8);
        out.append("@").append(domain);
        return !domain.empty() && is_dotted_well(domain) && is_utf8(domain);
    }

    bool skip_before_at() { return lexer_.skip_cfws() != Cfws::malformed; }

    Rfc5322Lexer lexer_;
    bool spaced_ = false;  ///< whether the last skip() went over anything
};

}  // namespace

std::optional<AuthenticationResults> parse_authentication_results(std::string_view value) {
    return Parser(value).parse();
}

std::optional<std::string> authserv_id_of(std::string_view value) {
    std::string plain(value);
    std::replace_if(plain.begin(), plain.end(), is_control, ' ');
    const auto id = Parser(plain).authserv_id();
    if (!id) return std::nullopt;
    return comparable_authserv_id(*id);
}

std::vector<unsigned> forged_positions(const HeaderFields& fields, std::string_view our_authserv_id) {
    const auto ours = comparable_authserv_id(our_authserv_id);
    std::vector<unsigned> positions;
    unsigned position = 0;
    for (const auto& field : fields) {
        if (!text::iequals(text::trim(field.name), "Authentication-Results")) continue;
        ++position;
        if (authserv_id_of(field.value) == ours) positions.push_back(position);
    }
    std::reverse(positions.begin(), positions.end());
    return positions;
}

}  // namespace defender::mail
