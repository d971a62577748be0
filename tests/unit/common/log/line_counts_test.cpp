#include "common/log/line_counts.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "common/log/log.hpp"
#include "common/log/log_ids.hpp"

namespace defender::log {
namespace {

std::uint64_t lines_of(std::string_view id) {
    for (const auto& count : line_counts()) {
        if (count.id == id) return count.lines;
    }
    return 0;
}

TEST(LineCounts, EveryIdIsThereWithItsLevel) {
    const auto counts = line_counts();
    ASSERT_EQ(counts.size(), log_ids().size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
        EXPECT_EQ(counts[i].id, log_ids()[i].id);
        EXPECT_EQ(counts[i].level, to_string(log_ids()[i].level));
    }
}

TEST(LineCounts, EachLineIsCountedWhateverIsShown) {
    configure(Level::error, Target::stderr_);
    const auto before = lines_of("DNS_SERVER_UP");
    info("DNS_SERVER_UP", {{"server", "192.0.2.1"}});
    info("DNS_SERVER_UP");
    EXPECT_EQ(lines_of("DNS_SERVER_UP"), before + 2);
    configure(Level::info, Target::stderr_);
}

TEST(LineCounts, IdsThatNobodyKnowsAreNotCounted) {
    const auto before = line_counts();
    for (const auto* id : {"", "A", "NO_SUCH_ID", "ZZZ", "DNS_SERVER_U", "DNS_SERVER_UPS"}) count_line(id);
    const auto after = line_counts();
    for (std::size_t i = 0; i < before.size(); ++i)
        EXPECT_EQ(before[i].lines, after[i].lines) << before[i].id;
}

TEST(LineCounts, ThreadsLoseNoLine) {
    const auto before = lines_of("STORE_RECOVERED");
    constexpr int each = 10000;
    const auto count = [] {
        for (int i = 0; i < each; ++i) count_line("STORE_RECOVERED");
    };
    std::thread other(count);
    count();
    other.join();
    EXPECT_EQ(lines_of("STORE_RECOVERED"), before + 2 * each);
}

}  // namespace
}  // namespace defender::log
