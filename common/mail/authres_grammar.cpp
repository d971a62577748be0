#include "common/mail/authres_grammar.hpp"

#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"
#include "common/mail/rfc5322_lexer.hpp"

namespace defender::mail {

bool is_token_octet(char c) noexcept {
    static constexpr text::OctetSet token_octets([](char octet) {
        constexpr std::string_view tspecials = "()<>@,;:\\\"/[]?=";
        return text::is_printable(octet) && octet != ' ' && tspecials.find(octet) == std::string_view::npos;
    });
    return token_octets.contains(c);
}

bool is_domain_octet(char c) noexcept {
    return text::is_alnum(c) || c == '-' || c == '_' || c == '.';
}

bool is_local_part_octet(char c) noexcept {
    return text::is_printable(c) && (is_atext(c) || c == '.');
}

bool is_dotted_well(std::string_view s) noexcept {
    return !s.starts_with('.') && !s.ends_with('.') && s.find("..") == std::string_view::npos;
}

std::string comparable_authserv_id(std::string_view id) {
    id = text::trim(id);
    const auto domain = DomainName::parse(id);
    return domain ? domain->text() : text::to_lower(id);
}

}  // namespace defender::mail
