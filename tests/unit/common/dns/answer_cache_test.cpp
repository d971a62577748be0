#include "common/dns/answer_cache.hpp"

#include <gtest/gtest.h>

#include <random>

namespace defender::dns {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Clock::time_point start = Clock::time_point(seconds(1000));
const CacheLimits roomy{100, 1 << 20, seconds(3600), seconds(300), seconds(5)};

AnswerPtr found(std::uint32_t ttl, const std::string& text = "t") {
    Answer answer;
    answer.outcome = Outcome::found;
    answer.texts = {text};
    answer.ttl_seconds = ttl;
    return std::make_shared<const Answer>(answer);
}

AnswerPtr negative(Outcome outcome, std::uint32_t ttl) {
    Answer answer;
    answer.outcome = outcome;
    answer.ttl_seconds = ttl;
    return std::make_shared<const Answer>(answer);
}

Question txt(const std::string& name) {
    return question(name, RecordType::txt);
}

TEST(AnswerCache, KeepsAnAnswerForExactlyItsLifetime) {
    struct Case {
        AnswerPtr answer;
        seconds life;
    };
    const std::vector<Case> cases = {
        {found(60), seconds(60)},
        {found(1), seconds(1)},
        {found(100000), seconds(3600)},
        {found(0xffffffff), seconds(3600)},
        {negative(Outcome::nodata, 60), seconds(60)},
        {negative(Outcome::nxdomain, 60), seconds(60)},
        {negative(Outcome::nodata, 301), seconds(300)},
        {negative(Outcome::nxdomain, 86400), seconds(300)},
        {tempfail("timeout"), seconds(5)},
    };
    for (const auto& c : cases) {
        AnswerCache cache(roomy);
        cache.put(txt("a.x"), c.answer, start);
        EXPECT_EQ(cache.find(txt("a.x"), start), c.answer);
        EXPECT_EQ(cache.find(txt("a.x"), start + c.life - milliseconds(1)), c.answer);
        EXPECT_EQ(cache.find(txt("a.x"), start + c.life), nullptr) << c.life.count();
        EXPECT_EQ(cache.records(), 0U);
        EXPECT_EQ(cache.bytes(), 0U);
    }
}

TEST(AnswerCache, DoesNotKeepWhatLivesForZeroSeconds) {
    AnswerCache cache(roomy);
    cache.put(txt("a.x"), found(0), start);
    cache.put(txt("b.x"), negative(Outcome::nodata, 0), start);
    EXPECT_EQ(cache.records(), 0U);

    AnswerCache no_failures({100, 1 << 20, seconds(3600), seconds(300), seconds(0)});
    no_failures.put(txt("a.x"), tempfail("timeout"), start);
    EXPECT_EQ(no_failures.records(), 0U);
}

TEST(AnswerCache, AnAnswerThatIsNotKeptStillReplacesTheOldOne) {
    AnswerCache cache(roomy);
    cache.put(txt("a.x"), found(60), start);
    cache.put(txt("a.x"), found(0), start);
    EXPECT_EQ(cache.find(txt("a.x"), start), nullptr);
}

TEST(AnswerCache, NegativeLifetimesAreCappedByMaxTtlToo) {
    AnswerCache cache({100, 1 << 20, seconds(10), seconds(300), seconds(5)});
    cache.put(txt("a.x"), negative(Outcome::nxdomain, 200), start);
    EXPECT_EQ(cache.find(txt("a.x"), start + seconds(10)), nullptr);
}

TEST(AnswerCache, TellsTypesApart) {
    AnswerCache cache(roomy);
    cache.put(txt("a.x"), found(60), start);
    EXPECT_EQ(cache.find(question("a.x", RecordType::a), start), nullptr);
}

TEST(AnswerCache, OneNamesFailureSaysNothingAboutItsParentOrSiblings) {
    AnswerCache cache(roomy);
    cache.put(txt("slow.x.example"), tempfail("timeout"), start);
    EXPECT_EQ(cache.find(txt("x.example"), start), nullptr);
    EXPECT_EQ(cache.find(txt("other.x.example"), start), nullptr);
}

TEST(AnswerCache, TheLeastRecentlyUsedLeavesFirst) {
    CacheLimits limits = roomy;
    limits.records = 3;
    AnswerCache cache(limits);
    for (const auto* name : {"a.x", "b.x", "c.x"}) cache.put(txt(name), found(60), start);
    EXPECT_NE(cache.find(txt("a.x"), start), nullptr);
    cache.put(txt("d.x"), found(60), start);
    EXPECT_EQ(cache.records(), 3U);
    EXPECT_EQ(cache.find(txt("b.x"), start), nullptr);
    for (const auto* name : {"a.x", "c.x", "d.x"}) EXPECT_NE(cache.find(txt(name), start), nullptr) << name;
}

TEST(AnswerCache, IsBoundedByBytesAndDropsSeveralForOneBigAnswer) {
    CacheLimits limits = roomy;
    limits.bytes = 10 * AnswerCache::bytes_of(txt("a0.x"), *found(60));
    AnswerCache cache(limits);
    for (int i = 0; i < 10; ++i) cache.put(txt("a" + std::to_string(i) + ".x"), found(60), start);
    EXPECT_EQ(cache.records(), 10U);
    cache.put(txt("big.x"), found(60, std::string(static_cast<std::size_t>(limits.bytes / 2), 'z')), start);
    EXPECT_LE(cache.bytes(), limits.bytes);
    EXPECT_LT(cache.records(), 10U);
    EXPECT_NE(cache.find(txt("big.x"), start), nullptr);
    EXPECT_NE(cache.find(txt("a9.x"), start), nullptr);
}

TEST(AnswerCache, AnAnswerBeyondAllBytesIsNotKeptAndDisplacesNothing) {
    CacheLimits limits = roomy;
    limits.bytes = 4096;
    AnswerCache cache(limits);
    cache.put(txt("a.x"), found(60), start);
    cache.put(txt("big.x"), found(60, std::string(5000, 'z')), start);
    EXPECT_EQ(cache.find(txt("big.x"), start), nullptr);
    EXPECT_NE(cache.find(txt("a.x"), start), nullptr);
}

TEST(AnswerCache, WithRoomForNoRecordNothingIsKept) {
    CacheLimits limits = roomy;
    limits.records = 0;
    AnswerCache cache(limits);
    cache.put(txt("a.x"), found(60), start);
    EXPECT_EQ(cache.find(txt("a.x"), start), nullptr);
}

TEST(AnswerCache, StaysWithinItsBoundsWhateverIsDone) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    CacheLimits limits{50, 40000, seconds(100), seconds(50), seconds(5)};
    AnswerCache cache(limits);
    auto now = start;
    for (int i = 0; i < 20000; ++i) {
        const auto name = txt("n" + std::to_string(random() % 200) + ".x");
        now += milliseconds(random() % 100);
        switch (random() % 4) {
            case 0:
                cache.put(name,
                          found(static_cast<std::uint32_t>(random() % 20), std::string(random() % 3000, 'z')),
                          now);
                break;
            case 1:
                cache.put(name, negative(Outcome::nxdomain, static_cast<std::uint32_t>(random() % 20)), now);
                break;
            case 2:
                cache.put(name, tempfail("SERVFAIL"), now);
                break;
            default:
                static_cast<void>(cache.find(name, now));
                break;
        }
        ASSERT_LE(cache.records(), limits.records);
        ASSERT_LE(cache.bytes(), limits.bytes);
    }
    now += seconds(1000);
    for (int i = 0; i < 200; ++i) EXPECT_EQ(cache.find(txt("n" + std::to_string(i) + ".x"), now), nullptr);
    EXPECT_EQ(cache.records(), 0U);
    EXPECT_EQ(cache.bytes(), 0U);
}

TEST(AnswerCache, FindsEachOfMoreAnswersThanItHasPlacesForTheRecent) {
    constexpr std::uint32_t many = 20000;
    const CacheLimits limits{many / 2, 1 << 30, seconds(3600), seconds(300), seconds(5)};
    AnswerCache cache(limits);
    const auto name = [](std::uint32_t number) { return txt("n" + std::to_string(number) + ".x"); };
    for (std::uint32_t number = 0; number < many; ++number)
        cache.put(name(number), found(60, std::to_string(number)), start);
    for (int round = 0; round < 2; ++round) {
        for (std::uint32_t number = 0; number < many; ++number) {
            const auto answer = cache.find(name(number), start);
            ASSERT_EQ(answer != nullptr, number >= many / 2) << number;
            if (answer) {
                ASSERT_EQ(answer->texts.front(), std::to_string(number));
            }
        }
    }
}

TEST(AnswerCache, GivesTheNewAnswerWhereOneThatWasFoundIsReplaced) {
    AnswerCache cache(roomy);
    cache.put(txt("a.x"), found(60, "old"), start);
    EXPECT_EQ(cache.find(txt("a.x"), start)->texts.front(), "old");
    cache.put(txt("a.x"), found(60, "new"), start);
    EXPECT_EQ(cache.find(txt("a.x"), start)->texts.front(), "new");
    EXPECT_EQ(cache.find(txt("a.x"), start + seconds(60)), nullptr);
    cache.put(txt("a.x"), found(60, "newest"), start + seconds(60));
    EXPECT_EQ(cache.find(txt("a.x"), start + seconds(61))->texts.front(), "newest");
}

}  // namespace
}  // namespace defender::dns
