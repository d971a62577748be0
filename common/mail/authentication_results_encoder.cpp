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

std::string quoted(std::string_view s) {
    std::string out = "\"";
    for (const char c : s) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

/// RFC 2045 value; `s` is printable.
std::string value_text(std::string_view s) {
    return all_of(s, [](char c) { return is_token_octet(c); }) ? std::string(s) : quoted(s);
}

/// Whether `s` is [ [ local-part ] "@" ] domain-name, which RFC 8601 lets stand bare; `s` is printable.
bool is_address(std::string_view s) {
    Rfc5322Lexer lexer(s);
    if (!lexer.quoted_string() && !is_dotted_well(lexer.take_while(is_local_part_octet))) return false;
    if (!lexer.take('@')) return false;
    const auto domain = lexer.take_while(is_domain_octet);
    return !domain.empty() && is_dotted_well(domain) && lexer.at_end();
}

std::string pvalue_text(std::string_view s) {
    return is_address(s) ? std::string(s) : value_text(s);
}

std::string value_of(std::string_view outside) {
    return text::printable(outside, max_value_octets);
}

/// Keywords are ours, not the sender's; this only keeps a mistake from breaking the field.
std::string keyword(std::string_view s) {
    std::string out(s.substr(0, max_keyword_octets));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return !text::is_alnum(c); }, '-');
    if (out.empty()) return "x";
    if (out.back() == '-') out.back() = 'x';
    return out;
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
    std::string out = " " + value_text(value_of(comparable_authserv_id(results.authserv_id))) + ";";
    if (results.results.empty()) return out + " none";
    bool first = true;
    for (const auto& one : results.results) {
        if (!first) out += ';';
        first = false;
        Line line(out);
        line.add(keyword(one.method) + "=" + keyword(one.result));
        if (!one.reason.empty()) line.add("reason=" + value_text(value_of(one.reason)));
        for (const auto& property : one.properties) {
            line.add(keyword(property.type) + "." + keyword(property.property) + "=" +
                     pvalue_text(value_of(property.value)));
        }
    }
    return out;
}

}  // namespace defender::mail
