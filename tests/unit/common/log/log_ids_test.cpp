#include "common/log/log_ids.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

namespace defender::log {
namespace {

std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// An id and the level that it is logged at, as in "STORE_OPENED info".
std::string id_at(std::string_view id, std::string_view level) {
    return std::string(id) + " " + std::string(level);
}

/// What a source file logs: every such word in the first argument of a call.
std::set<std::string> ids_in(const std::string& source) {
    static const std::regex call(R"rx(log::(debug|info|warning|error)\(([^,;]*))rx");
    static const std::regex word(R"rx("([A-Za-z0-9_]+)")rx");
    std::set<std::string> ids;
    for (std::sregex_iterator at(source.begin(), source.end(), call), end; at != end; ++at) {
        const std::string argument = (*at)[2].str();
        for (std::sregex_iterator it(argument.begin(), argument.end(), word); it != end; ++it) {
            ids.insert(id_at((*it)[1].str(), (*at)[1].str()));
        }
    }
    return ids;
}

TEST(LogIds, StandInOrderAndOnce) {
    const auto ids = log_ids();
    const auto out_of_order = std::adjacent_find(ids.begin(), ids.end(),
                                                 [](const LogId& a, const LogId& b) { return a.id >= b.id; });
    EXPECT_EQ(out_of_order, ids.end()) << out_of_order->id;
}

TEST(LogIds, AreUpperCaseWordsWithAMeaning) {
    const std::regex shape("[A-Z][A-Z0-9]*(_[A-Z0-9]+)+");
    for (const LogId& row : log_ids()) {
        EXPECT_TRUE(std::regex_match(std::string(row.id), shape)) << row.id;
        EXPECT_TRUE(row.meaning.ends_with('.')) << row.id;
        EXPECT_TRUE(row.advice.empty() || row.advice.ends_with('.')) << row.id;
    }
}

std::set<std::string> ids_in_sources() {
    std::set<std::string> ids;
    const std::filesystem::path root(DEFENDER_SOURCE_DIR);
    for (const char* folder : {"common", "milter", "reporter", "ctl"}) {
        for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
            if (entry.path().extension() == ".cpp") ids.merge(ids_in(contents(entry.path())));
        }
    }
    return ids;
}

TEST(LogIds, TableHoldsTheIdsThatTheSourcesLogWithTheirLevelAndNoOthers) {
    std::set<std::string> known;
    for (const LogId& row : log_ids()) known.insert(id_at(row.id, to_string(row.level)));
    EXPECT_EQ(known, ids_in_sources());
}

TEST(LogIds, SourcesAreSearchedOverLineBreaks) {
    EXPECT_EQ(ids_in("log::warning(\n    \"A_B\", {}); log::info(\"C_D\");"),
              (std::set<std::string>{"A_B warning", "C_D info"}));
}

TEST(LogManual, PageInTheTreeIsTheOneThatTheTableMakes) {
    EXPECT_EQ(contents(std::filesystem::path(DEFENDER_SOURCE_DIR) / "docs/man/defender-log.7"),
              log_man_page())
        << "run: cmake --build BUILD --target manuals";
}

TEST(LogManual, NamesEveryId) {
    const std::string page = log_man_page();
    for (const LogId& row : log_ids()) {
        EXPECT_THAT(page, ::testing::HasSubstr("\n.B \"" + std::string(row.id) + "\"\n"));
    }
}

}  // namespace
}  // namespace defender::log
