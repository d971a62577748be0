#include "tests/bench/mail_corpus.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "common/base/text.hpp"

namespace defender::bench {
namespace {

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), {}};
}

void add_line(std::string_view line, std::vector<HeaderField>& header) {
    if (!header.empty() && !line.empty() && (line.front() == ' ' || line.front() == '\t')) {
        header.back().value.append("\n").append(line);
        return;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) throw std::runtime_error("not a header field: " + std::string(line));
    header.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 1))});
}

Mail read_mail(const std::string& folder, const std::string& line) {
    std::istringstream columns(line);
    std::string file;
    Mail mail;
    for (auto* column : {&file, &mail.client, &mail.helo, &mail.mail_from, &mail.recipient, &mail.kind}) {
        if (!std::getline(columns, *column, '\t')) throw std::runtime_error("six columns wanted: " + line);
    }
    parse_message(read_file(folder + "/" + file), mail);
    return mail;
}

}  // namespace

void apply(const HeaderEdit& edit, std::vector<HeaderField>& header) {
    if (edit.kind == HeaderEdit::Kind::add) {
        header.push_back(edit.field);
        return;
    }
    if (edit.kind == HeaderEdit::Kind::insert) {
        const auto above = std::min<std::size_t>(edit.index, header.size());
        header.insert(header.begin() + static_cast<std::ptrdiff_t>(above), edit.field);
        return;
    }
    std::uint32_t left = std::max(edit.index, 1U);
    const auto found = std::find_if(header.begin(), header.end(), [&](const HeaderField& field) {
        return text::iequals(field.name, edit.field.name) && --left == 0;
    });
    if (found == header.end()) return;
    if (edit.field.value.empty()) {
        header.erase(found);
    } else {
        found->value = edit.field.value;
    }
}

void parse_message(std::string_view text, Mail& mail) {
    while (!text.empty() && !text.starts_with("\r\n")) {
        const auto end = text.find("\r\n");
        if (end == std::string_view::npos) throw std::runtime_error("a header line without CRLF");
        add_line(text.substr(0, end), mail.header);
        text.remove_prefix(end + 2);
    }
    mail.body = text.empty() ? "" : text.substr(2);
}

std::vector<Mail> read_corpus(const std::string& folder, std::size_t skip, std::size_t limit) {
    std::ifstream index(folder + "/index.tsv");
    if (!index) throw std::runtime_error("cannot read " + folder + "/index.tsv");
    std::vector<Mail> mails;
    std::string line;
    for (std::size_t number = 0; std::getline(index, line); ++number) {
        if (number < skip) continue;
        if (limit > 0 && mails.size() == limit) break;
        mails.push_back(read_mail(folder, line));
    }
    if (mails.empty()) throw std::runtime_error("no message in " + folder + "/index.tsv");
    return mails;
}

}  // namespace defender::bench
