#include "ctl/milter_status.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <string_view>

#include "common/store/json_fields.hpp"

namespace defender::ctl {
namespace {

using store::Json;
using Protocol = boost::asio::local::stream_protocol;

constexpr std::size_t max_answer_octets = 1024 * 1024;

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

}  // namespace

Result<Json> ask_milter(const std::string& socket_path, std::chrono::milliseconds patience) {
    const auto answer = read_answer(socket_path, patience);
    if (!answer) return answer.error();
    Json status = Json::parse(*answer, nullptr, false);
    if (!status.is_object()) return Error{socket_path + ": the answer is no JSON object"};
    return status;
}

}  // namespace defender::ctl
