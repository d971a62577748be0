#include "common/dns/system_resolver.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/support/answers.hpp"
#include "tests/support/dns_server.hpp"

namespace defender::dns {
namespace {

using std::chrono::seconds;
using testing::DnsServer;
using testing::Pending;
using testing::ServerQuery;

config::DnsSettings settings_for(const DnsServer& server) {
    config::DnsSettings settings;
    settings.servers = {server.address()};
    settings.try_timeout = seconds(10);
    settings.tries = 2;
    settings.total_timeout = seconds(25);
    settings.cache_records = 1000;
    settings.cache_bytes = 1 << 20;
    settings.max_ttl = seconds(3600);
    settings.max_negative_ttl = seconds(300);
    settings.failure_ttl = seconds(5);
    return settings;
}

testing::ServerReplies found(const ServerQuery& query) {
    return testing::send(query.reply().answer(query.wire_name, query.type, 60, testing::txt({"ok"})));
}

TEST(SystemResolver, AsksTheConfiguredServerOnceForTheSameQuestion) {
    const DnsServer server(found);
    metrics::Metrics metrics;
    const auto resolver = make_system_resolver(settings_for(server), metrics.dns());
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(testing::ask(*resolver, "a.x", RecordType::txt)->texts, std::vector<std::string>{"ok"});
    }
    EXPECT_EQ(server.queries().size(), 1U);
    EXPECT_EQ(metrics.dns().hits.Value(), 4);
}

TEST(SystemResolver, WithoutACacheEveryQuestionIsAsked) {
    const DnsServer server(found);
    metrics::Metrics metrics;
    auto settings = settings_for(server);
    settings.cache_records = 0;
    const auto resolver = make_system_resolver(settings, metrics.dns());
    for (int i = 0; i < 3; ++i) testing::ask(*resolver, "a.x", RecordType::txt);
    EXPECT_EQ(server.queries().size(), 3U);
}

TEST(SystemResolver, AnUnusableServerIsAFailureAtStartUp) {
    const DnsServer server(found);
    metrics::Metrics metrics;
    auto settings = settings_for(server);
    settings.servers = {"not an address"};
    EXPECT_THROW(static_cast<void>(make_system_resolver(settings, metrics.dns())), std::runtime_error);
}

TEST(SystemResolver, ItsEndAnswersWhatIsOutstandingThoughHandlersAskAgain) {
    const DnsServer server([](const ServerQuery&) { return testing::silence(); });
    metrics::Metrics metrics;
    Pending waiting;
    Pending nested;
    {
        const auto resolver = make_system_resolver(settings_for(server), metrics.dns());
        resolver->ask({"a.x", RecordType::txt}, Clock::now() + seconds(20), waiting.handler());
        Resolver& again = *resolver;
        resolver->ask({"b.x", RecordType::txt}, Clock::now() + seconds(20), [&](const AnswerPtr&) {
            again.ask({"c.x", RecordType::txt}, Clock::now() + seconds(20), nested.handler());
        });
    }
    EXPECT_EQ(waiting.get()->outcome, Outcome::tempfail);
    EXPECT_EQ(nested.get()->outcome, Outcome::tempfail);
}

TEST(SystemResolver, ManyThreadsAskAtOnceAndEachQuestionIsAnsweredOnce) {
    const DnsServer server(found);
    metrics::Metrics metrics;
    const auto resolver = make_system_resolver(settings_for(server), metrics.dns());
    std::atomic<int> right = 0;
    std::vector<std::thread> askers;
    for (int t = 0; t < 4; ++t) {
        askers.emplace_back([&] {
            for (int i = 0; i < 150; ++i) {
                const auto answer = testing::ask(*resolver, "n" + std::to_string(i) + ".x", RecordType::txt);
                if (answer && answer->outcome == Outcome::found) ++right;
            }
        });
    }
    for (auto& asker : askers) asker.join();
    EXPECT_EQ(right, 600);
    EXPECT_GE(server.queries().size(), 150U);
}

}  // namespace
}  // namespace defender::dns
