#include "common/config/settings_reader.hpp"

#include <gmock/gmock.h>

#include "common/config/host_name.hpp"
#include "common/config/setting_values.hpp"

namespace defender::config {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::shared_ptr<const Settings> good(std::string_view toml) {
    const auto reading = read_settings(toml, "f");
    EXPECT_THAT(reading.errors, IsEmpty()) << reading.errors.front().to_string();
    return reading.settings ? reading.settings : default_settings();
}

std::vector<std::string> errors_of(std::string_view toml) {
    const auto reading = read_settings(toml, "f");
    EXPECT_EQ(reading.settings == nullptr, !reading.errors.empty());
    std::vector<std::string> lines;
    for (const auto& error : reading.errors) {
        EXPECT_FALSE(error.what.empty());
        EXPECT_FALSE(error.mend.empty());
        lines.push_back(error.to_string());
    }
    return lines;
}

/// The one error of the text.
std::string error_of(std::string_view toml) {
    const auto lines = errors_of(toml);
    EXPECT_THAT(lines, SizeIs(1)) << toml;
    return lines.empty() ? std::string() : lines.front();
}

TEST(SettingsReader, EmptyFileGivesTheDefaults) {
    const auto s = good("");
    EXPECT_EQ(s->milter.socket, "unix:/run/defender/milter.sock");
    EXPECT_EQ(s->milter.socket_group, "");
    EXPECT_EQ(s->milter.socket_mode, 0660U);
    EXPECT_EQ(s->milter.authserv_id, host_name());
    EXPECT_EQ(s->milter.on_error, OnError::accept);
    EXPECT_EQ(s->milter.message_deadline, std::chrono::seconds(20));
    EXPECT_EQ(s->milter.status_socket, "/run/defender/status.sock");
    EXPECT_EQ(s->milter.workers, 2U);
    EXPECT_THAT(s->dns.servers, IsEmpty());
    EXPECT_EQ(s->dns.try_timeout, std::chrono::milliseconds(2000));
    EXPECT_EQ(s->dns.tries, 2U);
    EXPECT_EQ(s->dns.total_timeout, std::chrono::milliseconds(10000));
    EXPECT_EQ(s->dns.cache_records, 100000U);
    EXPECT_EQ(s->dns.cache_bytes, 33554432U);
    EXPECT_EQ(s->dns.max_ttl, std::chrono::seconds(86400));
    EXPECT_EQ(s->dns.max_negative_ttl, std::chrono::seconds(3600));
    EXPECT_EQ(s->dns.failure_ttl, std::chrono::seconds(5));
    EXPECT_EQ(s->dmarc.standard, DmarcStandard::rfc7489);
    EXPECT_EQ(s->dmarc.public_suffix_list, "");
    EXPECT_EQ(s->dmarc.max_author_domains, 10U);
    EXPECT_EQ(s->spf.deadline, std::chrono::seconds(20));
    EXPECT_EQ(s->dkim.max_signatures, 10U);
    EXPECT_EQ(s->dkim.min_rsa_bits, 1024U);
    EXPECT_EQ(s->dkim.partial_body, PartialBody::policy);
}

TEST(SettingsReader, EmptyFileGivesTheDefaultsOfActionAndStore) {
    const auto s = good("");
    EXPECT_EQ(s->policy.mode, PolicyMode::monitor);
    EXPECT_EQ(s->policy.on_reject, OnReject::by_standard);
    EXPECT_EQ(s->policy.on_quarantine, OnQuarantine::tag);
    EXPECT_EQ(s->policy.on_temperror, OnTemperror::accept);
    EXPECT_EQ(s->policy.on_malformed_from, OnMalformedFrom::reject);
    EXPECT_EQ(s->policy.tag_header, "X-Defender-Disposition");
    EXPECT_THAT(s->policy.overrides, IsEmpty());
    ASSERT_THAT(s->trust.networks, SizeIs(2));
    EXPECT_EQ(s->trust.networks[0].to_string(), "127.0.0.0/8");
    EXPECT_TRUE(s->trust.networks[1].contains(*IpAddress::parse("::1")));
    EXPECT_TRUE(s->trust.authenticated);
    EXPECT_EQ(s->limits.header_octets, 1048576U);
    EXPECT_EQ(s->limits.header_fields, 10000U);
    EXPECT_EQ(s->store.path, "/var/lib/defender/defender.db");
    EXPECT_EQ(s->store.keep_days, 90U);
    EXPECT_EQ(s->store.addresses, StoredAddresses::domain);
    EXPECT_EQ(s->store.queue_max, 10000U);
    EXPECT_FALSE(s->report.enabled);
    EXPECT_EQ(s->report.smtp, "smtp://127.0.0.1:25");
    EXPECT_EQ(s->report.schema, ReportSchema::rfc7489);
    EXPECT_EQ(s->log.level, LogLevel::info);
    EXPECT_EQ(s->log.target, LogTarget::stderr_);
    EXPECT_EQ(s->metrics.listen, "");
}

TEST(SettingsReader, EverySettingOfTheInterfaceIsTaken) {
    const auto s = good(R"(
[milter]
socket = "inet:8894@127.0.0.1"
authserv_id = "mx.example.net"
[dns]
servers = ["127.0.0.1:5353"]
[dmarc]
standard = "rfc7489"
[policy]
mode = "enforce"
on_reject = "quarantine"
on_quarantine = "hold"
on_temperror = "tempfail"
on_malformed_from = "tag"
[trust]
networks = ["192.0.2.0/24"]
authenticated = false
[store]
path = "/tmp/x.db"
postgresql = ""
[report]
enabled = true
org_name = "Example Ltd"
email = "dmarc-reports@example.net"
smtp = "smtp://127.0.0.1:25"
schema = "rfc7489"
)");
    EXPECT_EQ(s->milter.socket, "inet:8894@127.0.0.1");
    EXPECT_EQ(s->milter.authserv_id, "mx.example.net");
    EXPECT_EQ(s->dns.servers, std::vector<std::string>{"127.0.0.1:5353"});
    EXPECT_EQ(s->policy.mode, PolicyMode::enforce);
    EXPECT_EQ(s->policy.on_reject, OnReject::quarantine);
    EXPECT_EQ(s->policy.on_quarantine, OnQuarantine::hold);
    EXPECT_EQ(s->policy.on_temperror, OnTemperror::tempfail);
    EXPECT_EQ(s->policy.on_malformed_from, OnMalformedFrom::tag);
    EXPECT_THAT(s->trust.networks, SizeIs(1));
    EXPECT_FALSE(s->trust.authenticated);
    EXPECT_TRUE(s->report.enabled);
    EXPECT_EQ(s->report.email, "dmarc-reports@example.net");
}

TEST(SettingsReader, DottedKeysAndInlineTablesAreToml) {
    EXPECT_EQ(good("milter.workers = 4")->milter.workers, 4U);
    EXPECT_EQ(good("milter = { workers = 5 }")->milter.workers, 5U);
}

TEST(SettingsReader, ErrorNamesFileLineColumnWhatAndMend) {
    EXPECT_EQ(error_of("[milter]\n  workers = 0\n"),
              "f:2:13: milter.workers is 0, less than 1; write a whole number from 1 to 64 (threads)");
    EXPECT_EQ(error_of("[policy]\nmode = \"enfroce\"\n"),
              "f:2:8: policy.mode is \"enfroce\", a word unknown here; write monitor or enforce");
    EXPECT_EQ(error_of("[milter]\nsockets = \"x\"\n"),
              "f:2:1: there is no setting milter.sockets; did you mean \"socket\"?");
}

TEST(SettingsReader, EveryErrorIsFoundInOnePassInTheOrderOfTheFile) {
    const auto lines = errors_of(R"([zebra]
x = 1
[trust]
networks = ["127.0.0.1", "nowhere",
    3, "192.0.2.0/40"]
[milter]
socket = "milter.sock"
socket_mode = "0999"
status_socket = "/ok"
[dns]
servers = ["dns.example"]
tries = "two"
)");
    ASSERT_THAT(lines, SizeIs(6));
    EXPECT_THAT(lines[0], StartsWith("f:1:2: there is no table [zebra]"));
    EXPECT_THAT(lines[1], StartsWith("f:5:5: trust.networks has an item that is a whole number"));
    EXPECT_THAT(lines[2], StartsWith("f:7:10: milter.socket is \"milter.sock\""));
    EXPECT_THAT(lines[3], StartsWith("f:8:15: milter.socket_mode is \"0999\""));
    EXPECT_THAT(lines[4], StartsWith("f:11:12: dns.servers has an item that is \"dns.example\""));
    EXPECT_THAT(lines[5], StartsWith("f:12:9: dns.tries is text"));
}

TEST(SettingsReader, EveryBadItemOfAListHasItsPlace) {
    const auto lines = errors_of("[trust]\nnetworks = [\"a\", \"::1\",\n \"b\"]");
    ASSERT_THAT(lines, SizeIs(2));
    EXPECT_THAT(lines[0], StartsWith("f:2:13: trust.networks has an item that is \"a\""));
    EXPECT_THAT(lines[1], StartsWith("f:3:2: trust.networks has an item that is \"b\""));
}

TEST(SettingsReader, WrongTypesAreErrorsThatSayWhatToWrite) {
    struct Case {
        std::string toml;
        std::string what;
        std::string mend;
    };
    const std::vector<Case> cases{
        {"[milter]\nworkers = \"2\"", "milter.workers is text", "without quotes"},
        {"[milter]\nworkers = 2.5", "milter.workers is a number with a fraction", "whole number"},
        {"[milter]\nworkers = true", "milter.workers is true or false", "whole number"},
        {"[milter]\nsocket = 8894", "milter.socket is a whole number", "in double quotes"},
        {"[milter]\nsocket_mode = 660", "milter.socket_mode is a whole number",
         "such as 0660, in double quotes"},
        {"[milter]\non_error = true", "milter.on_error is true or false",
         "accept or tempfail, in double quotes"},
        {"[trust]\nauthenticated = \"yes\"", "trust.authenticated is text", "true or false, without quotes"},
        {"[trust]\nnetworks = \"::1\"", "trust.networks is text", "a list in square brackets"},
        {"[trust]\nnetworks = [[\"::1\"]]", "has an item that is a list", "CIDR"},
        {"[milter.socket]\nx = 1", "milter.socket is a table", "unix:PATH"},
        {"[milter]\nsocket = 2026-05-01", "milter.socket is a date or a time", "unix:PATH"},
        {"milter = 3", "milter is a whole number, but must be a table", "[milter]"},
        {"[[milter]]\nworkers = 1", "milter is a list, but must be a table", "[milter]"},
        {"[policy.override]\naction = \"tag\"", "policy.override is a table", "[[policy.override]]"},
        {"[policy]\noverride = [1]", "policy.override is a list", "[[policy.override]]"},
    };
    for (const auto& c : cases) {
        EXPECT_THAT(error_of(c.toml), AllOf(HasSubstr(c.what), HasSubstr(c.mend))) << c.toml;
    }
}

TEST(SettingsReader, ValuesOutOfRangeAreErrorsAndBoundsAreTaken) {
    struct Case {
        std::string table;
        std::string key;
        std::int64_t least;
        std::int64_t most;
    };
    const std::vector<Case> cases{{"milter", "message_deadline", 1, 300},
                                  {"milter", "workers", 1, 64},
                                  {"dns", "failure_ttl", 0, 30},
                                  {"dkim", "min_rsa_bits", 1024, 4096},
                                  {"limits", "header_octets", 65536, 67108864},
                                  {"store", "keep", 1, 3650},
                                  {"report", "smtp_timeout", 1, 3600},
                                  {"report", "delay", 0, 86400},
                                  {"report", "spread", 0, 86400},
                                  {"report", "keep", 1, 3650},
                                  {"report", "max_size", 1000, 104857600},
                                  {"report", "min_messages", 1, 1000000000},
                                  {"report", "max_per_hour", 1, 100000000},
                                  {"failure", "max_per_domain_hour", 1, 1000000},
                                  {"failure", "max_per_hour", 1, 1000000}};
    for (const auto& c : cases) {
        const auto text = [&](std::int64_t n) {
            return "[" + c.table + "]\n" + c.key + " = " + std::to_string(n);
        };
        EXPECT_THAT(errors_of(text(c.least)), IsEmpty()) << c.key;
        EXPECT_THAT(errors_of(text(c.most)), IsEmpty()) << c.key;
        EXPECT_THAT(error_of(text(c.least - 1)), HasSubstr("less than")) << c.key;
        EXPECT_THAT(error_of(text(c.most + 1)), HasSubstr("more than")) << c.key;
    }
}

TEST(SettingsReader, TheConnectionStringOfPostgresqlIsTakenAsItIsAndNeverRepeated) {
    for (const std::string text :
         {"", "host=db password='se cret'", "postgresql://u:s%40cret@db/name", "name"}) {
        EXPECT_EQ(good("[store]\npostgresql = \"" + text + "\"")->store.postgresql, text);
    }
    for (const auto* wrong :
         {"\"host=db password=secret\\n\"", "\"secret\\u0000\"", "[\"secret\"]", "{ a = \"secret\" }"}) {
        EXPECT_THAT(error_of(std::string("[store]\npostgresql = ") + wrong),
                    AllOf(HasSubstr("store.postgresql"), Not(HasSubstr("secret"))));
    }
}

TEST(SettingsReader, OverridesAreReadInOrder) {
    const auto s = good(R"(
[[policy.override]]
author_domains = ["Example.COM"]
networks = ["192.0.2.0/24"]
dkim_domains = ["lists.example.org"]
list_ids = ["Users.Lists.Example.org"]
action = "accept"
reason = "mailing_list"
comment = "our list server"
[[policy.override]]
networks = ["2001:db8::/32"]
action = "reject"
)");
    ASSERT_THAT(s->policy.overrides, SizeIs(2));
    const auto& first = s->policy.overrides[0];
    EXPECT_EQ(first.author_domains, std::vector{*DomainName::parse("example.com")});
    EXPECT_EQ(first.networks, std::vector{*IpNetwork::parse("192.0.2.0/24")});
    EXPECT_EQ(first.dkim_domains, std::vector{*DomainName::parse("lists.example.org")});
    EXPECT_EQ(first.list_ids, std::vector<std::string>{"users.lists.example.org"});
    EXPECT_EQ(first.action, OverrideAction::accept);
    EXPECT_EQ(first.reason, OverrideReason::mailing_list);
    EXPECT_EQ(first.comment, "our list server");
    const auto& second = s->policy.overrides[1];
    EXPECT_EQ(second.action, OverrideAction::reject);
    EXPECT_EQ(second.reason, OverrideReason::local_policy);
    EXPECT_EQ(second.comment, "");
}

TEST(SettingsReader, OverrideWithoutActionIsAnError) {
    EXPECT_EQ(
        error_of("[[policy.override]]\nnetworks = [\"::1\"]"),
        "f:1:1: this [[policy.override]] has no action; add action = accept, tag, quarantine or reject, in "
        "double quotes");
}

TEST(SettingsReader, OverrideWithoutConditionWouldMatchEverythingAndIsAnError) {
    EXPECT_THAT(error_of("[[policy.override]]\naction = \"accept\""), HasSubstr("would match every message"));
    EXPECT_THAT(error_of("[[policy.override]]\naction = \"accept\"\nnetworks = []"),
                HasSubstr("would match every message"));
}

TEST(SettingsReader, ConditionThatIsWrongIsNotReportedAsMissing) {
    EXPECT_THAT(error_of("[[policy.override]]\naction = \"accept\"\nnetworks = [\"x\"]"),
                HasSubstr("policy.override.networks has an item that is \"x\""));
    EXPECT_THAT(error_of("[[policy.override]]\naction = \"accept\"\nnetwork = [\"::1\"]"),
                HasSubstr("did you mean \"networks\"?"));
}

TEST(SettingsReader, EveryReportSettingHasItsPlace) {
    const auto s = good(R"(
[report]
bounce = "bounce@Example.net"
contact = "https://example.net/dmarc"
smtp = "smtps://mail.example.net"
smtp_tls = "required"
smtp_user = "reports"
smtp_password_file = "/etc/defender/password"
smtp_ca_file = "/etc/defender/ca.pem"
smtp_timeout = 7
schema = "rfc9990"
delay = 60
spread = 0
keep = 30
max_size = 2000
min_messages = 5
max_per_hour = 9
never_send = ["Nobody@Example.com", "Example.ORG"]
dkim_domain = "Example.net"
dkim_selector = "2026"
dkim_key_file = "/etc/defender/key.pem"
metrics_listen = "127.0.0.1:9465"
[[report.destination]]
domain = "Old.Example"
schema = "rfc7489"
[[report.destination]]
domain = "example"
schema = "rfc9990"
)");
    const auto& report = s->report;
    EXPECT_EQ(report.bounce, "bounce@example.net");
    EXPECT_EQ(report.contact, "https://example.net/dmarc");
    EXPECT_EQ(report.smtp, "smtps://mail.example.net");
    EXPECT_EQ(report.smtp_tls, SmtpTls::required);
    EXPECT_EQ(report.smtp_user, "reports");
    EXPECT_EQ(report.smtp_password_file, "/etc/defender/password");
    EXPECT_EQ(report.smtp_ca_file, "/etc/defender/ca.pem");
    EXPECT_EQ(report.smtp_timeout, std::chrono::seconds(7));
    EXPECT_EQ(report.schema, ReportSchema::rfc9990);
    EXPECT_EQ(report.delay, std::chrono::seconds(60));
    EXPECT_EQ(report.spread, std::chrono::seconds(0));
    EXPECT_EQ(report.keep_days, 30U);
    EXPECT_EQ(report.max_size, 2000U);
    EXPECT_EQ(report.min_messages, 5U);
    EXPECT_EQ(report.max_per_hour, 9U);
    EXPECT_THAT(report.never_send, ::testing::ElementsAre("nobody@example.com", "example.org"));
    EXPECT_EQ(report.dkim_domain, "example.net");
    EXPECT_EQ(report.dkim_selector, "2026");
    EXPECT_EQ(report.dkim_key_file, "/etc/defender/key.pem");
    EXPECT_EQ(report.metrics_listen, "127.0.0.1:9465");
    ASSERT_THAT(report.destinations, SizeIs(2));
    EXPECT_EQ(report.destinations[0].domain.text(), "old.example");
    EXPECT_EQ(report.destinations[0].schema, ReportSchema::rfc7489);
    EXPECT_EQ(report.destinations[1].schema, ReportSchema::rfc9990);
}

TEST(SettingsReader, ReportsHaveTheirDefaults) {
    const auto s = default_settings();
    const auto& report = s->report;
    EXPECT_EQ(report.bounce, "");
    EXPECT_EQ(report.smtp_tls, SmtpTls::opportunistic);
    EXPECT_EQ(report.smtp_timeout, std::chrono::seconds(60));
    EXPECT_EQ(report.delay, std::chrono::seconds(3600));
    EXPECT_EQ(report.spread, std::chrono::seconds(7200));
    EXPECT_EQ(report.keep_days, 180U);
    EXPECT_EQ(report.max_size, 10485760U);
    EXPECT_EQ(report.min_messages, 1U);
    EXPECT_EQ(report.max_per_hour, 10000U);
    EXPECT_FALSE(s->failure.enabled);
    EXPECT_FALSE(s->failure.body);
    EXPECT_TRUE(s->failure.redact);
    EXPECT_EQ(s->failure.max_per_domain_hour, 10U);
    EXPECT_EQ(s->failure.max_per_hour, 100U);
}

TEST(SettingsReader, FailureReportsAreSetInATableOfTheirOwn) {
    const auto s = good(
        "[report]\nenabled = true\norg_name = \"x\"\nemail = \"a@b.example\"\n"
        "[failure]\nenabled = true\nbody = true\nredact = false\n"
        "max_per_domain_hour = 1\nmax_per_hour = 2\n");
    EXPECT_TRUE(s->failure.enabled);
    EXPECT_TRUE(s->failure.body);
    EXPECT_FALSE(s->failure.redact);
    EXPECT_EQ(s->failure.max_per_domain_hour, 1U);
    EXPECT_EQ(s->failure.max_per_hour, 2U);
}

TEST(SettingsReader, DestinationNeedsADomainAndASchema) {
    const auto lines = errors_of("[[report.destination]]\n");
    ASSERT_THAT(lines, SizeIs(2));
    EXPECT_THAT(lines[0],
                AllOf(HasSubstr("this [[report.destination]] has no domain"), HasSubstr("add domain = ")));
    EXPECT_THAT(lines[1], HasSubstr("this [[report.destination]] has no schema"));
    EXPECT_THAT(error_of("[report]\ndestination = 1"), HasSubstr("write [[report.destination]]"));
}

TEST(SettingsReader, ReportsNeedWhoSendsThem) {
    const auto lines = errors_of("[report]\nenabled = true\n");
    ASSERT_THAT(lines, SizeIs(2));
    EXPECT_THAT(lines[0], StartsWith("f:2:11: report.enabled is true, but report.org_name is empty"));
    EXPECT_THAT(lines[1], StartsWith("f:2:11: report.enabled is true, but report.email is empty"));
}

TEST(SettingsReader, ConflictWithASettingThatIsWrongAnywayIsNotReportedTwice) {
    EXPECT_THAT(error_of("[report]\nenabled = true\norg_name = \"x\"\nemail = \"nobody\"\n"),
                HasSubstr("report.email is \"nobody\""));
}

TEST(SettingsReader, TwoSocketsCannotShareAPath) {
    EXPECT_THAT(error_of("[milter]\nsocket = \"unix:/run/defender/status.sock\""),
                AllOf(StartsWith("f:2:10: "), HasSubstr("milter.status_socket")));
    EXPECT_THAT(error_of("[milter]\nsocket = \"unix:/a\"\nstatus_socket = \"/a\""), StartsWith("f:3:17: "));
}

TEST(SettingsReader, EmptyAuthservIdIsTheHostsName) {
    EXPECT_EQ(good("[milter]\nauthserv_id = \"\"")->milter.authserv_id, host_name());
    EXPECT_TRUE(is_token(host_name()));
}

TEST(SettingsReader, OutsideTextInErrorsIsPrintable) {
    const std::string line = error_of("[milter]\n\"a\\u001b[31mb\\n\" = 1\n");
    EXPECT_THAT(line, HasSubstr("milter.a?[31mb?"));
}

TEST(SettingsReader, AllFormsOfLogAndStoreWordsAreTaken) {
    EXPECT_EQ(good("[log]\nlevel = \"debug\"\ntarget = \"journald\"")->log.target, LogTarget::journald);
    EXPECT_EQ(good("[log]\nlevel = \"warning\"")->log.level, LogLevel::warning);
    EXPECT_EQ(good("[log]\nlevel = \"error\"")->log.level, LogLevel::error);
    EXPECT_EQ(good("[store]\naddresses = \"full\"")->store.addresses, StoredAddresses::full);
    EXPECT_EQ(good("[dkim]\npartial_body = \"accept\"")->dkim.partial_body, PartialBody::accept);
    EXPECT_EQ(good("[metrics]\nlisten = \"[::1]:9464\"")->metrics.listen, "[::1]:9464");
}

}  // namespace
}  // namespace defender::config
