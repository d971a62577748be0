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
    for (const auto& row : override_rows()) {
        EXPECT_THAT(file, HasSubstr("\n#" + std::string(row.info.name) + " = "));
        EXPECT_THAT(page, HasSubstr("\n.B \"" + std::string(row.info.name) + "\"\n"));
    }
}

TEST(SettingsManual, ExampleOfAnOverrideOnThePageIsValid) {
    const std::string page = contents("docs/man/defender.toml.5");
    const auto begin = page.find(".EX\n") + 4;
    std::string example = page.substr(begin, page.find(".EE\n") - begin);
    for (auto at = example.find("\\-"); at != std::string::npos; at = example.find("\\-"))
        example.erase(at, 1);
    const auto reading = read_settings(example, "example");
    ASSERT_THAT(reading.errors, IsEmpty()) << reading.errors.front().to_string();
    EXPECT_EQ(reading.settings->policy.overrides.size(), 1U);
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
