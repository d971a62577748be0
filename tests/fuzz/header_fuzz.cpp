// A message file: fields and body written out again are read as the same, whatever the octets were.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/mail/authentication_results.hpp"
#include "common/mail/author.hpp"
#include "common/mail/message_file.hpp"

namespace {

using namespace defender;

void require(bool holds) {
    if (!holds) std::abort();
}

std::string written(const mail::MessageFile& message) {
    std::string out;
    for (const auto& field : message.fields) out += field.name + ":" + field.value + "\r\n";
    return out + "\r\n" + message.body;
}

/// Each LF belongs to a CRLF, and in a field each CRLF is a fold.
void check_line_ends(std::string_view text, bool folds_only) {
    for (std::size_t i = text.find('\n'); i != std::string_view::npos; i = text.find('\n', i + 1)) {
        require(i > 0 && text[i - 1] == '\r');
        require(!folds_only || (i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\t')));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto message = mail::parse_message_file(text);
    for (const auto& field : message.fields) {
        require(!field.name.empty() && field.name.find_first_of(":\r\n") == std::string::npos);
        check_line_ends(field.value, true);
    }
    check_line_ends(message.body, false);
    const auto again = mail::parse_message_file(written(message));
    require(again.fields == message.fields && again.body == message.body);

    const auto author = mail::author_of(message.fields, 10);
    require((author.status == mail::AuthorStatus::ok) == !author.domains.empty());
    unsigned previous = static_cast<unsigned>(message.fields.size()) + 1;
    for (const unsigned position : mail::forged_positions(message.fields, "mx.example.net")) {
        require(position >= 1 && position < previous);
        previous = position;
    }
    return 0;
}
