#include "ctl/milter_status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/store/json_fields.hpp"
#include "tests/support/status_socket.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::ctl {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class MilterStatus : public testing::Test {
  protected:
    [[nodiscard]] Result<store::Json> ask_with(const std::string& answer) {
        const test::StatusSocket socket(path_, answer);
        return ask_milter(path_, 5s);
    }
    test::TemporaryFolder folder_;
    std::string path_ = folder_.file("status.sock");
};

TEST_F(MilterStatus, TheAnswerIsReadToItsEnd) {
    const auto status =
        ask_with(R"({"version":"0.1.0","store":{"queued":3},"more":")" + std::string(100000, 'x') + "\"}");
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ((*status)["version"], "0.1.0");
    EXPECT_EQ((*status)["store"]["queued"], 3);
}

TEST_F(MilterStatus, WhereNobodyListensTheReasonIsSaid) {
    const auto status = ask_milter(path_, 5s);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().message, path_ + ": No such file or directory");
}

TEST_F(MilterStatus, AnAnswerThatIsNoObjectIsAnError) {
    for (const auto* answer : {"", "nonsense", "[1]", "{\"a\":", "7"}) {
        const auto status = ask_with(answer);
        ASSERT_FALSE(status) << answer;
        EXPECT_THAT(status.error().message, HasSubstr("no JSON object"));
    }
}

TEST_F(MilterStatus, AnAnswerWithoutEndIsCutOff) {
    const auto status = ask_with(std::string(3 * 1024 * 1024, ' '));
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message, HasSubstr("the answer is too long"));
}

TEST_F(MilterStatus, AMilterThatDoesNotAnswerIsNotWaitedForLong) {
    const test::StatusSocket silent(path_);
    const auto status = ask_milter(path_, 50ms);
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message, HasSubstr("timed out"));
}

TEST_F(MilterStatus, APathTooLongForASocketIsAnError) {
    EXPECT_FALSE(ask_milter("/" + std::string(200, 'x'), 5s));
}

}  // namespace
}  // namespace defender::ctl
