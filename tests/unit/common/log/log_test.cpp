#include "common/log/log.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <regex>
#include <thread>

#include "common/base/text.hpp"

namespace defender::log {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

/// What `act` writes to the standard error stream.
template <typename Act>
std::string stderr_of(Act act) {
    ::testing::internal::CaptureStderr();
    act();
    return ::testing::internal::GetCapturedStderr();
}

class LogSink : public ::testing::Test {
  protected:
    void TearDown() override { configure(Level::info, Target::stderr_); }
};

TEST_F(LogSink, LineOnStderrHasUtcTimeLevelAndId) {
    configure(Level::info, Target::stderr_);
    const std::string out = stderr_of([] { warning("DNS_SERVER_DOWN", {{"server", "192.0.2.1"}}); });
    EXPECT_TRUE(std::regex_match(
        out, std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z warning DNS_SERVER_DOWN "
                        "server=192\\.0\\.2\\.1\n")))
        << out;
}

TEST_F(LogSink, JournalLineStartsWithItsPriority) {
    configure(Level::debug, Target::journald);
    EXPECT_EQ(stderr_of([] { debug("A"); }), "<7>A\n");
    EXPECT_EQ(stderr_of([] { info("A"); }), "<6>A\n");
    EXPECT_EQ(stderr_of([] { warning("A"); }), "<4>A\n");
    EXPECT_EQ(stderr_of([] { error("A", {{"n", 1}}); }), "<3>A n=1\n");
}

TEST_F(LogSink, LinesBelowTheLevelAreNotWritten) {
    const std::vector<Level> levels{Level::debug, Level::info, Level::warning, Level::error};
    for (const Level least : levels) {
        configure(least, Target::journald);
        for (const Level level : levels) {
            const std::string out = stderr_of([level] { write(level, "ID", {}); });
            EXPECT_EQ(out.empty(), level < least) << out;
        }
    }
}

TEST_F(LogSink, ConfigureTakesEffectOnTheNextLine) {
    configure(Level::error, Target::journald);
    EXPECT_EQ(stderr_of([] { info("ID"); }), "");
    configure(Level::info, Target::journald);
    EXPECT_EQ(stderr_of([] { info("ID"); }), "<6>ID\n");
}

TEST_F(LogSink, BracesAndPercentSignsAreText) {
    configure(Level::info, Target::journald);
    EXPECT_EQ(stderr_of([] { info("ID", {{"v", "{}%v%s{0}"}}); }), "<6>ID v={}%v%s{0}\n");
}

TEST_F(LogSink, LinesOfManyThreadsStayWhole) {
    configure(Level::info, Target::journald);
    const std::string out = stderr_of([] {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t) {
            threads.emplace_back([t] {
                for (int i = 0; i < 200; ++i) info("ID", {{"t", t}, {"end", "yes"}});
            });
        }
        for (int i = 0; i < 50; ++i) configure(Level::info, Target::journald);
    });
    const auto lines = text::split(out, '\n');
    ASSERT_EQ(lines.size(), 801U);
    EXPECT_TRUE(std::all_of(lines.begin(), lines.end() - 1, [](std::string_view line) {
        return line.starts_with("<6>ID t=") && line.ends_with(" end=yes");
    }));
}

}  // namespace
}  // namespace defender::log
