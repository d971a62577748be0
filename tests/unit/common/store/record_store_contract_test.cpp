// What every kind of RecordStore must do. Each kind is one entry of the table at the end.
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "common/store/evidence_json.hpp"
#include "common/store/journal_transfer.hpp"
#include "common/store/json_fields.hpp"
#include "common/store/judgement_json.hpp"
#include "common/store/postgresql_migrations.hpp"
#include "common/store/record_store.hpp"
#include "common/store/sqlite_store.hpp"
#include "common/store/stores.hpp"
#include "tests/support/postgresql_server.hpp"
#include "tests/support/sample_record.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::store {
namespace {

/// Opens one more object on the store of one test.
using Open = std::function<std::unique_ptr<RecordStore>()>;
struct Kind {
    const char* name;
    std::function<Open(const test::TemporaryFolder&)> make;
};
void PrintTo(const Kind& kind, std::ostream* out) {
    *out << kind.name;
}

class RecordStoreContract : public testing::TestWithParam<Kind> {
  protected:
    RecordStoreContract() : open_(GetParam().make(folder_)) {}

    test::TemporaryFolder folder_;
    Open open_;
};

std::vector<std::string> ids_of(const std::vector<Record>& records) {
    std::vector<std::string> ids;
    for (const auto& record : records) ids.push_back(record.evidence.queue_id);
    return ids;
}

TEST_P(RecordStoreContract, ARecordComesBackWhole) {
    const auto before = test::sample_record();
    ASSERT_TRUE(open_()->append({before}));
    const auto found = open_()->find("4F2A1B");
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    const auto& after = found->front();
    EXPECT_EQ(after.host, before.host);
    EXPECT_EQ(after.reply, before.reply);
    EXPECT_EQ(after.error, before.error);
    EXPECT_EQ(after.milliseconds, before.milliseconds);
    EXPECT_EQ(json_text(to_json(after.evidence)), json_text(to_json(before.evidence)));
    EXPECT_EQ(json_text(to_json(after.judgement)), json_text(to_json(before.judgement)));
}

TEST_P(RecordStoreContract, AnUnknownQueueIdFindsNothing) {
    const auto store = open_();
    ASSERT_TRUE(store->append({test::plain_record("A")}));
    for (const auto* id : {"", "B", "a", "A ", "%", "A' OR '1'='1"}) {
        const auto found = store->find(id);
        ASSERT_TRUE(found) << found.error().message;
        EXPECT_TRUE(found->empty()) << id;
    }
}

TEST_P(RecordStoreContract, AQueueIdUsedAgainFindsTheNewestFirst) {
    const auto store = open_();
    auto record = test::plain_record("A", 200);
    ASSERT_TRUE(store->append({test::plain_record("A", 100), test::plain_record("A", 300), record}));
    record.milliseconds = 7;
    ASSERT_TRUE(store->append({record}));
    const auto found = store->find("A");
    ASSERT_TRUE(found);
    ASSERT_EQ(found->size(), 4U);
    EXPECT_EQ((*found)[0].evidence.received_at, 300);
    EXPECT_EQ((*found)[1].milliseconds, 7);
    EXPECT_EQ((*found)[2].evidence.received_at, 200);
    EXPECT_EQ((*found)[3].evidence.received_at, 100);
}

TEST_P(RecordStoreContract, AnEmptyBatchIsDone) {
    const auto store = open_();
    EXPECT_TRUE(store->append({}));
    EXPECT_EQ(store->status()->records, 0U);
}

TEST_P(RecordStoreContract, AnyOctetsCanBeStoredAndFoundAgain) {
    const auto store = open_();
    std::string odd = "Q";
    for (int octet = 0; octet < 256; ++octet) odd += static_cast<char>(octet);
    auto record = test::plain_record(odd);
    record.host = record.reply = record.error = record.evidence.mail_from = record.evidence.client.helo = odd;
    record.judgement.trace = {{odd, odd}};
    ASSERT_TRUE(store->append({record}));
    const auto found = store->find(odd);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_NE(found->front().reply.find("QR"), 0U);
    EXPECT_NE(found->front().reply.find("PQR"), std::string::npos);
}

TEST_P(RecordStoreContract, ALargeRecordIsStoredWhole) {
    const auto store = open_();
    auto record = test::plain_record("large");
    record.evidence.author_addresses.assign(10000, std::string(300, 'a') + "@example.org");
    ASSERT_TRUE(store->append({record}));
    const auto found = store->find("large");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->front().evidence.author_addresses, record.evidence.author_addresses);
}

TEST_P(RecordStoreContract, StatusCountsAndDates) {
    const auto store = open_();
    auto status = store->status();
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_EQ(status->records, 0U);
    EXPECT_EQ(status->oldest, std::nullopt);
    EXPECT_EQ(status->newest, std::nullopt);
    EXPECT_GE(status->schema_version, 1);
    ASSERT_TRUE(store->append({test::plain_record("A", 500), test::plain_record("B", 100)}));
    status = store->status();
    EXPECT_EQ(status->records, 2U);
    EXPECT_EQ(status->oldest, 100);
    EXPECT_EQ(status->newest, 500);
    EXPECT_GT(status->bytes, 0U);
}

/// The first moment of the day after 1970-01-01. A limit at the end of a day means the same to every store.
constexpr UtcSeconds second_day = 86400;

TEST_P(RecordStoreContract, ExpireDeletesWhatIsOlderAndNothingElse) {
    const auto store = open_();
    ASSERT_TRUE(store->append({test::plain_record("A", second_day - 1), test::plain_record("B", second_day),
                               test::plain_record("C", second_day + 1), test::plain_record("D", -5)}));
    const auto expired = store->expire(second_day);
    ASSERT_TRUE(expired) << expired.error().message;
    EXPECT_EQ(*expired, 2U);
    EXPECT_TRUE(store->find("A")->empty());
    EXPECT_TRUE(store->find("D")->empty());
    EXPECT_EQ(ids_of(*store->find("B")), std::vector<std::string>{"B"});
    EXPECT_EQ(ids_of(*store->find("C")), std::vector<std::string>{"C"});
    EXPECT_EQ(*store->expire(second_day), 0U);
}

TEST_P(RecordStoreContract, ExpireWithinADayKeepsWhatIsNewerAndNothingOfTheDaysBefore) {
    const auto store = open_();
    const auto noon = second_day + second_day / 2;
    ASSERT_TRUE(store->append({test::plain_record("A", second_day - 1), test::plain_record("B", noon - 1),
                               test::plain_record("C", noon)}));
    ASSERT_TRUE(store->expire(noon));
    EXPECT_TRUE(store->find("A")->empty());
    EXPECT_EQ(ids_of(*store->find("C")), std::vector<std::string>{"C"});
}

TEST_P(RecordStoreContract, RecordsOfADayThatHasExpiredCanBeStoredAgain) {
    const auto store = open_();
    ASSERT_TRUE(store->append({test::plain_record("A", 5)}));
    ASSERT_TRUE(store->expire(second_day));
    ASSERT_TRUE(store->append({test::plain_record("B", 6)}));
    EXPECT_TRUE(store->find("A")->empty());
    EXPECT_EQ(store->find("B")->size(), 1U);
}

TEST_P(RecordStoreContract, ExpireGoesOnBeyondOneTransaction) {
    const auto store = open_();
    std::vector<Record> records;
    for (int i = 0; i < 2500; ++i) records.push_back(test::plain_record("old", i));
    records.push_back(test::plain_record("new", second_day));
    ASSERT_TRUE(store->append(records));
    EXPECT_EQ(*store->expire(second_day), 2500U);
    EXPECT_EQ(store->status()->records, 1U);
}

TEST_P(RecordStoreContract, SeveralObjectsShareOneStore) {
    constexpr int writers = 4;
    constexpr int batches = 25;
    std::vector<std::future<void>> writing;
    for (int writer = 0; writer < writers; ++writer) {
        writing.push_back(std::async(std::launch::async, [this, writer] {
            const auto store = open_();
            for (int batch = 0; batch < batches; ++batch) {
                const auto id = std::to_string(writer) + "-" + std::to_string(batch);
                const auto done = store->append({test::plain_record(id), test::plain_record(id)});
                EXPECT_TRUE(done) << done.error().message;
            }
        }));
    }
    for (auto& each : writing) each.get();
    const auto store = open_();
    EXPECT_EQ(store->status()->records, 2U * writers * batches);
    EXPECT_EQ(store->find("3-24")->size(), 2U);
}

TEST_P(RecordStoreContract, WhatOneObjectHasWrittenAnotherSeesAtOnce) {
    const auto one = open_();
    const auto other = open_();
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(one->append({test::plain_record("A")}));
        EXPECT_EQ(other->find("A")->size(), static_cast<std::size_t>(i + 1));
    }
}

TEST_P(RecordStoreContract, RecordsOutliveTheObjectThatWroteThem) {
    ASSERT_TRUE(open_()->append({test::plain_record("A")}));
    EXPECT_EQ(open_()->find("A")->size(), 1U);
}

std::unique_ptr<RecordStore> unwrap(Result<std::unique_ptr<RecordStore>> opened) {
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(opened).value();
}

Open sqlite_store(const test::TemporaryFolder& folder) {
    return
        [path = folder.file("defender.db")] { return unwrap(open_sqlite_store(path, OpenMode::read_write)); };
}

config::StoreSettings with_postgresql(const test::TemporaryFolder& folder) {
    config::StoreSettings settings;
    settings.path = folder.file("defender.db");
    settings.postgresql = test::PostgresqlServer::instance().make_database();
    settings.journal_max = 1000000;
    unwrap(open_journal(settings));
    return settings;
}

/// PostgreSQL with its journal, in which all records still wait.
Open journaled_store(const test::TemporaryFolder& folder) {
    return
        [settings = with_postgresql(folder)] { return unwrap(open_records(settings, OpenMode::read_write)); };
}

/// PostgreSQL with its journal, of which every record is moved as soon as it is appended.
class MovedAtOnce final : public RecordStore {
  public:
    explicit MovedAtOnce(const config::StoreSettings& settings)
        : store_(unwrap(open_records(settings, OpenMode::read_write))),
          journal_(std::move(Journal::open(settings.path, OpenMode::read_write)).value()),
          database_(std::move(PostgresqlConnection::make(settings.postgresql)).value()) {
        EXPECT_TRUE(bring_up_to_date(*database_, OpenMode::read_write));
    }
    Status append_rows(const std::vector<RecordRow>& rows) override {
        if (auto done = store_->append_rows(rows); !done) return done;
        for (;;) {
            const auto moved = JournalTransfer(*journal_, *database_).step();
            if (!moved) return moved.error();
            if (moved->moved == 0) return Done{};
        }
    }
    Result<std::vector<Record>> find(const std::string& queue_id) override { return store_->find(queue_id); }
    Result<std::uint64_t> expire(UtcSeconds before) override { return store_->expire(before); }
    Result<StoreStatus> status() override { return store_->status(); }

  private:
    std::unique_ptr<RecordStore> store_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<PostgresqlConnection> database_;
};

Open postgresql_store(const test::TemporaryFolder& folder) {
    return [settings = with_postgresql(folder)] { return std::make_unique<MovedAtOnce>(settings); };
}

INSTANTIATE_TEST_SUITE_P(Stores, RecordStoreContract,
                         testing::Values(Kind{"Sqlite", sqlite_store}, Kind{"Journaled", journaled_store},
                                         Kind{"Postgresql", postgresql_store}),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(SqliteStoreExpiry, IsExactToTheSecond) {
    const test::TemporaryFolder folder;
    const auto store = sqlite_store(folder)();
    ASSERT_TRUE(store->append({test::plain_record("A", 99), test::plain_record("B", 100)}));
    EXPECT_EQ(*store->expire(100), 1U);
    EXPECT_TRUE(store->find("A")->empty());
    EXPECT_EQ(store->find("B")->size(), 1U);
}

}  // namespace
}  // namespace defender::store
