#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "common/config/settings_reader.hpp"

namespace defender::config {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// A folder of its own for each test, gone afterwards.
class SettingsFile : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "settings_file_XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string write(const std::string& text) {
        const auto path = folder_ / "defender.toml";
        std::ofstream(path, std::ios::binary) << text;
        return path.string();
    }

    std::filesystem::path folder_;
};

TEST_F(SettingsFile, IsRead) {
    const auto reading = read_settings_file(write("[milter]\nworkers = 7\n"));
    ASSERT_TRUE(reading.settings);
    EXPECT_EQ(reading.settings->milter.workers, 7U);
}

TEST_F(SettingsFile, ErrorsNameThePath) {
    const std::string path = write("[milter]\nworkers = 0\n");
    const auto reading = read_settings_file(path);
    ASSERT_THAT(reading.errors, SizeIs(1));
    EXPECT_THAT(reading.errors[0].to_string(), StartsWith(path + ":2:11: "));
}

TEST_F(SettingsFile, MissingFileIsAnErrorThatSaysWhy) {
    const auto reading = read_settings_file((folder_ / "none.toml").string());
    EXPECT_FALSE(reading.settings);
    ASSERT_THAT(reading.errors, SizeIs(1));
    EXPECT_THAT(reading.errors[0].to_string(),
                HasSubstr(":0:0: cannot be read: No such file or directory; "));
}

TEST_F(SettingsFile, FolderIsAnErrorThatSaysWhy) {
    const auto reading = read_settings_file(folder_.string());
    EXPECT_FALSE(reading.settings);
    ASSERT_THAT(reading.errors, SizeIs(1));
    EXPECT_THAT(reading.errors[0].what, HasSubstr("Is a directory"));
}

TEST_F(SettingsFile, EndlessFileIsRefused) {
    const auto reading = read_settings_file("/dev/zero");
    EXPECT_FALSE(reading.settings);
    ASSERT_THAT(reading.errors, SizeIs(1));
    EXPECT_THAT(reading.errors[0].what, HasSubstr("larger than 1 MiB"));
}

}  // namespace
}  // namespace defender::config
