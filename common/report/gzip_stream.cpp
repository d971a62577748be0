#include "common/report/gzip_stream.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>
#include <utility>

namespace defender::report {
namespace {

/// Of zlib's default, 6, it takes a half to two thirds of the time, and leaves an eighth (small reports) to a
/// quarter (large ones) more.
constexpr int level = 3;
constexpr int window_bits = 15;
constexpr int gzip_wrapper = 16;
constexpr int memory_level = 8;
constexpr int unknown_system = 255;
/// More than a flush adds to a file that fitted before it: the empty block and the begin of another.
constexpr std::uint64_t cost_of_flush = 64;
constexpr std::size_t largest_piece = std::size_t{1} << 30;
/// Octets that are compressed at once: what is written bit by bit would have zlib's tables leave the
/// processor's caches in between.
constexpr std::size_t most_held = 65536;

/// zlib reads what it is given here, though its types do not say so.
Bytef* octets_of(std::string_view s) {
    return reinterpret_cast<Bytef*>(const_cast<char*>(s.data()));
}

void must_be_ok(int code) {
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (code != Z_OK) throw std::logic_error("zlib gives " + std::to_string(code));
}

/// Runs deflate over `octets`, handing each piece of output to `take`.
template <typename Take>
void deflate_all(z_stream& stream, std::string_view octets, int flush, const Take& take) {
    std::array<Bytef, 16384> buffer;
    do {
        const auto piece = octets.substr(0, largest_piece);
        octets.remove_prefix(piece.size());
        stream.next_in = octets_of(piece);
        stream.avail_in = static_cast<uInt>(piece.size());
        do {
            stream.next_out = buffer.data();
            stream.avail_out = static_cast<uInt>(buffer.size());
            if (deflate(&stream, octets.empty() ? flush : Z_NO_FLUSH) == Z_STREAM_ERROR)
                throw std::logic_error("zlib: the stream is broken");
            const std::size_t made = buffer.size() - stream.avail_out;
            take(std::string_view(reinterpret_cast<const char*>(buffer.data()), made));
        } while (stream.avail_out == 0);
    } while (!octets.empty());
}

/// A compressor of zlib's with its 260 KB of tables.
class Deflater {
  public:
    Deflater() {
        must_be_ok(deflateInit2(&stream, level, Z_DEFLATED, window_bits + gzip_wrapper, memory_level,
                                Z_DEFAULT_STRATEGY));
    }
    ~Deflater() { deflateEnd(&stream); }
    Deflater(const Deflater&) = delete;
    Deflater& operator=(const Deflater&) = delete;

    z_stream stream{};
};

/// One is left to each thread for its next file, as setting it up is a part of what a small report takes.
std::unique_ptr<Deflater>& spare_deflater() {
    thread_local std::unique_ptr<Deflater> spare;
    return spare;
}

std::unique_ptr<Deflater> take_deflater() {
    auto taken = std::exchange(spare_deflater(), nullptr);
    if (!taken) return std::make_unique<Deflater>();
    must_be_ok(deflateReset(&taken->stream));
    return taken;
}

}  // namespace

struct GzipStream::State {
    State() {
        header.os = unknown_system;
        must_be_ok(deflateSetHeader(&stream, &header));
    }
    ~State() { spare_deflater() = std::move(deflater); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// Compresses what is held.
    void run(int flush) {
        deflate_all(stream, held, flush, [this](std::string_view piece) { file += piece; });
        held.clear();
    }

    std::unique_ptr<Deflater> deflater = take_deflater();
    z_stream& stream = deflater->stream;
    gz_header header{};
    std::string file;
    std::string held;           ///< written, and not yet given to zlib
    std::uint64_t pending = 0;  ///< octets written since the last flush
};

GzipStream::GzipStream() : state_(std::make_unique<State>()) {}
GzipStream::~GzipStream() = default;
GzipStream::GzipStream(GzipStream&&) noexcept = default;
GzipStream& GzipStream::operator=(GzipStream&&) noexcept = default;

void GzipStream::write(std::string_view octets) {
    state_->held += octets;
    state_->pending += octets.size();
    if (state_->held.size() >= most_held) state_->run(Z_NO_FLUSH);
}

bool GzipStream::fits(std::string_view more, std::uint64_t limit) {
    const std::uint64_t usable = limit > cost_of_flush ? limit - cost_of_flush : 0;
    if (bound_with(more) <= usable) return true;
    state_->run(Z_SYNC_FLUSH);
    state_->pending = 0;
    return bound_with(more) <= usable || size_with(more) <= usable;
}

std::string GzipStream::finish() {
    state_->run(Z_FINISH);
    return std::move(state_->file);
}

/// The size is never more than this; no compression is tried.
std::uint64_t GzipStream::bound_with(std::string_view more) const {
    return state_->file.size() +
           deflateBound(&state_->stream, static_cast<uLong>(state_->pending + more.size()));
}

/// The exact size, found by compressing on a copy.
std::uint64_t GzipStream::size_with(std::string_view more) const {
    z_stream copy{};
    must_be_ok(deflateCopy(&copy, &state_->stream));
    const std::unique_ptr<z_stream, decltype(&deflateEnd)> owner(&copy, deflateEnd);
    std::uint64_t size = state_->file.size();
    deflate_all(copy, more, Z_FINISH, [&size](std::string_view piece) { size += piece.size(); });
    return size;
}

Result<std::string> gunzip(std::string_view file) {
    z_stream stream{};
    must_be_ok(inflateInit2(&stream, window_bits + gzip_wrapper));
    const std::unique_ptr<z_stream, decltype(&inflateEnd)> owner(&stream, inflateEnd);
    std::string text;
    std::array<Bytef, 16384> buffer;
    int code = Z_OK;
    while (code == Z_OK) {
        if (stream.avail_in == 0) {
            const auto piece = file.substr(0, largest_piece);
            file.remove_prefix(piece.size());
            stream.next_in = octets_of(piece);
            stream.avail_in = static_cast<uInt>(piece.size());
        }
        stream.next_out = buffer.data();
        stream.avail_out = static_cast<uInt>(buffer.size());
        code = inflate(&stream, Z_NO_FLUSH);
        text.append(reinterpret_cast<const char*>(buffer.data()), buffer.size() - stream.avail_out);
    }
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
    if (code != Z_STREAM_END) {
        const std::string why = stream.msg ? stream.msg : "it ends too early";
        return Error{"no gzip file: " + why};
    }
    if (stream.avail_in != 0 || !file.empty()) return Error{"no gzip file: something follows its end"};
    return text;
}

}  // namespace defender::report
