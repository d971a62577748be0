// Authentication-Results: what is read can be written, what is written reads back, and no octet breaks a
// line.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "common/base/text.hpp"
#include "common/mail/authentication_results.hpp"

namespace {

using namespace defender;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_written(const std::string& value) {
    for (const auto line : text::split(value, '\n')) {
        const bool last = line.data() + line.size() == value.data() + value.size();
        require(line.size() <= 999 && line.ends_with('\r') != last);
        const auto body = line.substr(0, line.size() - (last ? 0 : 1));
        require(
            std::all_of(body.begin(), body.end(), [](char c) { return text::is_printable(c) || c == '\t'; }));
    }
}

/// Writing makes values printable and cuts them once; from then on nothing changes any more.
void check_round_trip(const mail::AuthenticationResults& results) {
    const auto value = mail::encode(results);
    check_written(value);
    const auto once = mail::parse_authentication_results(value);
    require(once.has_value() && once->results.size() == results.results.size());
    require(mail::encode(*once) == value);
    require(mail::parse_authentication_results(mail::encode(*once)) == once);
}

void check_parse(std::string_view value) {
    const auto id = mail::authserv_id_of(value);
    const auto parsed = mail::parse_authentication_results(value);
    if (!parsed) return;
    require(id.has_value());
    if (const auto written = mail::authserv_id_of(mail::encode({*id, {}})); id->size() <= 256) {
        const auto printable = std::all_of(id->begin(), id->end(), text::is_printable);
        require(!printable || written == id);
    }
    check_round_trip(*parsed);
}

/// The same octets as values that a sender chose, cut into three.
void check_encode(std::string_view value) {
    const auto third = value.size() / 3;
    const std::string a(value.substr(0, third)), b(value.substr(third, third)), c(value.substr(2 * third));
    const mail::AuthenticationResults results{
        "mx.example.net",
        {{"spf", "pass", a, {{"smtp", "mailfrom", b}}}, {"dkim", "fail", "", {{"header", "i", c}}}}};
    check_round_trip(results);
    const auto read = mail::parse_authentication_results(mail::encode(results));
    require(read->authserv_id == "mx.example.net");
    require(read->results[0].properties.at(0).value == text::printable(b, 256));
    require(read->results[1].properties.at(0).value == text::printable(c, 256));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view value(reinterpret_cast<const char*>(data), size);
    check_parse(value);
    check_encode(value);
    return 0;
}
