#include "common/base/roff.hpp"

#include "common/base/text.hpp"

namespace defender {
namespace {

/// One line of text: escapes encoded, and nothing that begins like a request.
std::string encode_line(std::string_view line) {
    std::string out;
    if (line.starts_with('.') || line.starts_with('\'')) out += "\\&";
    for (const char c : line) {
        if (c == '\\') {
            out += "\\e";
        } else if (c == '-') {
            out += "\\-";
        } else {
            out += c;
        }
    }
    return out;
}

/// As an argument of a request, where a quote would end it.
std::string encode_argument(std::string_view text) {
    std::string out = "\"";
    for (const char c : encode_line(text)) {
        if (c == '"') {
            out += "\\(dq";
        } else {
            out += c;
        }
    }
    return out + '"';
}

void append_lines(std::string& out, std::string_view text, std::string_view between_paragraphs) {
    for (const auto line : text::split(text, '\n')) {
        out += line.empty() ? std::string(between_paragraphs) : encode_line(line);
        out += '\n';
    }
}

std::string to_upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return out;
}

}  // namespace

RoffPage::RoffPage(std::string_view name, int section, std::string_view summary) {
    out_ = ".TH " + encode_argument(to_upper(name)) + " " + std::to_string(section) + " \"\" Defender\n";
    heading("NAME");
    out_ += encode_line(name) + " \\- " + encode_line(summary) + "\n";
}

void RoffPage::heading(std::string_view text) {
    out_ += ".SH " + encode_argument(text) + "\n";
}

void RoffPage::subheading(std::string_view text) {
    out_ += ".SS " + encode_argument(text) + "\n";
}

void RoffPage::paragraphs(std::string_view text) {
    out_ += ".PP\n";
    append_lines(out_, text, ".PP");
}

void RoffPage::example(std::string_view lines) {
    out_ += ".PP\n.in +4n\n.EX\n";
    append_lines(out_, lines, "");
    out_ += ".EE\n.in\n";
}

void RoffPage::item(std::string_view term, std::string_view text) {
    out_ += ".TP\n.B " + encode_argument(term) + "\n";
    append_lines(out_, text, ".IP");
}

}  // namespace defender
