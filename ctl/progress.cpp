#include "ctl/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <ostream>

namespace defender::ctl {
namespace {

constexpr unsigned bar_width = 30;

/// How many of `parts` equal parts of the work are done.
unsigned share(std::uint64_t done, std::uint64_t all, unsigned parts) {
    if (done >= all) return parts;
    return static_cast<unsigned>(static_cast<long double>(done) / static_cast<long double>(all) * parts);
}

}  // namespace

Progress::Progress(std::ostream& out, bool terminal, std::string what)
    : out_(out), terminal_(terminal), what_(std::move(what)) {}

Progress::~Progress() {
    if (line_open_) out_ << std::endl;
}

void Progress::update(std::uint64_t done, std::uint64_t all) {
    terminal_ ? update_bar(done, all) : update_lines(done, all);
    begun_ = true;
}

void Progress::update_bar(std::uint64_t done, std::uint64_t all) {
    if (all == 0) return draw(what_ + " ...");
    const auto full = share(done, all, bar_width);
    draw(what_ + " [" + std::string(full, '#') + std::string(bar_width - full, '-') + "] " +
         std::to_string(share(done, all, 100)) + " %, " + std::to_string(std::min(done, all)) + " of " +
         std::to_string(all));
}

void Progress::draw(const std::string& line) {
    if (line == drawn_) return;
    const auto blanks = drawn_.size() > line.size() ? drawn_.size() - line.size() : 0;
    out_ << '\r' << line << std::string(blanks, ' ') << std::flush;
    drawn_ = line;
    line_open_ = true;
}

void Progress::update_lines(std::uint64_t done, std::uint64_t all) {
    if (!begun_) out_ << what_ << " ..." << std::endl;
    if (all == 0) return;
    const auto tenths = share(done, all, 10);
    if (tenths <= tenths_) return;
    tenths_ = tenths;
    out_ << what_ << ": " << tenths * 10 << " %, " << std::min(done, all) << " of " << all << std::endl;
}

void Progress::finish() {
    if (!begun_) return;
    if (terminal_) {
        draw(what_ + ": done");
        line_open_ = false;
        out_ << std::endl;
    } else {
        out_ << what_ << ": done" << std::endl;
    }
    begun_ = false;
    drawn_.clear();
    tenths_ = 0;
}

bool errors_go_to_a_terminal() {
    return ::isatty(STDERR_FILENO) == 1;
}

}  // namespace defender::ctl
