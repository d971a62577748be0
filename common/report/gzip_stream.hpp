/// GzipStream: octets compressed as they come, and how large the file would be if it ended now.
///
/// The same octets, written in the same pieces, give the same file everywhere: no name, no time and no system
/// is told in its header. Only what is compressed is held, and the last 64 KB. Source: RFC 1952, through
/// zlib. Thread-safety: one thread at a time uses a stream. Failure: std::bad_alloc where there is no memory.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.hpp"

namespace defender::report {

class GzipStream {
  public:
    GzipStream();
    ~GzipStream();
    GzipStream(GzipStream&&) noexcept;
    GzipStream& operator=(GzipStream&&) noexcept;

    void write(std::string_view octets);
    /// True where the file, with `more` written and ended, would have at most `limit` octets. Near the limit
    /// it compresses what is pending, which costs a few octets, and then tries.
    [[nodiscard]] bool fits(std::string_view more, std::uint64_t limit);
    /// Ends the file and gives it; the stream is of no more use.
    [[nodiscard]] std::string finish();

  private:
    struct State;
    [[nodiscard]] std::uint64_t bound_with(std::string_view more) const;
    [[nodiscard]] std::uint64_t size_with(std::string_view more) const;

    std::unique_ptr<State> state_;
};

/// What a gzip file holds. The error says why it is none.
[[nodiscard]] Result<std::string> gunzip(std::string_view file);

}  // namespace defender::report
