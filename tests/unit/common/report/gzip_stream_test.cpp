#include "common/report/gzip_stream.hpp"

#include <gtest/gtest.h>

#include <future>
#include <random>

#include "tests/support/xml_validation.hpp"

namespace defender::report {
namespace {

std::string noise(std::size_t octets, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::string out(octets, '\0');
    for (auto& c : out) c = static_cast<char>(random() & 0xffU);
    return out;
}

std::string zipped(const std::string& text) {
    GzipStream stream;
    stream.write(text);
    return stream.finish();
}

TEST(GzipStream, GivesBackWhatWasWritten) {
    for (const auto& text : {std::string(), std::string("a"), std::string(100'000, 'x'), noise(200'000, 1)}) {
        const auto back = gunzip(zipped(text));
        ASSERT_TRUE(back.has_value()) << back.error().message;
        EXPECT_EQ(*back, text);
    }
}

TEST(GzipStream, ItsHeaderTellsNoTimeNoNameAndNoSystem) {
    const auto file = zipped("text");
    EXPECT_EQ(file.substr(0, 10), std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10));
}

TEST(GzipStream, AFileIsTheSameWhateverItsThreadCompressedBefore) {
    const std::string text = std::string(50'000, 'x') + noise(50'000, 2) + std::string(50'000, 'x');
    const auto first = std::async(std::launch::async, [&] { return zipped(text); }).get();
    EXPECT_EQ(zipped(text), first);
    {
        GzipStream given_up;
        given_up.write(noise(100'000, 3));
    }
    EXPECT_EQ(zipped(text), first);
    GzipStream one;
    GzipStream other;
    one.write(text);
    other.write(text);
    EXPECT_EQ(one.finish(), first);
    EXPECT_EQ(other.finish(), first);
}

TEST(GzipStream, AnotherProgramUnpacksIt) {
    const test::TemporaryFolder folder;
    GzipStream stream;
    stream.write("one ");
    EXPECT_FALSE(stream.fits("two", 1));  // flushes
    stream.write("two");
    test::write_file(folder.file("a.gz"), stream.finish());
    EXPECT_EQ(test::run_command("gzip -dc " + folder.file("a.gz")).text, "one two");
}

TEST(GzipStream, FitsIsNeverWrongAndNearlyExact) {
    const std::uint32_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (const std::uint64_t limit : {1000U, 5000U, 60000U}) {
        GzipStream stream;
        std::uint32_t number = 0;
        const std::string end = "</end>";
        std::string all;
        const auto record = [&] {
            return "<record>" + noise(10, seed + number) + std::string(300, 'r') + "</record>\n";
        };
        while (stream.fits(record() + end, limit)) {
            stream.write(record());
            all += record();
            ++number;
        }
        stream.write(end);
        const auto file = stream.finish();
        EXPECT_LE(file.size(), limit);
        EXPECT_GT(file.size(), limit - 200) << "room was left";
        EXPECT_EQ(*gunzip(file), all + end);
    }
}

TEST(GzipStream, FitsChangesNothingThatIsWritten) {
    GzipStream stream;
    stream.write("abc");
    EXPECT_TRUE(stream.fits("def", 1000));
    EXPECT_FALSE(stream.fits(noise(2000, 3), 1000));
    stream.write("ghi");
    EXPECT_EQ(*gunzip(stream.finish()), "abcghi");
}

TEST(Gunzip, WhatIsNoGzipFileIsAnError) {
    const auto file = zipped(noise(50'000, 2));
    for (const auto& bad : {std::string(), std::string("text"), file.substr(0, 5), file.substr(0, 20'000),
                            file.substr(0, file.size() - 1), file + "x"}) {
        EXPECT_FALSE(gunzip(bad).has_value()) << bad.size();
    }
    auto changed = file;
    changed[file.size() - 6] = static_cast<char>(changed[file.size() - 6] ^ 1);  // of the check sum
    EXPECT_FALSE(gunzip(changed).has_value());
}

}  // namespace
}  // namespace defender::report
