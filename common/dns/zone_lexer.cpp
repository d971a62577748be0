#include "common/dns/zone_lexer.hpp"

#include <utility>

#include "common/base/text.hpp"

namespace defender::dns {
namespace {

bool ends_word(char c) {
    return text::is_space(c) || c == ';' || c == '(' || c == ')' || c == '"';
}

}  // namespace

Error ZoneLexer::error(const std::string& what) const {
    return {"line " + std::to_string(line_) + ": " + what};
}

void ZoneLexer::skip_comment() {
    while (!at_end() && text_[at_] != '\n') ++at_;
}

Result<ZoneEntry> ZoneLexer::next() {
    for (;;) {
        ZoneEntry entry;
        entry.line = line_;
        if (at_end()) return entry;
        entry.indented = text::is_blank(text_[at_]);
        if (auto status = read_entry(entry); !status) return status.error();
        if (!entry.words.empty()) return entry;
    }
}

Status ZoneLexer::read_entry(ZoneEntry& entry) {
    bool open = false;
    while (!at_end()) {
        const char c = text_[at_];
        if (c == '\n') {
            ++at_;
            ++line_;
            if (!open) return Done{};
        } else if (text::is_space(c)) {
            ++at_;
        } else if (c == ';') {
            skip_comment();
        } else if (c == '(' || c == ')') {
            if (open == (c == '(')) return error("parentheses do not match");
            open = !open;
            ++at_;
        } else if (auto status = c == '"' ? read_quoted(entry) : read_word(entry); !status) {
            return status;
        }
    }
    if (open) return error("a parenthesis is not closed");
    return Done{};
}

Status ZoneLexer::read_word(ZoneEntry& entry) {
    ZoneWord word;
    while (!at_end() && !ends_word(text_[at_])) {
        if (text_[at_] == '\\') {
            if (auto status = read_escape(word); !status) return status;
        } else {
            word.text += text_[at_++];
        }
    }
    entry.words.push_back(std::move(word));
    return Done{};
}

Status ZoneLexer::read_quoted(ZoneEntry& entry) {
    ZoneWord word;
    word.quoted = true;
    ++at_;
    while (!at_end() && text_[at_] != '"') {
        if (text_[at_] == '\n') return error("a quoted string does not end on its line");
        if (text_[at_] == '\\') {
            if (auto status = read_escape(word); !status) return status;
        } else {
            word.text += text_[at_++];
        }
    }
    if (at_end()) return error("a quoted string does not end");
    ++at_;
    entry.words.push_back(std::move(word));
    return Done{};
}

Status ZoneLexer::read_escape(ZoneWord& word) {
    ++at_;
    if (at_end() || text_[at_] == '\n') return error("a backslash stands at the end of a line");
    word.escaped = true;
    char octet = text_[at_];
    if (text::is_digit(octet)) {
        const auto number = text::parse_unsigned(text_.substr(at_, 3));
        if (text_.size() - at_ < 3 || !number || *number > 255) {
            return error("a backslash and a digit must be followed by two more, up to \\255");
        }
        octet = static_cast<char>(*number);
        at_ += 3;
    } else {
        ++at_;
    }
    if (octet == '.') word.escaped_dot = true;
    word.text += octet;
    return Done{};
}

}  // namespace defender::dns
