#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>

#include "common/store/sqlite_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

/// Whoever makes a file as root stands still in fchown() until the other has opened it, or cannot.
struct Halt {
    std::promise<void> reached;
    std::future<void> other_has_opened;
};
std::atomic<Halt*> halt{nullptr};

}  // namespace

/// In the place of libc's.
extern "C" int fchown(int file, uid_t owner, gid_t group) noexcept {
    if (auto* here = halt.exchange(nullptr)) {
        here->reached.set_value();
        here->other_has_opened.wait_for(std::chrono::milliseconds(500));
    }
    return static_cast<int>(::syscall(SYS_fchown, file, owner, group));
}

namespace defender::store {
namespace {

/// Whether this process holds a lock on the file, as connections do from their first statement on. What asks
/// for it stays open, since to close it would let the lock go.
bool is_locked(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    EXPECT_EQ(::fcntl(file, F_OFD_GETLK, &lock), 0);
    return lock.l_type != F_UNLCK;
}

TEST(SqliteCreationTest, WhoOpensAFileThatIsJustBeingMadeKeepsItsLock) {
    // Without it another process takes the file for unused when it closes it, and deletes the WAL.
    if (::geteuid() != 0) GTEST_SKIP() << "the owner is set by root alone";
    const test::TemporaryFolder folder;
    const auto path = folder.file("defender.db");
    Halt at;
    auto reached = at.reached.get_future();
    std::promise<void> opened;
    at.other_has_opened = opened.get_future();
    halt = &at;
    const auto open = [&] { return open_sqlite_store(path, OpenMode::read_write); };
    auto maker = std::async(std::launch::async, open);
    reached.wait();
    const auto other = open();
    opened.set_value();
    const auto made = maker.get();
    ASSERT_TRUE(other) << other.error().message;
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_TRUE(is_locked(path));
}

}  // namespace
}  // namespace defender::store
