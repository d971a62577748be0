/// A record handed to a RecordWriter, with its completion as a future.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "common/store/record_writer.hpp"
#include "tests/support/sample_record.hpp"

namespace defender::test {

/// A store that failed is opened anew almost at once.
inline constexpr store::RecordWriter::RetryWaits short_waits{std::chrono::milliseconds(1),
                                                             std::chrono::milliseconds(4)};

inline std::future<Status> write(store::RecordWriter& writer, const std::string& queue_id) {
    auto promise = std::make_shared<std::promise<Status>>();
    writer.write(plain_record(queue_id), [promise](const Status& status) { promise->set_value(status); });
    return promise->get_future();
}

}  // namespace defender::test
