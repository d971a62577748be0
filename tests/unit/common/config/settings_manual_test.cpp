#include "common/config/settings_manual.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "common/base/text.hpp"
#include "common/config/settings_reader.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string contents(const std::string& path) {
    std::ifstream file(std::filesystem::path(DEFENDER_SOURCE_DIR) / path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(SettingsManual, ShippedFileIsTheOneThatTheTableMakes) {
    EXPECT_EQ(contents("conf/defender.toml"), shipped_settings())
        << "run: cmake --build BUILD --target manuals";
}

TEST(SettingsManual, PageInTheTreeIsTheOneThatTheTableMakes) {
    EXPECT_EQ(contents("docs/man/defender.toml.5"), settings_man_page())
        << "run: cmake --build BUILD --target manuals";
}

TEST(SettingsManual, PageOnReloadingInTheTreeIsTheOneThatTheTableMakes) {
    EXPECT_EQ(contents("docs/RELOADING.md"), reloading_page()) << "run: cmake --build BUILD --target manuals";
}

TEST(SettingsManual, PageOnReloadingHasEachSettingWhereItBelongs) {
    const std::string page = reloading_page();
    EXPECT_THAT(page, HasSubstr("\n| `[metrics]` |  | `listen` |\n"));
    EXPECT_THAT(page, HasSubstr("\n| `[policy]` | `mode`, "));
    EXPECT_THAT(page, HasSubstr("`override.author_domains`"));
}

TEST(SettingsManual, ShippedFileIsValidAndEqualsTheDefaults) {
    const auto reading = read_settings_file(std::string(DEFENDER_SOURCE_DIR) + "/conf/defender.toml");
    ASSERT_THAT(reading.errors, IsEmpty()) << reading.errors.front().to_string();
    const auto defaults = default_settings();
    for (const auto& section : settings_sections()) {
        for (const auto& row : section.rows) {
            EXPECT_EQ(row.get(*reading.settings), row.get(*defaults)) << section.name << "." << row.info.name;
        }
    }
    EXPECT_THAT(reading.settings->policy.overrides, IsEmpty());
    EXPECT_TRUE(reading.settings->report.destinations.empty());
}

TEST(SettingsManual, EverySettingStandsInBothDocuments) {
    const std::string file = shipped_settings();
    const std::string page = settings_man_page();
    for (const auto& section : settings_sections()) {
        EXPECT_THAT(file, HasSubstr("\n[" + std::string(section.name) + "]\n"));
        for (const auto& row : section.rows) {
            EXPECT_THAT(file,
                        HasSubstr("\n" + std::string(row.info.name) + " = " + to_toml(*row.fallback) + "\n"));
            EXPECT_THAT(page, HasSubstr("\n.B \"" + std::string(row.info.name) + "\"\n"));
        }
    }
    for (const auto& section : settings_sections()) {
        for (const auto& array : section.arrays) {
            const std::string name = std::string(section.name) + "." + std::string(array.key);
            EXPECT_THAT(file, HasSubstr("\n#[[" + name + "]]\n"));
            for (const auto& row : array.rows) {
                EXPECT_THAT(file, HasSubstr("\n#" + std::string(row.info.name) + " = "));
                EXPECT_THAT(page, HasSubstr("\n.B \"" + std::string(row.info.name) + "\"\n"));
            }
        }
    }
}

/// The examples of the page, without roff's escapes.
std::string examples_of(const std::string& page) {
    std::string out;
    for (auto at = page.find(".EX\n"); at != std::string::npos; at = page.find(".EX\n", at + 1)) {
        out += page.substr(at + 4, page.find(".EE\n", at) - at - 4);
    }
    for (auto at = out.find("\\-"); at != std::string::npos; at = out.find("\\-")) out.erase(at, 1);
    return out;
}

TEST(SettingsManual, ExamplesOnThePageAreValid) {
    const auto reading = read_settings(examples_of(contents("docs/man/defender.toml.5")), "example");
    ASSERT_THAT(reading.errors, IsEmpty()) << reading.errors.front().to_string();
    EXPECT_EQ(reading.settings->policy.overrides.size(), 1U);
    EXPECT_EQ(reading.settings->report.destinations.size(), 1U);
}

TEST(SettingsManual, LinesOfTheShippedFileAreShortAndPlain) {
    std::istringstream lines(shipped_settings());
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 100U) << line;
        EXPECT_EQ(text::printable(line, 1000), line);
        EXPECT_FALSE(line.ends_with(' ')) << line;
    }
}

}  // namespace
}  // namespace defender::config
