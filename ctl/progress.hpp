/// Progress: how far a long command is, as a bar on a terminal and as plain lines anywhere else.
///
/// A bar is drawn over and over on one line; plain lines come once for each tenth of the work, so that a log
/// stays short. Where it is not known how much there is to do, only the beginning and the end are told. No
/// clock is read and nothing is drawn that was drawn before. Thread-safety: one thread uses an object.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace defender::ctl {

class Progress {
  public:
    /// `what` is being done, such as "folding records"; `out` outlives the object.
    Progress(std::ostream& out, bool terminal, std::string what);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// Ends the bar's line where finish() was not called.
    ~Progress();

    /// `done` of `all` is done; 0 of 0: it is not known how much there is.
    void update(std::uint64_t done, std::uint64_t all);
    /// The work is done, whatever was told before.
    void finish();

  private:
    void draw(const std::string& line);
    void update_bar(std::uint64_t done, std::uint64_t all);
    void update_lines(std::uint64_t done, std::uint64_t all);

    std::ostream& out_;
    bool terminal_;
    std::string what_;
    std::string drawn_;       ///< the bar's line as it stands on the terminal
    unsigned tenths_ = 0;     ///< told by plain lines
    bool begun_ = false;      ///< something was written
    bool line_open_ = false;  ///< the cursor stands behind a bar
};

/// Whether standard error is a terminal.
[[nodiscard]] bool errors_go_to_a_terminal();

}  // namespace defender::ctl
