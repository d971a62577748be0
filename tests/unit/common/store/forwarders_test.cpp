// What is learned of forwarders and said of them, on every kind of store. Each kind is one entry of the table
// at the end.
#include "common/store/forwarders.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>

#include "common/store/journal_transfer.hpp"
#include "common/store/postgresql_migrations.hpp"
#include "common/store/sqlite_database.hpp"
#include "tests/support/postgresql_store.hpp"

namespace defender::store {
namespace {

using auth::ForwarderStatus;
using test::unwrap;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t today = 20574;  // 2026-05-01
constexpr LearningTerms usual{3, UtcDay{today - 30}};

Record sighted(const std::string& network, const std::string& domain, std::int64_t day = today) {
    auto record = test::plain_record("Q", day * 86400 + 5);
    record.sighting = {network, domain, UtcDay{day}};
    return record;
}

/// Sightings of domain-FROM.example to domain-TO.example, on one day.
std::vector<Record> many(const std::string& network, int from, int to, std::int64_t day = today) {
    std::vector<Record> records;
    for (int i = from; i <= to; ++i)
        records.push_back(sighted(network, "domain-" + std::to_string(i) + ".example", day));
    return records;
}

/// One kind of store; only the temporary folder or database behind it is shared by its objects.
class Place {
  public:
    virtual ~Place() = default;
    [[nodiscard]] virtual config::StoreSettings settings() const = 0;
    virtual void append(const std::vector<Record>& records) const {
        const auto done = unwrap(open_journal(settings()))->append(records);
        ASSERT_TRUE(done) << done.error().message;
    }
    [[nodiscard]] Forwarders forwarders() const {
        return std::move(*unwrap(open_forwarders(settings(), OpenMode::read_write)));
    }
};

class SqlitePlace final : public Place {
  public:
    [[nodiscard]] config::StoreSettings settings() const override {
        config::StoreSettings settings;
        settings.path = folder_.file("defender.db");
        return settings;
    }

  private:
    test::TemporaryFolder folder_;
};

/// Records are moved as soon as they are appended.
class PostgresqlPlace final : public Place {
  public:
    [[nodiscard]] config::StoreSettings settings() const override { return store_.settings; }
    void append(const std::vector<Record>& records) const override {
        Place::append(records);
        const auto journal = unwrap(Journal::open(store_.settings.path, OpenMode::read_write));
        const auto database = unwrap(PostgresqlConnection::make(store_.settings.postgresql));
        ASSERT_TRUE(bring_up_to_date(*database, OpenMode::read_write));
        while (unwrap(JournalTransfer(*journal, *database).step()).moved > 0) {
        }
    }

  private:
    test::PostgresqlStore store_;
};

struct Kind {
    const char* name;
    std::function<std::unique_ptr<Place>()> make;
};
void PrintTo(const Kind& kind, std::ostream* out) {
    *out << kind.name;
}

class ForwardersContract : public testing::TestWithParam<Kind> {
  protected:
    ForwardersContract() : place_(GetParam().make()) {}

    /// "NETWORK STATUS DOMAINS" of each that is known.
    std::vector<std::string> known(const LearningTerms& terms = usual) const {
        std::vector<std::string> all;
        for (const auto& one : unwrap(place_->forwarders().known(terms))) {
            all.push_back(one.network + " " + std::string(to_string(one.status)) + " " +
                          std::to_string(one.domains));
        }
        std::sort(all.begin(), all.end());
        return all;
    }
    /// "NETWORK STATUS DOMAINS" of each that is listed.
    std::vector<std::string> listed(bool all = false) const {
        std::vector<std::string> lines;
        for (const auto& one : unwrap(place_->forwarders().list(usual, all))) {
            lines.push_back(one.network + " " + std::string(to_string(one.status)) + " " +
                            std::to_string(one.domains));
        }
        return lines;
    }
    void rule(const std::string& network, ForwarderStatus status, const std::string& comment = "") const {
        ASSERT_TRUE(place_->forwarders().rule({network, status, 1777636800, comment}));
    }

    std::unique_ptr<Place> place_;
};

TEST_P(ForwardersContract, NothingIsKnownAtFirst) {
    EXPECT_THAT(known(), IsEmpty());
    EXPECT_THAT(listed(true), IsEmpty());
}

TEST_P(ForwardersContract, ANetworkIsLearnedFromTheLeastNumberOfDomainsOn) {
    place_->append(many("192.0.2.1", 1, 2));
    place_->append(many("192.0.2.2", 1, 3));
    place_->append(many("2001:db8::/64", 1, 4));
    EXPECT_THAT(known(), ElementsAre("192.0.2.2 learned 3", "2001:db8::/64 learned 4"));
    EXPECT_THAT(known({2, usual.since}),
                ElementsAre("192.0.2.1 learned 2", "192.0.2.2 learned 3", "2001:db8::/64 learned 4"));
}

TEST_P(ForwardersContract, ADomainCountsOnceHoweverOftenItIsSeen) {
    for (int i = 0; i < 3; ++i)
        place_->append({sighted("192.0.2.1", "example.org"), sighted("192.0.2.1", "example.org"),
                        sighted("192.0.2.1", "example.net", today - i)});
    EXPECT_THAT(known({1, usual.since}), ElementsAre("192.0.2.1 learned 2"));
}

TEST_P(ForwardersContract, RecordsWithoutASightingTeachNothing) {
    place_->append(test::records_named("A", 5));
    EXPECT_THAT(listed(true), IsEmpty());
}

TEST_P(ForwardersContract, TheFirstAndLastDayAreKept) {
    place_->append(many("192.0.2.1", 1, 3, today - 3));
    place_->append(many("192.0.2.1", 2, 2, today));
    place_->append(many("192.0.2.1", 3, 3, today - 1));
    const auto list = unwrap(place_->forwarders().list(usual, false));
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].first_day, UtcDay{today - 3});
    EXPECT_EQ(list[0].last_day, UtcDay{today});
    EXPECT_FALSE(list[0].ruling);
}

TEST_P(ForwardersContract, AnOlderDayThatComesLateChangesNoLastDay) {
    place_->append(many("192.0.2.1", 1, 3, today));
    place_->append(many("192.0.2.1", 1, 3, today - 5));
    EXPECT_EQ(unwrap(place_->forwarders().list(usual, false)).at(0).last_day, UtcDay{today});
}

TEST_P(ForwardersContract, WhatWasSeenTooLongAgoDoesNotCount) {
    place_->append(many("192.0.2.1", 1, 2, today - 30));
    place_->append(many("192.0.2.1", 3, 3, today - 31));
    EXPECT_THAT(known(), IsEmpty());
    EXPECT_THAT(listed(true), ElementsAre("192.0.2.1 unknown 2"));
    place_->append(many("192.0.2.1", 3, 3, today));
    EXPECT_THAT(known(), ElementsAre("192.0.2.1 learned 3"));
}

TEST_P(ForwardersContract, ExpiryDeletesWhatIsOlderAndNothingElse) {
    place_->append(many("192.0.2.1", 1, 2500, today - 31));
    place_->append(many("192.0.2.2", 1, 3, today - 30));
    rule("192.0.2.3", ForwarderStatus::denied);
    EXPECT_EQ(unwrap(expire_sightings(place_->settings(), usual.since)),
              static_cast<std::uint64_t>(most_domains_of_a_network));
    EXPECT_THAT(known(), ElementsAre("192.0.2.2 learned 3", "192.0.2.3 denied 0"));
    EXPECT_EQ(unwrap(expire_sightings(place_->settings(), usual.since)), 0U);
}

TEST_P(ForwardersContract, OfOneNetworkNotMoreDomainsAreKeptThanAreEverAskedFor) {
    place_->append(many("192.0.2.1", 1, static_cast<int>(most_domains_of_a_network) - 1));
    place_->append(many("192.0.2.1", 5001, 5001));
    place_->append(many("192.0.2.1", 5002, 5002));
    place_->append(many("192.0.2.2", 1, 3));
    EXPECT_THAT(known(), ElementsAre("192.0.2.1 learned 1000", "192.0.2.2 learned 3"));
    place_->append(many("192.0.2.1", 7, 7, today + 1));
    EXPECT_EQ(unwrap(place_->forwarders().list(usual, false)).at(0).last_day, UtcDay{today + 1})
        << "what is there is still kept up to date";
}

TEST_P(ForwardersContract, TheOperatorsWordIsKnownUntilItIsTakenBack) {
    rule("192.0.2.0/24", ForwarderStatus::confirmed, "the list server");
    rule("2001:db8::/64", ForwarderStatus::denied);
    EXPECT_THAT(known(), ElementsAre("192.0.2.0/24 confirmed 0", "2001:db8::/64 denied 0"));
    const auto list = unwrap(place_->forwarders().list(usual, false));
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].network, "2001:db8::/64") << "IPv6 stands first";
    EXPECT_EQ(list[1].ruling,
              (ForwarderRuling{"192.0.2.0/24", ForwarderStatus::confirmed, 1777636800, "the list server"}));
    EXPECT_FALSE(list[1].first_day);
    EXPECT_THAT(list[1].some_domains, IsEmpty());
    EXPECT_TRUE(unwrap(place_->forwarders().forget("192.0.2.0/24")));
    EXPECT_THAT(known(), ElementsAre("2001:db8::/64 denied 0"));
    EXPECT_FALSE(unwrap(place_->forwarders().forget("192.0.2.0/24")));
}

TEST_P(ForwardersContract, ANewRulingTakesThePlaceOfTheOld) {
    rule("192.0.2.1", ForwarderStatus::confirmed, "a");
    rule("192.0.2.1", ForwarderStatus::denied, "b");
    EXPECT_THAT(known(), ElementsAre("192.0.2.1 denied 0"));
    EXPECT_EQ(unwrap(place_->forwarders().list(usual, false)).at(0).ruling->comment, "b");
}

TEST_P(ForwardersContract, ForgettingLearnsAnew) {
    place_->append(many("192.0.2.1", 1, 3));
    place_->append(many("192.0.2.2", 1, 3));
    rule("192.0.2.1", ForwarderStatus::denied);
    EXPECT_THAT(listed(), ElementsAre("192.0.2.1 denied 3", "192.0.2.2 learned 3"));
    EXPECT_TRUE(unwrap(place_->forwarders().forget("192.0.2.1")));
    EXPECT_THAT(listed(true), ElementsAre("192.0.2.2 learned 3"));
    place_->append(many("192.0.2.1", 1, 3));
    EXPECT_THAT(listed(), ElementsAre("192.0.2.1 learned 3", "192.0.2.2 learned 3"));
}

TEST_P(ForwardersContract, TheListShowsEachNetworkAsItsClientsAreMetWith) {
    place_->append(many("192.0.2.1", 1, 3));
    place_->append(many("192.0.2.77", 1, 3));
    place_->append(many("192.0.2.99", 1, 1));
    place_->append(many("192.0.9.1", 1, 1));
    rule("192.0.2.0/24", ForwarderStatus::denied, "dynamic addresses");
    rule("192.0.2.64/26", ForwarderStatus::confirmed);
    EXPECT_THAT(listed(),
                ElementsAre("192.0.2.0/24 denied 0", "192.0.2.1 denied 3", "192.0.2.64/26 confirmed 0",
                            "192.0.2.77 confirmed 3", "192.0.2.99 confirmed 1"));
    EXPECT_THAT(listed(true), testing::Contains("192.0.9.1 unknown 1"));
    const auto list = unwrap(place_->forwarders().list(usual, false));
    EXPECT_EQ(list[1].ruling->network, "192.0.2.0/24");
    EXPECT_EQ(list[1].ruling->comment, "dynamic addresses");
}

TEST_P(ForwardersContract, TheListNamesTheFirstFewDomains) {
    place_->append(many("192.0.2.1", 1, 8));
    const auto list = unwrap(place_->forwarders().list(usual, false));
    EXPECT_EQ(list.at(0).domains, 8U);
    EXPECT_THAT(list[0].some_domains, ElementsAre("domain-1.example", "domain-2.example", "domain-3.example",
                                                  "domain-4.example", "domain-5.example"));
}

TEST_P(ForwardersContract, NetworksAreListedInTheirOrderNotInThatOfTheirTexts) {
    for (const auto* network : {"192.0.2.10", "192.0.2.9", "2001:db8::/64", "9.0.0.1"})
        place_->append(many(network, 1, 3));
    EXPECT_THAT(listed(), ElementsAre("2001:db8::/64 learned 3", "9.0.0.1 learned 3", "192.0.2.9 learned 3",
                                      "192.0.2.10 learned 3"));
}

TEST_P(ForwardersContract, ACommentMayHoldAnyOctets) {
    std::string odd;
    for (int octet = 0; octet < 256; ++octet) odd += static_cast<char>(octet);
    rule("192.0.2.1", ForwarderStatus::confirmed, odd);
    EXPECT_THAT(unwrap(place_->forwarders().list(usual, false)).at(0).ruling->comment,
                testing::HasSubstr("PQR"));
}

TEST(LearningTerms, CountBackFromThePresentDay) {
    config::IndirectSettings settings;
    settings.least_domains = 7;
    settings.keep_days = 30;
    const auto terms = learning_terms(settings, UtcDay{today}.begin() + 5);
    EXPECT_EQ(terms.least_domains, 7U);
    EXPECT_EQ(terms.since, UtcDay{today - 30});
}

INSTANTIATE_TEST_SUITE_P(Stores, ForwardersContract,
                         testing::Values(Kind{"Sqlite", [] { return std::make_unique<SqlitePlace>(); }},
                                         Kind{"Postgresql",
                                              [] { return std::make_unique<PostgresqlPlace>(); }}),
                         [](const auto& kind) { return std::string(kind.param.name); });

/// A journal and the database behind it.
class SightingsOnTheirWay : public testing::Test {
  protected:
    void append(const config::StoreSettings& host, const std::vector<Record>& records) const {
        const auto done = unwrap(open_journal(host))->append(records);
        ASSERT_TRUE(done) << done.error().message;
    }
    void move(const config::StoreSettings& host) const {
        const auto journal = unwrap(Journal::open(host.path, OpenMode::read_write));
        const auto database = unwrap(PostgresqlConnection::make(host.postgresql));
        ASSERT_TRUE(bring_up_to_date(*database, OpenMode::read_write));
        while (unwrap(JournalTransfer(*journal, *database).step()).moved > 0) {
        }
    }
    /// Sightings in the journal's file.
    std::int64_t waiting(const config::StoreSettings& host) const {
        const auto file =
            unwrap(SqliteDatabase::open(host.path, OpenMode::read_write, std::chrono::milliseconds{5000}));
        return unwrap(file->number("SELECT count(*) FROM forwarding_sighting"));
    }
    std::string arrived() const {
        return store_.sql(
            "SELECT coalesce(string_agg(concat_ws(' ', network, domain, first_day, last_day),"
            " '; ' ORDER BY network, domain), '') FROM forwarding_sighting");
    }

    test::PostgresqlStore store_;
};

TEST_F(SightingsOnTheirWay, TheyMoveWithTheirRecordsAndLeaveTheJournal) {
    append(store_.settings, {sighted("192.0.2.1", "a.example"), sighted("192.0.2.1", "b.example")});
    EXPECT_EQ(waiting(store_.settings), 2);
    move(store_.settings);
    EXPECT_EQ(waiting(store_.settings), 0);
    EXPECT_EQ(arrived(), "192.0.2.1 a.example 20574 20574; 192.0.2.1 b.example 20574 20574");
}

TEST_F(SightingsOnTheirWay, HostsShareWhatTheyLearn) {
    const auto other = store_.other_host("other.db");
    append(store_.settings,
           {sighted("192.0.2.1", "a.example"), sighted("192.0.2.1", "b.example", today - 2)});
    append(other, {sighted("192.0.2.1", "b.example", today - 1), sighted("192.0.2.1", "c.example")});
    move(store_.settings);
    move(other);
    EXPECT_EQ(arrived(),
              "192.0.2.1 a.example 20574 20574; 192.0.2.1 b.example 20572 20573;"
              " 192.0.2.1 c.example 20574 20574");
    EXPECT_EQ(unwrap(unwrap(open_forwarders(other, OpenMode::read_only))->known(usual)).size(), 1U);
}

TEST_F(SightingsOnTheirWay, MovingTheSameAgainChangesNothing) {
    append(store_.settings, {sighted("192.0.2.1", "a.example")});
    const auto copy = store_.folder.file("copy.db");
    std::filesystem::copy_file(store_.settings.path, copy);
    move(store_.settings);
    std::filesystem::copy_file(copy, store_.settings.path, std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(waiting(store_.settings), 1);
    move(store_.settings);
    EXPECT_EQ(arrived(), "192.0.2.1 a.example 20574 20574");
    EXPECT_EQ(store_.arrived(), "1 0");
}

TEST_F(SightingsOnTheirWay, ASightingThatIsSeenAgainBeforeItMovesGoesWithTheLaterRecord) {
    append(store_.settings, {sighted("192.0.2.1", "a.example", today - 1)});
    append(store_.settings, {sighted("192.0.2.1", "a.example", today)});
    move(store_.settings);
    EXPECT_EQ(arrived(), "192.0.2.1 a.example 20573 20574");
    EXPECT_EQ(waiting(store_.settings), 0);
}

TEST_F(SightingsOnTheirWay, WhatWaitsExpiresToo) {
    append(store_.settings,
           {sighted("192.0.2.1", "a.example", today - 50), sighted("192.0.2.1", "b.example")});
    EXPECT_EQ(unwrap(expire_sightings(store_.settings, usual.since)), 1U);
    EXPECT_EQ(waiting(store_.settings), 1);
}

}  // namespace
}  // namespace defender::store
