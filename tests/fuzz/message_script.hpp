/// MessageScript: what the fuzzer of the message path reads, one event or one DNS answer a line.
///
/// A line's first octet says what it is, the rest is its value, any octets but LF. Lines that mean nothing
/// are skipped. In the order in which the MTA tells them:
///
///     o LETTERS         settings: e enforce, 9 RFC 9989, t temperror is tempfail, p partial bodies count,
///                       s seal, d redact, x small limits, u an override for list.example, j judge rejects
///     c ADDRESS         the client; a local one where that is no address
///     n NAME            the client's name
///     h HELO
///     a                 the client is authenticated
///     m ADDRESS         MAIL FROM
///     r ADDRESS         RCPT TO
///     f Name: value     a header field; the octets behind the colon are its value
///     + text            LF and the text, behind the value of the field before
///     F Name: value     a field that is put above all others when the signatures are made
///     k DOMAIN          signed by our key: selector s1
///     l DOMAIN RESULTS  passed on and sealed by our key, ARC-Authentication-Results as given
///     b text            a piece of the body: text and CRLF
///     B text            a piece of the body: text alone
///     z                 the MTA gives the message up before its end
///
/// What DNS says, NAME being * for every name that has nothing of its own:
///
///     T NAME text       TXT; the text $K is the record of our key
///     A NAME address    A or AAAA
///     M NAME 10 host    MX
///     P NAME host       PTR
///     N NAME            the name exists
///     S NAME            SERVFAIL
///     L NAME            the answers come late: after the end of the message
///     W NAME            there is no answer before the deadline
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/text.hpp"
#include "common/mail/header_field.hpp"

namespace defender::fuzz {

struct DnsLine {
    char kind = 0;
    std::string name;
    std::string value;
};

/// A signature, or the seals of a hop.
struct SigningLine {
    bool seals = false;
    std::string domain;
    std::string results;
};

struct MessageScript {
    std::string options;
    std::string client;
    std::string client_name;
    std::string helo;
    std::string mail_from;
    std::vector<std::string> recipients;
    mail::HeaderFields fields;
    mail::HeaderFields fields_above;
    std::vector<SigningLine> signings;
    std::vector<std::string> body;
    std::vector<DnsLine> dns;
    bool authenticated = false;
    bool aborted = false;

    [[nodiscard]] bool has(char option) const { return options.find(option) != std::string::npos; }
};

class MessageScriptReader {
  public:
    static MessageScript read(std::string_view text) {
        MessageScriptReader reader;
        while (!text.empty()) {
            const auto line = cut(text, '\n');
            if (!line.empty()) reader.take(line.front(), value_of(line));
        }
        return std::move(reader.script_);
    }

  private:
    // Each of them costs a signature; a message has few.
    static constexpr std::size_t most_signings = 4;

    /// What stands before the separator, taken away together with it.
    static std::string_view cut(std::string_view& text, char separator) {
        const auto end = text.find(separator);
        const auto piece = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        return piece;
    }

    /// The line without its first octet, and the blank behind that.
    static std::string_view value_of(std::string_view line) {
        line.remove_prefix(1);
        if (line.starts_with(' ')) line.remove_prefix(1);
        return line;
    }

    static mail::HeaderField field_of(std::string_view line) {
        const auto name = cut(line, ':');
        return {std::string(name), std::string(line)};
    }

    void take(char kind, std::string_view value) {
        if (std::string_view("TAMPNSLW").find(kind) != std::string_view::npos) {
            const auto name = cut(value, ' ');
            script_.dns.push_back({kind, std::string(name), std::string(value)});
            return;
        }
        if (take_envelope(kind, value)) return;
        take_content(kind, value);
    }

    bool take_envelope(char kind, std::string_view value) {
        switch (kind) {
            case 'o':
                script_.options = value;
                return true;
            case 'c':
                script_.client = value;
                return true;
            case 'n':
                script_.client_name = value;
                return true;
            case 'h':
                script_.helo = value;
                return true;
            case 'm':
                script_.mail_from = value;
                return true;
            case 'r':
                script_.recipients.emplace_back(value);
                return true;
            case 'a':
                script_.authenticated = true;
                return true;
            case 'z':
                script_.aborted = true;
                return true;
            default:
                return false;
        }
    }

    void take_content(char kind, std::string_view value) {
        switch (kind) {
            case 'f':
                script_.fields.push_back(field_of(value));
                break;
            case 'F':
                script_.fields_above.push_back(field_of(value));
                break;
            case '+':
                if (!script_.fields.empty()) script_.fields.back().value.append("\n").append(value);
                break;
            case 'b':
                script_.body.push_back(std::string(value) + "\r\n");
                break;
            case 'B':
                script_.body.emplace_back(value);
                break;
            case 'k':
            case 'l':
                if (script_.signings.size() < most_signings) {
                    const auto domain = cut(value, ' ');
                    script_.signings.push_back({kind == 'l', std::string(domain), std::string(value)});
                }
                break;
            default:
                break;
        }
    }

    MessageScript script_;
};

}  // namespace defender::fuzz
