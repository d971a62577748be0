#include <gtest/gtest.h>

#include <sstream>

#include "ctl/progress.hpp"

namespace defender::ctl {
namespace {

std::string dashes(unsigned count) {
    return std::string(count, '-');
}

TEST(Progress, ABarIsDrawnOverItselfOnATerminal) {
    std::ostringstream out;
    Progress progress(out, true, "work");
    progress.update(0, 200);
    EXPECT_EQ(out.str(), "\rwork [" + dashes(30) + "] 0 %, 0 of 200");
    out.str("");
    progress.update(100, 200);
    EXPECT_EQ(out.str(), "\rwork [" + std::string(15, '#') + dashes(15) + "] 50 %, 100 of 200");
}

TEST(Progress, ABarThatIsTheSameIsNotDrawnAgain) {
    std::ostringstream out;
    Progress progress(out, true, "work");
    progress.update(1, 200);
    out.str("");
    progress.update(1, 200);
    EXPECT_EQ(out.str(), "");
}

TEST(Progress, AShorterLineLeavesNothingOfTheLongerOne) {
    std::ostringstream out;
    Progress progress(out, true, "w");
    progress.update(1, 2);
    const auto drawn = out.str().size() - 1;
    out.str("");
    progress.finish();
    EXPECT_EQ(out.str(), "\rw: done" + std::string(drawn - 7, ' ') + "\n");
}

TEST(Progress, AnObjectThatGoesAwayLeavesNoHalfLine) {
    std::ostringstream out;
    {
        Progress progress(out, true, "work");
        progress.update(1, 2);
    }
    EXPECT_TRUE(out.str().ends_with("\n"));
    std::ostringstream finished;
    {
        Progress progress(finished, true, "work");
        progress.update(1, 2);
        progress.finish();
    }
    EXPECT_EQ(finished.str().find('\n'), finished.str().size() - 1);
}

TEST(Progress, PlainLinesComeOnceForEachTenth) {
    std::ostringstream out;
    Progress progress(out, false, "work");
    for (std::uint64_t done = 0; done <= 1000; ++done) progress.update(done, 1000);
    progress.finish();
    std::string wanted = "work ...\n";
    for (int tenth = 1; tenth <= 10; ++tenth) {
        const auto n = std::to_string(tenth * 10);
        wanted += "work: " + n + " %, " + n + "0 of 1000\n";
    }
    EXPECT_EQ(out.str(), wanted + "work: done\n");
}

TEST(Progress, PlainLinesHoldNoCarriageReturn) {
    std::ostringstream out;
    {
        Progress progress(out, false, "work");
        progress.update(1, 3);
    }
    EXPECT_EQ(out.str(), "work ...\nwork: 30 %, 1 of 3\n");
}

TEST(Progress, WhereNobodyKnowsHowMuchThereIsOnlyBeginningAndEndAreTold) {
    std::ostringstream lines;
    Progress plain(lines, false, "work");
    plain.update(0, 0);
    plain.update(0, 0);
    plain.finish();
    EXPECT_EQ(lines.str(), "work ...\nwork: done\n");
    std::ostringstream drawn;
    Progress bar(drawn, true, "work");
    bar.update(0, 0);
    bar.update(0, 0);
    EXPECT_EQ(drawn.str(), "\rwork ...");
}

TEST(Progress, WorkThatNeverBeganIsNotToldOf) {
    for (const bool terminal : {false, true}) {
        std::ostringstream out;
        Progress progress(out, terminal, "work");
        progress.finish();
        EXPECT_EQ(out.str(), "");
    }
}

TEST(Progress, MoreThanAllIsAll) {
    std::ostringstream out;
    Progress progress(out, true, "work");
    progress.update(7, 5);
    EXPECT_EQ(out.str(), "\rwork [" + std::string(30, '#') + "] 100 %, 5 of 5");
    out.str("");
    progress.update(UINT64_MAX - 1, UINT64_MAX);
    EXPECT_NE(out.str().find(" of 18446744073709551615"), std::string::npos);
}

}  // namespace
}  // namespace defender::ctl
