#include "ctl/milter_status.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <string_view>

#include "common/store/json_fields.hpp"
#include "ctl/text_table.hpp"

namespace defender::ctl {
namespace {

using store::Json;
using Protocol = boost::asio::local::stream_protocol;

constexpr std::size_t max_answer_octets = 1024 * 1024;
constexpr std::size_t max_depth = 4;

Result<std::string> read_answer(const std::string& socket_path, std::chrono::milliseconds patience) {
    if (socket_path.size() > 107) return Error{socket_path + ": too long for a unix socket"};
    Protocol::iostream stream;
    stream.expires_after(patience);
    stream.connect(Protocol::endpoint(socket_path));
    if (!stream) return Error{socket_path + ": " + stream.error().message()};
    std::string answer;
    for (char c = 0; answer.size() < max_answer_octets && stream.get(c);) answer += c;
    if (!stream.eof() || (stream.error() && stream.error() != boost::asio::error::eof)) {
        return Error{socket_path + ": " +
                     (stream.error() ? stream.error().message() : "the answer is too long")};
    }
    return answer;
}

std::string scalar_text(const Json& value) {
    return value.is_string() ? value.get<std::string>() : store::json_text(value);
}

/// An object of a list on one line: "time=… id=…".
std::string item_text(const Json& item) {
    if (!item.is_object()) return scalar_text(item);
    std::string line;
    for (const auto& [name, value] : item.items()) line += (line.empty() ? "" : "  ") + scalar_text(value);
    return line;
}

void add_rows(const Json& object, const std::string& indent, std::size_t depth, std::vector<TextRow>& rows) {
    for (const auto& [name, value] : object.items()) {
        if (value.is_object() && depth < max_depth) {
            rows.push_back({indent + name});
            add_rows(value, indent + "  ", depth + 1, rows);
        } else if (value.is_array()) {
            rows.push_back({indent + name, value.empty() ? "none" : ""});
            for (const auto& item : value) rows.push_back({indent + "  -", item_text(item)});
        } else {
            rows.push_back({indent + name, scalar_text(value)});
        }
    }
}

}  // namespace

Result<Json> ask_milter(const std::string& socket_path, std::chrono::milliseconds patience) {
    const auto answer = read_answer(socket_path, patience);
    if (!answer) return answer.error();
    Json status = Json::parse(*answer, nullptr, false);
    if (!status.is_object()) return Error{socket_path + ": the answer is no JSON object"};
    return status;
}

std::string status_text(const Json& status) {
    std::vector<TextRow> rows;
    add_rows(status, "", 1, rows);
    return text_table(rows);
}

}  // namespace defender::ctl
