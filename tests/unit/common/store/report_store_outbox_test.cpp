// What the outbox must do on every kind of database.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <set>

#include "tests/support/sample_report.hpp"

namespace defender::store {
namespace {

using test::must;
using test::sample_day;
using test::sample_document;
using test::sample_noon;

constexpr UtcSeconds now = sample_noon;
const Lease mine{"host-a:1", now + 100};
const Lease others{"host-b:2", now + 1000};

class ReportStoreOutbox : public testing::TestWithParam<test::ReportDatabaseKind> {
  protected:
    /// Adds a document with one delivery, and gives the delivery.
    Delivery add(const std::string& report_id, const std::function<void(NewDocument&)>& change = {}) {
        auto document = sample_document(report_id);
        if (change) change(document);
        must(store_->add(document));
        return listing(report_id).delivery;
    }
    DeliveryListing listing(const std::string& report_id) {
        DeliveryFilter filter;
        filter.report_id = report_id;
        return must(store_->list(filter)).at(0);
    }
    Delivery claim_one(UtcSeconds when = now, const Lease& lease = mine) {
        return must(store_->claim(when, lease, 1)).at(0);
    }
    bool advance(Delivery delivery, DeliveryState state, UtcSeconds at, const Lease& lease = mine) {
        delivery.state = state;
        delivery.changed_at = at;
        return must(store_->advance(delivery, lease));
    }

    std::unique_ptr<test::ReportDatabase> database_ = GetParam().make();
    std::unique_ptr<ReportStore> store_ = database_->open_store();
    std::unique_ptr<ReportStore> other_ = database_->open_store();
};

TEST_P(ReportStoreOutbox, ADocumentComesBackWhole) {
    auto made = sample_document("id");
    auto& before = made.document;
    before.kind = DocumentKind::size_notice;
    before.edition = 2;
    before.part = 3;
    before.parts = 4;
    before.content = std::string("\0\x01\xff\\x", 5) + std::string(100000, '\0');
    made.deliveries[0].max_octets = 10485760;
    must(store_->add(made));
    const auto found = listing("id");
    const auto after = must(store_->document(found.document.id)).value();
    EXPECT_EQ(after.kind, before.kind);
    EXPECT_EQ(after.report_id, before.report_id);
    EXPECT_EQ(after.policy_domain, before.policy_domain);
    EXPECT_EQ(after.day, before.day);
    EXPECT_EQ(after.edition, 2U);
    EXPECT_EQ(after.part, 3U);
    EXPECT_EQ(after.parts, 4U);
    EXPECT_EQ(after.schema, before.schema);
    EXPECT_EQ(after.filename, before.filename);
    EXPECT_EQ(after.content, before.content);
    EXPECT_EQ(after.messages, 7U);
    EXPECT_EQ(after.rows, 3U);
    EXPECT_EQ(after.made_at, before.made_at);
    EXPECT_EQ(found.document.content, "") << "not in a list";
    EXPECT_EQ(found.document.filename, before.filename);
    EXPECT_EQ(found.delivery.document_id, after.id);
    EXPECT_EQ(found.delivery.uri, "mailto:d@example.org");
    EXPECT_EQ(found.delivery.max_octets, 10485760U);
    EXPECT_EQ(must(store_->document(12345)), std::nullopt);
}

TEST_P(ReportStoreOutbox, AReportIdIsThereOnce) {
    must(store_->add(sample_document("id")));
    auto other = sample_document("id");
    other.document.content = "other";
    must(store_->add(other));
    EXPECT_EQ(must(store_->list({})).size(), 1U);
    EXPECT_EQ(must(store_->document(listing("id").document.id))->content,
              sample_document("id").document.content);
}

TEST_P(ReportStoreOutbox, TheLongestDueIsClaimedFirstAndNothingBeforeItsTime) {
    for (const auto* id : {"c", "a", "b", "d"}) {
        add(id, [&](NewDocument& made) { made.deliveries[0].next_at = now + (id[0] - 'c') * 10; });
    }
    std::vector<UtcSeconds> times;
    for (const auto& delivery : must(store_->claim(now, mine, 10))) times.push_back(delivery.next_at - now);
    EXPECT_EQ(times, (std::vector<UtcSeconds>{-20, -10, 0}));
    EXPECT_TRUE(must(store_->claim(now + 9, mine, 10)).empty());
    EXPECT_EQ(must(store_->claim(now + 10, mine, 10)).size(), 1U);
}

TEST_P(ReportStoreOutbox, TheLimitOfAClaimIsKept) {
    for (const auto* id : {"a", "b", "c"}) add(id);
    EXPECT_EQ(must(store_->claim(now, mine, 2)).size(), 2U);
    EXPECT_EQ(must(store_->claim(now, mine, 2)).size(), 1U);
    EXPECT_TRUE(must(store_->claim(now, mine, 2)).empty());
}

TEST_P(ReportStoreOutbox, TwoNeverHoldOneDelivery) {
    add("a");
    EXPECT_EQ(must(store_->claim(now, mine, 5)).size(), 1U);
    EXPECT_TRUE(must(other_->claim(now, others, 5)).empty());
    EXPECT_TRUE(must(store_->claim(now, mine, 5)).empty()) << "nor does one hold it twice";
}

TEST_P(ReportStoreOutbox, SeveralClaimAtOnceAndEachDeliveryIsClaimedOnce) {
    constexpr std::size_t deliveries = 60;
    for (std::size_t i = 0; i < deliveries; ++i) add("id" + std::to_string(i));
    const auto claim_all = [this](const std::string& owner) {
        const auto store = database_->open_store();
        std::vector<std::int64_t> ids;
        for (;;) {
            const auto some = must(store->claim(now, {owner, now + 100}, 3));
            if (some.empty()) return ids;
            for (const auto& delivery : some) ids.push_back(delivery.id);
        }
    };
    std::vector<std::future<std::vector<std::int64_t>>> owners;
    for (const auto* owner : {"a", "b", "c"}) {
        owners.push_back(std::async(std::launch::async, claim_all, std::string(owner)));
    }
    std::vector<std::int64_t> all;
    for (auto& each : owners) {
        const auto ids = each.get();
        all.insert(all.end(), ids.begin(), ids.end());
    }
    EXPECT_EQ(all.size(), deliveries);
    EXPECT_EQ(std::set<std::int64_t>(all.begin(), all.end()).size(), deliveries);
}

TEST_P(ReportStoreOutbox, ALeaseThatIsOverIsTakenOver) {
    add("a");
    const auto delivery = claim_one();
    EXPECT_TRUE(must(other_->claim(mine.until - 1, others, 5)).empty());
    EXPECT_EQ(must(other_->claim(mine.until, others, 5)).size(), 1U);
    EXPECT_FALSE(advance(delivery, DeliveryState::sent, now));
    EXPECT_EQ(listing("a").delivery.state, DeliveryState::made) << "nothing is written";
    EXPECT_EQ(must(store_->history(delivery.id)).size(), 1U);
    EXPECT_TRUE(advance(delivery, DeliveryState::sent, now, others));
}

TEST_P(ReportStoreOutbox, ADeliveryGoesItsWayUnderOneLease) {
    add("a");
    auto delivery = claim_one();
    EXPECT_TRUE(advance(delivery, DeliveryState::verified, now + 1));
    EXPECT_TRUE(must(other_->claim(now + 1, others, 5)).empty()) << "held";
    EXPECT_TRUE(advance(delivery, DeliveryState::sending, now + 2));
    EXPECT_TRUE(must(other_->claim(now + 2, others, 5)).empty()) << "held";
    delivery.answer = "250 ok";
    EXPECT_TRUE(advance(delivery, DeliveryState::sent, now + 3));
    EXPECT_FALSE(advance(delivery, DeliveryState::retry, now + 4)) << "its lease has ended";
    EXPECT_TRUE(must(other_->claim(now + 100000, others, 5)).empty()) << "at its end";
    std::vector<std::pair<UtcSeconds, DeliveryState>> steps;
    for (const auto& step : must(store_->history(delivery.id))) steps.emplace_back(step.at - now, step.state);
    EXPECT_EQ(steps, (std::vector<std::pair<UtcSeconds, DeliveryState>>{{0, DeliveryState::made},
                                                                        {1, DeliveryState::verified},
                                                                        {2, DeliveryState::sending},
                                                                        {3, DeliveryState::sent}}));
    EXPECT_EQ(must(store_->history(delivery.id)).back().answer, "250 ok");
}

TEST_P(ReportStoreOutbox, EveryStateIsKeptAndThoseAtTheirEndAreNotClaimed) {
    using enum DeliveryState;
    for (const auto state : {made, verified, sending, sent, retry, given_up, skipped}) {
        const std::string id(to_string(state));
        const auto added = add(id);
        const auto delivery = claim_one();
        ASSERT_EQ(delivery.id, added.id);
        EXPECT_TRUE(advance(delivery, state, now));
        EXPECT_EQ(listing(id).delivery.state, state);
        const auto again = must(other_->claim(mine.until, others, 5));
        EXPECT_EQ(again.size(), at_its_end(state) ? 0U : 1U) << id;
        for (const auto& each : again) EXPECT_TRUE(advance(each, skipped, now, others));
    }
    EXPECT_EQ(must(store_->counts()).waiting, 0U);
}

TEST_P(ReportStoreOutbox, AdvancingKeepsWhatTheDeliverySays) {
    add("a", [](NewDocument& made) { made.deliveries[0].max_octets = 7; });
    auto delivery = claim_one();
    delivery.state = DeliveryState::retry;
    delivery.address = "else@example.org";
    delivery.attempts = 3;
    delivery.next_at = now + 300;
    delivery.first_try_at = now - 5;
    delivery.changed_at = now + 1;
    delivery.answer = "451 \xff later";
    EXPECT_TRUE(must(store_->advance(delivery, mine)));
    const auto found = listing("a").delivery;
    EXPECT_EQ(found.state, DeliveryState::retry);
    EXPECT_EQ(found.address, "else@example.org");
    EXPECT_EQ(found.uri, "mailto:d@example.org");
    EXPECT_EQ(found.max_octets, 7U);
    EXPECT_EQ(found.attempts, 3U);
    EXPECT_EQ(found.next_at, now + 300);
    EXPECT_EQ(found.first_try_at, now - 5);
    EXPECT_EQ(found.changed_at, now + 1);
    EXPECT_EQ(found.answer, "451 \xEF\xBF\xBD later");
    EXPECT_TRUE(must(store_->claim(now + 299, mine, 1)).empty());
    EXPECT_EQ(claim_one(now + 300, others).attempts, 3U);
}

TEST_P(ReportStoreOutbox, OtherAddressesOfADestinationAreAddedInOneStep) {
    add("a");
    auto delivery = claim_one();
    auto another = delivery;
    another.address = "second@example.org";
    delivery.state = DeliveryState::verified;
    EXPECT_FALSE(must(store_->advance_and_add(delivery, others, {another}))) << "not the holder";
    EXPECT_EQ(must(store_->list({})).size(), 1U);
    EXPECT_TRUE(must(store_->advance_and_add(delivery, mine, {another})));
    const auto all = must(store_->list({}));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].delivery.address, "second@example.org");
    EXPECT_EQ(all[1].delivery.document_id, all[0].delivery.document_id);
    EXPECT_EQ(claim_one().id, all[1].delivery.id) << "nobody holds it yet";
}

TEST_P(ReportStoreOutbox, ListsCanBeFiltered) {
    add("a");
    add("b", [](NewDocument& made) {
        made.document.day = UtcDay{sample_day.number + 1};
        made.document.made_at = now + 1;
    });
    add("c", [](NewDocument& made) {
        made.document.policy_domain = "example.net";
        made.document.made_at = now + 2;
        made.deliveries[0].state = DeliveryState::skipped;
    });
    const auto ids = [&](const DeliveryFilter& filter) {
        std::string all;
        for (const auto& each : must(store_->list(filter))) all += each.document.report_id;
        return all;
    };
    EXPECT_EQ(ids({}), "cba") << "the newest first";
    EXPECT_EQ(ids({sample_day, "", "", {}, 9}), "ca");
    EXPECT_EQ(ids({{}, "example.org", "", {}, 9}), "ba");
    EXPECT_EQ(ids({{}, "", "b", {}, 9}), "b");
    EXPECT_EQ(ids({{}, "", "", DeliveryState::made, 9}), "ba");
    EXPECT_EQ(ids({sample_day, "example.org", "a", DeliveryState::made, 9}), "a");
    EXPECT_EQ(ids({{}, "' OR ''='", "", {}, 9}), "");
    EXPECT_EQ(ids({{}, "", "", {}, 2}), "cb");
    EXPECT_EQ(ids({{}, "", "", {}, 0}), "");
    EXPECT_EQ(ids({{}, "", "", {}, UINT64_MAX}), "cba");
}

TEST_P(ReportStoreOutbox, AResendBeginsAnewWithTheSameDocument) {
    const auto added = add("a");
    auto delivery = claim_one();
    delivery.attempts = 9;
    delivery.first_try_at = now;
    EXPECT_FALSE(must(store_->resend(delivery.id, now))) << "held";
    EXPECT_TRUE(advance(delivery, DeliveryState::given_up, now));
    EXPECT_FALSE(must(store_->resend(12345, now)));
    EXPECT_TRUE(must(store_->resend(delivery.id, now + 7)));
    EXPECT_TRUE(must(store_->claim(now + 6, others, 1)).empty());
    const auto again = claim_one(now + 7, others);
    EXPECT_EQ(again.id, added.id);
    EXPECT_EQ(again.document_id, added.document_id);
    EXPECT_EQ(again.state, DeliveryState::made);
    EXPECT_EQ(again.attempts, 0U);
    EXPECT_EQ(again.first_try_at, 0);
    const auto steps = must(store_->history(added.id));
    ASSERT_EQ(steps.size(), 3U);
    EXPECT_EQ(steps.back().at, now + 7);
    EXPECT_FALSE(must(store_->resend(delivery.id, others.until - 1)));
    EXPECT_TRUE(must(store_->resend(delivery.id, others.until))) << "its lease is over";
}

TEST_P(ReportStoreOutbox, WhatWasSentIsCountedByItsTime) {
    for (const int at : {0, 10, 20}) {
        add("id" + std::to_string(at));
        EXPECT_TRUE(advance(claim_one(), DeliveryState::sent, now + at));
    }
    add("not sent");
    EXPECT_EQ(must(store_->sent_since(now)), 3U);
    EXPECT_EQ(must(store_->sent_since(now + 10)), 2U);
    EXPECT_EQ(must(store_->sent_since(now + 21)), 0U);
    const auto delivery = listing("id0").delivery.id;
    EXPECT_TRUE(must(store_->resend(delivery, now + 30)));
    EXPECT_EQ(must(store_->sent_since(now)), 3U) << "it was sent nevertheless";
}

TEST_P(ReportStoreOutbox, SuppressionsAreReplacedAndLifted) {
    EXPECT_EQ(must(store_->suppression("a@example.org")), std::nullopt);
    must(store_->suppress({"A@Example.org", now + 5, 1, "550 no such user"}));
    must(store_->suppress({"example.net", now + 9, 0, "asked to"}));
    must(store_->suppress({"a@example.org", now + 50, 2, "again"}));
    const auto found = must(store_->suppression("a@EXAMPLE.org"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->destination, "a@example.org");
    EXPECT_EQ(found->until, now + 50);
    EXPECT_EQ(found->strikes, 2U);
    EXPECT_EQ(found->reason, "again");
    const auto all = must(store_->suppressions());
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].destination, "example.net");
    EXPECT_TRUE(must(store_->lift_suppression("A@example.org")));
    EXPECT_FALSE(must(store_->lift_suppression("a@example.org")));
    EXPECT_EQ(must(store_->suppressions()).size(), 1U);
}

TEST_P(ReportStoreOutbox, OldDocumentsGoWithTheirHistoryUnlessTheyWait) {
    for (int i = 0; i < 250; ++i) {
        add("old" + std::to_string(i), [](NewDocument& made) {
            made.document.made_at = now - 1;
            made.deliveries[0].state = DeliveryState::skipped;
        });
    }
    add("waiting", [](NewDocument& made) { made.document.made_at = now - 1; });
    add("new", [](NewDocument& made) { made.deliveries[0].state = DeliveryState::skipped; });
    EXPECT_EQ(must(store_->expire_documents(now)), 250U);
    EXPECT_EQ(must(store_->expire_documents(now)), 0U);
    EXPECT_EQ(must(store_->list({})).size(), 2U);
    EXPECT_EQ(database_->number("SELECT count(*) FROM delivery"), 2);
    EXPECT_EQ(database_->number("SELECT count(*) FROM delivery_step"), 2);
}

TEST_P(ReportStoreOutbox, AClosedReportIsForgottenWithItsLastDocument) {
    database_->append({test::judged_message(), test::judged_message("example.net")});
    must(store_->fold(10));
    for (const auto& report : must(store_->open_reports({}, ""))) {
        must(store_->begin_close_of(report.id, mine));
        std::vector<NewDocument> documents;
        if (report.policy_domain == "example.org") documents = {sample_document("id", now + 86400)};
        EXPECT_TRUE(must(store_->finish_close(report.id, mine, documents)));
    }
    must(store_->expire_documents(sample_day.end() - 1));
    EXPECT_EQ(database_->number("SELECT count(*) FROM report"), 2) << "their day is not over";
    must(store_->expire_documents(sample_day.end()));
    EXPECT_EQ(database_->number("SELECT count(*) FROM report"), 1) << "the one with a document";
    EXPECT_TRUE(advance(claim_one(now + 86400, mine), DeliveryState::sent, now + 86400));
    EXPECT_EQ(must(store_->expire_documents(now + 86401)), 1U);
    EXPECT_EQ(database_->number("SELECT count(*) FROM report"), 0);
}

TEST_P(ReportStoreOutbox, CountsTellWhatIsThere) {
    auto counts = must(store_->counts());
    EXPECT_EQ(counts.open_reports + counts.waiting + counts.unfolded, 0U);
    database_->append(test::judged_messages(4, test::judged_message()));
    must(store_->fold(3));
    add("a");
    add("b", [](NewDocument& made) { made.deliveries[0].state = DeliveryState::given_up; });
    counts = must(store_->counts());
    EXPECT_EQ(counts.open_reports, 1U);
    EXPECT_EQ(counts.waiting, 1U);
    EXPECT_EQ(counts.unfolded, 1U);
}

TEST_P(ReportStoreOutbox, AWordOfANewerProgramIsAnErrorNotAGuess) {
    add("a");
    must(database_->open()->run("UPDATE delivery SET state = 'folded'"));
    const auto listed = store_->list({});
    ASSERT_FALSE(listed);
    EXPECT_EQ(listed.error().message, "the outbox has the word folded, which this program does not know");
}

INSTANTIATE_TEST_SUITE_P(Stores, ReportStoreOutbox, testing::ValuesIn(test::report_database_kinds()),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(DeliveryStates, NamesLeadBackToThem) {
    using enum DeliveryState;
    for (const auto state : {made, verified, sending, sent, retry, given_up, skipped}) {
        EXPECT_EQ(delivery_state_from(to_string(state)), state);
    }
    for (const auto kind : {DocumentKind::aggregate, DocumentKind::size_notice, DocumentKind::failure}) {
        EXPECT_EQ(document_kind_from(to_string(kind)), kind);
    }
    EXPECT_EQ(delivery_state_from("Sent"), std::nullopt);
    EXPECT_EQ(document_kind_from(""), std::nullopt);
}

}  // namespace
}  // namespace defender::store
