#include "common/metrics/metrics.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "common/metrics/log_lines.hpp"

namespace defender::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

/// What the endpoint answers to GET /metrics, head and body.
std::string fetch(int port) {
    const int handle = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string answer;
    if (::connect(handle, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        const std::string_view question =
            "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        EXPECT_EQ(::send(handle, question.data(), question.size(), 0), static_cast<ssize_t>(question.size()));
        std::array<char, 4096> piece{};
        for (ssize_t n = 0; (n = ::recv(handle, piece.data(), piece.size(), 0)) > 0;) {
            answer.append(piece.data(), static_cast<std::size_t>(n));
        }
    }
    ::close(handle);
    return answer;
}

TEST(Metrics, EveryFigureStartsAtZeroAndIsNamed) {
    const Metrics metrics;
    const std::string text = metrics.text();
    for (const std::string name :
         {"dns_queries_total", "dns_cache_hits_total", "dns_joins_total", "dns_failures_total",
          "dns_cache_records", "dns_cache_bytes", "milter_connections", "milter_in_flight",
          "milter_errors_total", "milter_limits_total", "store_records_written_total",
          "store_records_lost_total", "store_commits_total", "store_queued_records",
          "store_records_moved_total", "store_journal_records", "store_set_aside_records",
          "store_postgresql_away"}) {
        EXPECT_THAT(text, HasSubstr("\ndefender_" + name + " 0\n")) << name;
        EXPECT_THAT(text, HasSubstr("# HELP defender_" + name + " ")) << name;
    }
    EXPECT_THAT(text, HasSubstr("defender_dns_latency_seconds_count 0\n"));
    EXPECT_THAT(text, HasSubstr("defender_milter_judge_seconds_count 0\n"));
}

TEST(Metrics, WithoutALogThereAreNoLinesOfIt) {
    EXPECT_THAT(Metrics().text(), ::testing::Not(HasSubstr("defender_log_lines")));
}

TEST(Metrics, EveryNameStartsWithDefender) {
    Metrics metrics;
    metrics.milter().messages.Add({{"dmarc", "pass"}, {"disposition", "none"}}).Increment();
    std::istringstream lines(metrics.text());
    for (std::string line; std::getline(lines, line);) {
        EXPECT_TRUE(std::regex_search(line, std::regex("^(# (HELP|TYPE) )?defender_"))) << line;
    }
}

TEST(Metrics, WhatARoomCountsShowsInTheText) {
    Metrics metrics;
    metrics.dns().queries.Increment(3);
    metrics.dns().cache_bytes.Set(4096);
    metrics.dns().latency_seconds.Observe(0.004);
    metrics.milter().messages.Add({{"dmarc", "fail"}, {"action", "reject"}}).Increment();
    metrics.store().lost.Increment();
    const std::string text = metrics.text();
    EXPECT_THAT(text, HasSubstr("defender_dns_queries_total 3\n"));
    EXPECT_THAT(text, HasSubstr("defender_dns_cache_bytes 4096\n"));
    EXPECT_THAT(text, HasSubstr("defender_dns_latency_seconds_bucket{le=\"0.0025\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("defender_dns_latency_seconds_bucket{le=\"0.005\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("defender_milter_messages_total{action=\"reject\",dmarc=\"fail\"} 1\n"));
    EXPECT_THAT(text, HasSubstr("defender_store_records_lost_total 1\n"));
}

class MetricsOfLogLines : public ::testing::Test {
  protected:
    MetricsOfLogLines() {
        show_log_lines([] {
            return std::vector<LineCount>{{"DNS_SERVER_UP", "info", 0}, {"STORE_OPEN_FAILED", "error", 3}};
        });
    }
    ~MetricsOfLogLines() override { show_log_lines(nullptr); }
};

TEST_F(MetricsOfLogLines, HaveEveryIdAlsoThoseThatWereNeverLogged) {
    const std::string text = Metrics().text();
    EXPECT_THAT(text, HasSubstr("# TYPE defender_log_lines_total counter\n"));
    EXPECT_THAT(text, HasSubstr("defender_log_lines_total{id=\"DNS_SERVER_UP\",level=\"info\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("defender_log_lines_total{id=\"STORE_OPEN_FAILED\",level=\"error\"} 3\n"));
}

TEST_F(MetricsOfLogLines, AreServedWithTheOthers) {
    const Metrics metrics;
    const MetricsEndpoint endpoint(metrics, "127.0.0.1:0");
    EXPECT_THAT(fetch(endpoint.port()),
                HasSubstr("defender_log_lines_total{id=\"STORE_OPEN_FAILED\",level=\"error\"} 3\n"));
}

TEST(MetricsEndpoint, ServesTheTextUnderMetrics) {
    Metrics metrics;
    metrics.dns().hits.Increment(7);
    const MetricsEndpoint endpoint(metrics, "127.0.0.1:0");
    ASSERT_GT(endpoint.port(), 0);
    const std::string answer = fetch(endpoint.port());
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(answer, HasSubstr("defender_dns_cache_hits_total 7\n"));
}

TEST(MetricsEndpoint, PortInUseThrowsAndNamesTheAddress) {
    const Metrics metrics;
    const MetricsEndpoint first(metrics, "127.0.0.1:0");
    const std::string taken = "127.0.0.1:" + std::to_string(first.port());
    try {
        const MetricsEndpoint second(metrics, taken);
        FAIL() << "a second endpoint listens on " << taken;
    } catch (const std::runtime_error& failure) {
        EXPECT_THAT(failure.what(), HasSubstr(taken));
    }
}

TEST(MetricsEndpoint, NothingListensAfterItsEnd) {
    const Metrics metrics;
    int port = 0;
    {
        const MetricsEndpoint endpoint(metrics, "127.0.0.1:0");
        port = endpoint.port();
    }
    EXPECT_EQ(fetch(port), "");
}

}  // namespace
}  // namespace defender::metrics
