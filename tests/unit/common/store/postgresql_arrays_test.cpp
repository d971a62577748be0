#include "common/store/postgresql_arrays.hpp"

#include <gtest/gtest.h>

namespace defender::store {
namespace {

TEST(PostgresqlArray, IsWrittenAsTheServerReadsIt) {
    PostgresqlArray array;
    EXPECT_EQ(array.take(), "{}");
    array.add(std::int64_t{-5});
    array.add(std::int64_t{0});
    EXPECT_EQ(array.take(), "{-5,0}");
    array.add("plain");
    array.add("");
    array.add("NULL");
    array.add("{a,\"b\"}\\");
    EXPECT_EQ(array.take(), R"({"plain","","NULL","{a,\"b\"}\\"})");
    array.add_octets(std::string_view("\0\xff\"", 3));
    array.add_octets("");
    EXPECT_EQ(array.take(), R"({"\\x00ff22","\\x"})");
    EXPECT_EQ(array.take(), "{}") << "nothing stays";
}

}  // namespace
}  // namespace defender::store
