#include "common/config/settings_table.hpp"

#include <gmock/gmock.h>

#include <regex>
#include <set>

#include "common/config/settings_reader.hpp"

namespace defender::config {
namespace {

template <typename Row>
void expect_documented(const Row& row, std::set<std::string>& seen) {
    const std::string name(row.info.name);
    EXPECT_TRUE(seen.insert(name).second) << name << " stands twice";
    EXPECT_TRUE(std::regex_match(name, std::regex("[a-z][a-z0-9_]*"))) << name;
    EXPECT_TRUE(row.info.manual.ends_with('.')) << name;
    EXPECT_FALSE(describe(row.takes).empty()) << name;
}

/// Whether the value is of the kind that the row takes, which set() relies on.
bool fits(const Value& value, const Takes& takes) {
    if (std::holds_alternative<TakesSwitch>(takes)) return std::holds_alternative<bool>(value);
    if (std::holds_alternative<TakesNumber>(takes)) return std::holds_alternative<std::int64_t>(value);
    if (std::holds_alternative<TakesList>(takes))
        return std::holds_alternative<std::vector<std::string>>(value);
    return std::holds_alternative<std::string>(value);
}

TEST(SettingsTable, EverySettingHasANameAManualAndADefault) {
    std::set<std::string> sections;
    for (const auto& section : settings_sections()) {
        EXPECT_TRUE(sections.insert(std::string(section.name)).second) << section.name;
        EXPECT_TRUE(section.manual.ends_with('.')) << section.name;
        std::set<std::string> seen;
        for (const auto& row : section.rows) {
            expect_documented(row, seen);
            ASSERT_TRUE(row.fallback) << row.info.name;
            EXPECT_TRUE(fits(*row.fallback, row.takes)) << row.info.name;
        }
    }
}

TEST(SettingsTable, EverySettingOfAnArrayHasANameAndAManual) {
    for (const auto& section : settings_sections()) {
        for (const auto& array : section.arrays) {
            EXPECT_TRUE(array.manual.ends_with('.')) << array.key;
            std::set<std::string> seen;
            for (const auto& row : array.rows) {
                expect_documented(row, seen);
                EXPECT_TRUE(!row.fallback || fits(*row.fallback, row.takes)) << row.info.name;
            }
        }
    }
}

TEST(SettingsTable, RowsOfAnArraySetTheLastEntry) {
    Settings settings = *default_settings();
    const auto sections = settings_sections();
    for (const auto& section : sections) {
        for (const auto& array : section.arrays) {
            array.add(settings);
            for (const auto& row : array.rows) {
                const auto* takes = std::get_if<TakesWord>(&row.takes);
                if (takes == nullptr) continue;
                for (const auto& word : takes->words) {
                    EXPECT_TRUE(row.set(settings, Value(word)).empty()) << word;
                    EXPECT_EQ(row.get(settings), Value(word)) << word;
                }
            }
        }
    }
    EXPECT_EQ(settings.policy.overrides.size(), 1U);
    EXPECT_EQ(settings.report.destinations.size(), 1U);
}

TEST(SettingsTable, EveryListOfTablesCanBeEmptied) {
    Settings settings = *default_settings();
    for (const auto& section : settings_sections()) {
        for (const auto& array : section.arrays) {
            ASSERT_TRUE(array.clear) << section.name << "." << array.key;
            array.add(settings);
            array.clear(settings);
        }
    }
    EXPECT_TRUE(settings.policy.overrides.empty());
    EXPECT_TRUE(settings.report.destinations.empty());
}

TEST(SettingsTable, WhatIsSetIsWhatIsRead) {
    for (const auto& section : settings_sections()) {
        for (const auto& row : section.rows) {
            Settings settings;
            EXPECT_TRUE(row.set(settings, *row.fallback).empty()) << row.info.name;
            const Value read = row.get(settings);
            Settings again;
            EXPECT_TRUE(row.set(again, read).empty()) << row.info.name;
            EXPECT_EQ(row.get(again), read) << section.name << "." << row.info.name;
            // Items of lists are read in canonical form: "::1" comes back as "::1/128".
            if (std::holds_alternative<TakesList>(row.takes)) continue;
            EXPECT_EQ(read, *row.fallback) << section.name << "." << row.info.name;
        }
    }
}

TEST(SettingsTable, RowsSetDifferentMembers) {
    Settings settings = *default_settings();
    for (const auto& section : settings_sections()) {
        for (const auto& row : section.rows) {
            const auto* range = std::get_if<TakesNumber>(&row.takes);
            if (range == nullptr) continue;
            Settings changed = settings;
            ASSERT_TRUE(row.set(changed, Value(range->least)).empty());
            for (const auto& other_section : settings_sections()) {
                for (const auto& other : other_section.rows) {
                    if (&other == &row) continue;
                    EXPECT_EQ(other.get(changed), other.get(settings))
                        << row.info.name << " " << other.info.name;
                }
            }
        }
    }
}

TEST(SettingsTable, EveryWordIsSetAndRead) {
    for (const auto& section : settings_sections()) {
        for (const auto& row : section.rows) {
            const auto* takes = std::get_if<TakesWord>(&row.takes);
            if (takes == nullptr) continue;
            for (const auto& word : takes->words) {
                Settings settings;
                EXPECT_TRUE(row.set(settings, Value(word)).empty()) << word;
                EXPECT_EQ(row.get(settings), Value(word)) << section.name << "." << row.info.name;
            }
        }
    }
}

}  // namespace
}  // namespace defender::config
