#include "common/auth/public_suffix_list.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace defender::auth {
namespace {

struct Row {
    std::string name;
    std::string organizational_domain;
};

DomainName domain(const std::string& text) {
    const auto name = DomainName::parse(text);
    EXPECT_TRUE(name) << text;
    return name.value();
}

void expect_rows(const PublicSuffixList& list, const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        EXPECT_EQ(list.organizational_domain(domain(row.name)).text(),
                  domain(row.organizational_domain).text())
            << row.name;
    }
}

/// A list in a file that is gone with the object.
class ListFile {
  public:
    explicit ListFile(const std::string& text)
        : path_(std::filesystem::temp_directory_path() /
                ("defender-psl-" + std::to_string(getpid()) + "-" +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".dat")) {
        std::ofstream(path_) << text;
    }
    ~ListFile() { std::filesystem::remove(path_); }
    ListFile(const ListFile&) = delete;
    ListFile& operator=(const ListFile&) = delete;
    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::filesystem::path path_;
};

const std::string own_rules =
    "// Rules of the published forms\n"
    "// ===BEGIN ICANN DOMAINS===\n"
    "com\nuk\nco.uk\njp\nco.jp\nkyoto.jp\nide.kyoto.jp\n*.kawasaki.jp\n!city.kawasaki.jp\n*.ck\n!www.ck\n"
    "cn\ncom.cn\n\xe5\x85\xac\xe5\x8f\xb8.cn\n\xe4\xb8\xad\xe5\x9b\xbd\nmm\n"
    "// ===END ICANN DOMAINS===\n"
    "// ===BEGIN PRIVATE DOMAINS===\n"
    "blogspot.com\n"
    "// ===END PRIVATE DOMAINS===\n";

const std::vector<Row> ordinary_rows = {
    {"example.com", "example.com"},
    {"b.example.com", "example.com"},
    {"a.b.example.com", "example.com"},
    {"com", "com"},
    {"example.co.uk", "example.co.uk"},
    {"mail.example.co.uk", "example.co.uk"},
    {"co.uk", "co.uk"},
    {"test.jp", "test.jp"},
    {"www.test.jp", "test.jp"},
    {"co.jp", "co.jp"},
    {"test.co.jp", "test.co.jp"},
    {"www.test.co.jp", "test.co.jp"},
    {"kyoto.jp", "kyoto.jp"},
    {"test.kyoto.jp", "test.kyoto.jp"},
    {"ide.kyoto.jp", "ide.kyoto.jp"},
    {"b.ide.kyoto.jp", "b.ide.kyoto.jp"},
    {"a.b.ide.kyoto.jp", "b.ide.kyoto.jp"},
    {"_dmarc.example.com", "example.com"},
    {"a_b.example.com", "example.com"},
};

const std::vector<Row> wildcard_rows = {
    {"c.kawasaki.jp", "c.kawasaki.jp"},
    {"b.c.kawasaki.jp", "b.c.kawasaki.jp"},
    {"a.b.c.kawasaki.jp", "b.c.kawasaki.jp"},
    {"city.kawasaki.jp", "city.kawasaki.jp"},
    {"www.city.kawasaki.jp", "city.kawasaki.jp"},
    {"ck", "ck"},
    {"test.ck", "test.ck"},
    {"b.test.ck", "b.test.ck"},
    {"a.b.test.ck", "b.test.ck"},
    {"www.ck", "www.ck"},
    {"www.www.ck", "www.ck"},
};

const std::vector<Row> idn_rows = {
    {"\xe9\xa3\x9f\xe7\x8b\xae.com.cn", "xn--85x722f.com.cn"},
    {"xn--85x722f.com.cn", "xn--85x722f.com.cn"},
    {"www.xn--85x722f.xn--55qx5d.cn", "xn--85x722f.xn--55qx5d.cn"},
    {"xn--55qx5d.cn", "xn--55qx5d.cn"},
    {"shishi.xn--55qx5d.cn", "shishi.xn--55qx5d.cn"},
    {"www.shishi.xn--fiqs8s", "shishi.xn--fiqs8s"},
    {"xn--fiqs8s", "xn--fiqs8s"},
};

const std::vector<Row> private_rows = {
    {"blogspot.com", "blogspot.com"},
    {"one.blogspot.com", "one.blogspot.com"},
    {"www.one.blogspot.com", "one.blogspot.com"},
};

const std::vector<Row> unlisted_rows = {
    {"defender-unlisted", "defender-unlisted"},
    {"a.defender-unlisted", "a.defender-unlisted"},
    {"b.a.defender-unlisted", "a.defender-unlisted"},
    {"c.b.a.defender-unlisted", "a.defender-unlisted"},
};

void expect_all(const PublicSuffixList& list) {
    expect_rows(list, ordinary_rows);
    expect_rows(list, wildcard_rows);
    expect_rows(list, idn_rows);
    expect_rows(list, private_rows);
    expect_rows(list, unlisted_rows);
}

TEST(PublicSuffixList, ListInAFileFollowsThePublishedAlgorithm) {
    const ListFile file(own_rules);
    const auto list = PublicSuffixList::load(file.path());
    ASSERT_TRUE(list) << list.error().message;
    expect_all(**list);
}

TEST(PublicSuffixList, SystemListFollowsThePublishedAlgorithm) {
    const auto list = PublicSuffixList::load("");
    ASSERT_TRUE(list) << list.error().message;
    expect_all(**list);
}

TEST(PublicSuffixList, DebiansListLoadsInBothForms) {
    for (const std::string path : {"/usr/share/publicsuffix/public_suffix_list.dat",
                                   "/usr/share/publicsuffix/public_suffix_list.dafsa"}) {
        if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not installed";
        const auto list = PublicSuffixList::load(path);
        ASSERT_TRUE(list) << list.error().message;
        expect_all(**list);
    }
}

TEST(PublicSuffixList, SuffixesAreKnownAsSuch) {
    const ListFile file(own_rules);
    const auto list = PublicSuffixList::load(file.path());
    ASSERT_TRUE(list) << list.error().message;
    for (const std::string suffix : {"com", "co.uk", "ck", "test.ck", "c.kawasaki.jp", "xn--55qx5d.cn",
                                     "blogspot.com", "defender-unlisted"}) {
        EXPECT_TRUE((*list)->is_public_suffix(domain(suffix))) << suffix;
    }
    for (const std::string name :
         {"example.com", "www.ck", "city.kawasaki.jp", "a.blogspot.com", "a.defender-unlisted"}) {
        EXPECT_FALSE((*list)->is_public_suffix(domain(name))) << name;
    }
}

TEST(PublicSuffixList, LongestNameHasAnOrganizationalDomain) {
    const ListFile file(own_rules);
    const auto list = PublicSuffixList::load(file.path());
    ASSERT_TRUE(list) << list.error().message;
    std::string name = "example.com";
    while (name.size() + 2 <= 253) name = "a." + name;
    EXPECT_EQ((*list)->organizational_domain(domain(name)).text(), "example.com");
}

TEST(PublicSuffixList, MissingFileIsAnErrorThatNamesIt) {
    const auto list = PublicSuffixList::load("/nonexistent/list.dat");
    ASSERT_FALSE(list);
    EXPECT_NE(list.error().message.find("/nonexistent/list.dat"), std::string::npos);
}

TEST(PublicSuffixList, FileWithoutRulesIsAnError) {
    for (const std::string text : {"", "\n\n", "// only a comment\n"}) {
        const ListFile file(text);
        EXPECT_FALSE(PublicSuffixList::load(file.path())) << text;
    }
}

TEST(PublicSuffixList, DirectoryIsAnError) {
    EXPECT_FALSE(PublicSuffixList::load(std::filesystem::temp_directory_path().string()));
}

TEST(PublicSuffixList, NamesThatWereLookedUpBeforeHaveTheSameOrganizationalDomainAgain) {
    const ListFile file(own_rules);
    const auto list = PublicSuffixList::load(file.path());
    ASSERT_TRUE(list);
    // More than are kept, so that they take each other's places; on several threads.
    const auto look = [&] {
        for (int round = 0; round < 2; ++round) {
            for (int number = 0; number < 5000; ++number) {
                const auto own = "d" + std::to_string(number) + ".co.jp";
                ASSERT_EQ((*list)->organizational_domain(domain("a." + own)).text(), own);
                ASSERT_EQ((*list)->organizational_domain(domain(own)).text(), own);
            }
        }
    };
    std::thread other(look);
    look();
    other.join();
}

}  // namespace
}  // namespace defender::auth
