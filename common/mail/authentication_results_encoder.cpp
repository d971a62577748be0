#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/text.hpp"
#include "common/mail/authentication_results.hpp"
#include "common/mail/authres_grammar.hpp"
#include "common/mail/rfc5322_lexer.hpp"

namespace defender::mail {
namespace {

constexpr std::size_t max_line_octets = 998;
constexpr std::size_t max_value_octets = 256;
constexpr std::size_t max_keyword_octets = 64;

bool all_of(std::string_view s, bool (*wanted)(char)) {
    return !s.empty() && std::all_of(s.begin(), s.end(), wanted);
}

void add_quoted(std::string& out, std::string_view s) {
    out += '"';
    for (const char c : s) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    out += '"';
}

/// RFC 2045 value; `s` is printable.
void add_value(std::string& out, std::string_view s) {
    if (all_of(s, is_token_octet)) {
        out += s;
    } else {
        add_quoted(out, s);
    }
}

/// Whether `s` is [ [ local-part ] "@" ] domain-name, which RFC 8601 lets stand bare; `s` is printable.
bool is_address(std::string_view s) {
    Rfc5322Lexer lexer(s);
    if (!lexer.quoted_string() && !is_dotted_well(lexer.take_while(is_local_part_octet))) return false;
    if (!lexer.take('@')) return false;
    const auto domain = lexer.take_while(is_domain_octet);
    return !domain.empty() && is_dotted_well(domain) && lexer.at_end();
}

void add_pvalue(std::string& out, std::string_view s) {
    if (is_address(s)) {
        out += s;
    } else {
        add_value(out, s);
    }
}

std::string value_of(std::string_view outside) {
    return text::printable(outside, max_value_octets);
}

/// Keywords are ours, not the sender's; this only keeps a mistake from breaking the field.
void add_keyword(std::string& out, std::string_view s) {
    s = s.substr(0, max_keyword_octets);
    for (const char c : s) out += text::is_alnum(c) ? c : '-';
    if (s.empty()) out += 'x';
    if (out.back() == '-') out.back() = 'x';
}

/// Writes the pieces of one method, folding where a line would get too long.
class Line {
  public:
    explicit Line(std::string& out) : out_(out) { out_ += "\r\n\t"; }

    void add(std::string_view piece) {
        const bool first = length_ == 0;
        // With the blank or tab in front and the semicolon behind.
        const bool fits = length_ + piece.size() + 2 <= max_line_octets;
        if (!first) out_ += fits ? " " : "\r\n\t";
        if (!fits) length_ = 0;
        out_ += piece;
        length_ += piece.size() + 1;
    }

  private:
    std::string& out_;
    std::size_t length_ = 0;
};

}  // namespace

std::string encode(const AuthenticationResults& results) {
    std::string out = " ";
    add_value(out, value_of(comparable_authserv_id(results.authserv_id)));
    out += ';';
    if (results.results.empty()) return out + " none";
    bool first = true;
    std::string piece;
    for (const auto& one : results.results) {
        if (!first) out += ';';
        first = false;
        Line line(out);
        piece.clear();
        add_keyword(piece, one.method);
        piece += '=';
        add_keyword(piece, one.result);
        line.add(piece);
        if (!one.reason.empty()) {
            piece = "reason=";
            add_value(piece, value_of(one.reason));
            line.add(piece);
        }
        for (const auto& property : one.properties) {
            piece.clear();
            add_keyword(piece, property.type);
            piece += '.';
            add_keyword(piece, property.property);
            piece += '=';
            add_pvalue(piece, value_of(property.value));
            line.add(piece);
        }
    }
    return out;
}

}  // namespace defender::mail
