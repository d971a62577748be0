#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "common/store/record_writer.hpp"
#include "common/store/sqlite_store.hpp"
#include "tests/support/recorded.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::store {
namespace {

using test::short_waits;
using test::write;

/// The writer with the store that it has in production.
class RecordWriterSqliteTest : public testing::Test {
  protected:
    [[nodiscard]] RecordWriter::OpenStore open(std::string path) const {
        return [path = std::move(path)] { return open_sqlite_store(path, OpenMode::read_write); };
    }
    static void await_all_written(const RecordWriter& writer) {
        while (writer.counts().queued > 0) std::this_thread::yield();
    }

    const test::TemporaryFolder folder_;
};

TEST_F(RecordWriterSqliteTest, WritesToTheEmbeddedStore) {
    const auto path = folder_.file("defender.db");
    {
        RecordWriter writer(open(path), 1000);
        std::vector<std::future<Status>> all;
        for (int i = 0; i < 200; ++i) all.push_back(write(writer, std::to_string(i)));
        for (auto& each : all) EXPECT_TRUE(each.get());
        EXPECT_LT(writer.counts().commits, 200U) << "each record had a commit of its own";
    }
    EXPECT_EQ(open_sqlite_store(path, OpenMode::read_only).value()->status()->records, 200U);
}

TEST_F(RecordWriterSqliteTest, AFileThatWasMovedAwayIsMadeAnewAndNothingIsLost) {
    const auto path = folder_.file("defender.db");
    RecordWriter writer(open(path), 1000, short_waits);
    EXPECT_TRUE(write(writer, "before").get());
    for (const auto* suffix : {"", "-wal", "-shm"}) {
        std::filesystem::rename(path + suffix, folder_.file("moved.db") + suffix);
    }
    const auto after = write(writer, "after").get();
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().message, path + ": the file was moved away or replaced");
    await_all_written(writer);
    EXPECT_EQ(open_sqlite_store(path, OpenMode::read_only).value()->find("after")->size(), 1U);
    EXPECT_EQ(writer.counts().lost, 0U);
}

TEST_F(RecordWriterSqliteTest, AMissingFolderIsFoundOnceItIsThere) {
    const auto path = folder_.file("sub/defender.db");
    RecordWriter writer(open(path), 1000, short_waits);
    EXPECT_FALSE(write(writer, "A").get());
    std::filesystem::create_directory(folder_.file("sub"));
    await_all_written(writer);
    EXPECT_TRUE(write(writer, "B").get());
    EXPECT_EQ(open_sqlite_store(path, OpenMode::read_only).value()->find("B")->size(), 1U);
}

}  // namespace
}  // namespace defender::store
