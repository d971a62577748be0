#include "common/mail/address_list.hpp"

#include <optional>
#include <utility>

#include "common/mail/rfc5322_lexer.hpp"
#include "common/mail/utf8.hpp"

namespace defender::mail {
namespace {

/// Words and dots in a row: a display name or a local part, as what follows them tells.
struct Words {
    std::string text;  ///< without the blanks between words
    bool any_word = false;
    bool spaced = false;  ///< two words without a dot between them: no local part
};

class AddressListParser {
  public:
    AddressListParser(std::string_view text, const std::function<void(AddressSpec)>& sink)
        : lexer_(text), sink_(sink), token_(lexer_.next()) {}

    Status parse() {
        while (token_.kind != Token::Kind::end) {
            if (take(',')) continue;
            if (in_group_ && take(';')) {
                in_group_ = false;
                if (!at_separator()) return unexpected("behind a group");
                continue;
            }
            if (!element()) return Error{error_};
        }
        if (in_group_) return Error{"a group without its ';'"};
        if (!any_element_) return Error{"no address"};
        return Done{};
    }

  private:
    void advance() { token_ = lexer_.next(); }

    bool take(char special) {
        if (!token_.is_special(special)) return false;
        advance();
        return true;
    }

    [[nodiscard]] bool at_separator() const {
        return token_.kind == Token::Kind::end || token_.is_special(',') ||
               (in_group_ && token_.is_special(';'));
    }

    /// What is wrong with the token at hand.
    [[nodiscard]] Error unexpected(std::string_view where) const {
        if (token_.kind == Token::Kind::malformed) return Error{token_.text};
        if (token_.kind == Token::Kind::end) return Error{"the end of the field " + std::string(where)};
        if (token_.kind == Token::Kind::special)
            return Error{"a '" + token_.text + "' " + std::string(where)};
        return Error{"text " + std::string(where)};
    }

    bool fail(Error error) {
        error_ = std::move(error.message);
        return false;
    }

    /// A mailbox, or a group up to and with its colon.
    bool element() {
        Words words = take_words();
        any_element_ = true;
        if (words.any_word && !in_group_ && take(':')) {
            in_group_ = true;
            return true;
        }
        const bool parsed = take('<') ? angle_address() : address(std::move(words));
        if (!parsed) return false;
        return at_separator() || fail(unexpected("behind an address"));
    }

    Words take_words() {
        Words words;
        bool after_word = false;
        while (token_.is_word() || token_.is_special('.')) {
            words.spaced |= after_word && token_.is_word();
            after_word = token_.is_word();
            words.any_word |= after_word;
            words.text += token_.text;
            advance();
        }
        return words;
    }

    bool angle_address() {
        if ((token_.is_special('@') || token_.is_special(',')) && !route()) return false;
        Words words = take_words();
        if (token_.is_special('>') && words.any_word && !words.spaced) {
            if (!deliver({std::move(words.text), ""})) return false;
        } else if (!address(std::move(words))) {
            return false;
        }
        return take('>') || fail(unexpected("inside angle brackets"));
    }

    /// The obsolete source route "@a,@b:", read and forgotten.
    bool route() {
        bool after_domain = false;
        bool any = false;
        while (!take(':')) {
            if (take(',')) {
                after_domain = false;
            } else if (!after_domain && take('@')) {
                if (!domain()) return false;
                after_domain = any = true;
            } else {
                return fail(unexpected("inside a source route"));
            }
        }
        return any || fail(Error{"a source route without a domain"});
    }

    /// The rest of an addr-spec whose local part is `local_part`.
    bool address(Words local_part) {
        if (!token_.is_special('@')) return fail(unexpected("where an address was expected"));
        if (!local_part.any_word) return fail(Error{"an address without a local part"});
        if (local_part.spaced) return fail(Error{"a blank inside a local part"});
        advance();
        auto name = domain();
        return name && deliver({std::move(local_part.text), std::move(*name)});
    }

    std::optional<std::string> domain() {
        std::string name;
        if (token_.kind == Token::Kind::literal) {
            name = std::move(token_.text);
            advance();
            return name;
        }
        while (token_.kind == Token::Kind::atom) {
            if (!name.empty()) name += '.';
            name += token_.text;
            advance();
            if (!take('.')) break;
        }
        if (!name.empty()) return name;
        fail(unexpected("where a domain was expected"));
        return std::nullopt;
    }

    bool deliver(AddressSpec address) {
        if (!is_utf8(address.local_part) || !is_utf8(address.domain)) {
            return fail(Error{"an address that is not UTF-8"});
        }
        sink_(std::move(address));
        return true;
    }

    Rfc5322Lexer lexer_;
    const std::function<void(AddressSpec)>& sink_;
    Token token_;
    bool in_group_ = false;
    bool any_element_ = false;
    std::string error_;
};

}  // namespace

Status parse_address_list(std::string_view text, const std::function<void(AddressSpec)>& sink) {
    return AddressListParser(text, sink).parse();
}

}  // namespace defender::mail
