/// MailCorpus: the messages that a load generator sends, read once from a folder.
///
/// The folder has a file `index.tsv`, one message a line: FILE, client address, HELO name, MAIL FROM without
/// its angle brackets, recipient, and a word that says what kind of message it is, with a tab between each.
/// The files have CRLF line ends. Header fields are kept as Postfix gives them to a milter: what stands
/// behind the colon, its line ends LF alone.
///
/// Thread-safety: immutable once read. Failure: std::runtime_error where a file is not there or not as above.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace defender::bench {

struct HeaderField {
    std::string name;
    std::string value;  ///< with the blank behind the colon
    bool operator==(const HeaderField&) const = default;
};

/// What a milter asks of a header.
struct HeaderEdit {
    enum class Kind { insert, add, change };
    Kind kind = Kind::add;
    std::uint32_t index = 0;  ///< insert: fields above it; change: which of that name, from 1 on
    HeaderField field;        ///< change: an empty value deletes
};

/// Carries it out as Postfix does; a change of a field that is not there is nothing.
void apply(const HeaderEdit& edit, std::vector<HeaderField>& header);

struct Mail {
    std::string client;
    std::string helo;
    std::string mail_from;
    std::string recipient;
    std::string kind;
    std::vector<HeaderField> header;
    std::string body;
};

/// A message's text, taken apart.
void parse_message(std::string_view text, Mail& mail);

/// At most `limit` messages from the `skip`-th line of the index on; 0 is no limit.
std::vector<Mail> read_corpus(const std::string& folder, std::size_t skip, std::size_t limit);

}  // namespace defender::bench
