/// MilterStatus: what a running defender-milter says of itself over its status socket.
///
/// The milter accepts a connection on a unix stream socket, writes one JSON object and closes. Members that
/// are missing or unknown are tolerated, as milter and tool may be of different versions. Thread-safety:
/// plain functions; asking waits for the socket, at most `patience`.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/base/result.hpp"

namespace defender::ctl {

/// The object, or why there is none (nobody listens, no answer in time, not an object).
[[nodiscard]] Result<nlohmann::ordered_json> ask_milter(const std::string& socket_path,
                                                        std::chrono::milliseconds patience);

}  // namespace defender::ctl
