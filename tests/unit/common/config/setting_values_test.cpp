#include "common/config/setting_values.hpp"

#include <gtest/gtest.h>

namespace defender::config {
namespace {

using Texts = std::vector<std::string>;

template <typename T>
void expect_taken(const TextCodec<T>& codec, const Texts& texts) {
    for (const auto& text : texts) {
        const auto parsed = codec.parse(text);
        ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
        const auto again = codec.parse(codec.show(*parsed));
        ASSERT_TRUE(again) << text;
        EXPECT_EQ(codec.show(*again), codec.show(*parsed)) << text;
    }
}

template <typename T>
void expect_refused(const TextCodec<T>& codec, const Texts& texts) {
    for (const auto& text : texts) {
        const auto parsed = codec.parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_FALSE(parsed.error().message.empty());
    }
    EXPECT_FALSE(codec.mend.empty());
    EXPECT_FALSE(codec.shape.empty());
}

std::string path_of(std::size_t octets) {
    return "/" + std::string(octets - 1, 'p');
}

TEST(SettingValues, MilterSocketIsLibmiltersNotation) {
    expect_taken(milter_socket_text, {"unix:/run/defender/milter.sock", "inet:8894@127.0.0.1",
                                      "inet:1@localhost", "inet:65535@mx.example.net", "inet6:8894@::1",
                                      "inet6:8894@localhost", "unix:" + path_of(107)});
    expect_refused(milter_socket_text,
                   {"", "/run/defender/milter.sock", "unix:", "unix:relative.sock", "unix:" + path_of(108),
                    "unix:/a\nb", "local:/run/x", "inet:8894", "inet:@127.0.0.1", "inet:0@127.0.0.1",
                    "inet:65536@127.0.0.1", "inet:x@127.0.0.1", "inet:8894@", "inet:8894@::1",
                    "inet6:8894@127.0.0.1", "inet6:8894@[::1]", "inet:8894@a b", "tcp:1@127.0.0.1"});
}

TEST(SettingValues, UnixPathIsWhatFollowsTheScheme) {
    EXPECT_EQ(unix_path("unix:/a/b"), "/a/b");
    EXPECT_EQ(unix_path("inet:1@127.0.0.1"), "");
}

TEST(SettingValues, PathsAreAbsolute) {
    expect_taken(path_text, {"/", "/var/lib/defender/defender.db", path_of(4095)});
    expect_refused(path_text, {"", "defender.db", "./x", std::string("/a\0b", 4), path_of(4096)});
    expect_taken(optional_path_text, {"", "/usr/share/publicsuffix/public_suffix_list.dat"});
    expect_refused(optional_path_text, {"list.dat"});
    expect_taken(optional_socket_path_text, {"", path_of(107)});
    expect_refused(optional_socket_path_text, {"status.sock", path_of(108)});
}

TEST(SettingValues, FileModeIsOctal) {
    EXPECT_EQ(*file_mode_text.parse("0660"), 0660U);
    EXPECT_EQ(*file_mode_text.parse("0000"), 0U);
    EXPECT_EQ(*file_mode_text.parse("0777"), 0777U);
    EXPECT_EQ(*file_mode_text.parse("600"), 0600U);
    EXPECT_EQ(file_mode_text.show(0640U), "0640");
    expect_refused(file_mode_text, {"", "0", "66", "0668", "1777", "00660", "rw-rw----", "0x1b", "-660"});
}

TEST(SettingValues, GroupIsANameOrEmpty) {
    expect_taken(optional_group_text, {"", "postfix", "_x", "a-b.c", std::string(32, 'g')});
    expect_refused(optional_group_text, {"-x", "a b", "a:b", "gr\xc3\xbcn", std::string(33, 'g')});
}

TEST(SettingValues, AuthservIdIsATokenOrADomain) {
    expect_taken(authserv_id_text,
                 {"", "mx.example.net", "mx", "1234", "MX.Example.NET", std::string(253, 'a')});
    EXPECT_EQ(*authserv_id_text.parse("m\xc3\xbcller.example"), "xn--mller-kva.example");
    expect_refused(authserv_id_text, {"mx example", "mx;example", "\"mx\"", "(x)", "mx\r\n", "a=b", "/x",
                                      std::string(254, 'a')});
}

TEST(SettingValues, EndpointIsAnAddressWithOrWithoutPort) {
    struct Case {
        std::string text;
        std::string address;
        int port;  ///< -1: none
    };
    for (const auto& c :
         {Case{"127.0.0.1", "127.0.0.1", -1}, Case{"127.0.0.1:5353", "127.0.0.1", 5353},
          Case{"::1", "::1", -1}, Case{"[::1]", "::1", -1}, Case{"[::1]:53", "::1", 53},
          Case{"[2001:db8::5]:0", "2001:db8::5", 0}, Case{"1.2.3.4:65535", "1.2.3.4", 65535}}) {
        const auto endpoint = parse_endpoint(c.text);
        ASSERT_TRUE(endpoint) << c.text;
        EXPECT_EQ(endpoint->address.to_string(), c.address);
        EXPECT_EQ(endpoint->port ? int{*endpoint->port} : -1, c.port) << c.text;
    }
    for (const std::string text :
         {"", ":", ":53", "localhost", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:5x", "[::1", "::1]:53",
          "[127.0.0.1]:53", "[::1]53", "[]:53", "1.2.3.4:000053"}) {
        EXPECT_FALSE(parse_endpoint(text)) << text;
    }
}

TEST(SettingValues, DnsServerHasAUsablePort) {
    expect_taken(dns_server_text, {"127.0.0.1", "127.0.0.1:5353", "::1", "[::1]:5353"});
    expect_refused(dns_server_text, {"", "127.0.0.1:0", "resolver.example", "127.0.0.1 5353"});
}

TEST(SettingValues, MetricsAreServedOnLoopbackOnly) {
    expect_taken(loopback_endpoint_text, {"", "127.0.0.1:9464", "127.8.9.1:1", "[::1]:9464", "127.0.0.1:0"});
    expect_refused(loopback_endpoint_text,
                   {"0.0.0.0:9464", "192.0.2.1:9464", "[::]:9464", "127.0.0.1", ":9464", "localhost:9464"});
}

TEST(SettingValues, FieldNameIsPrintableWithoutColon) {
    expect_taken(field_name_text, {"X-Defender-Disposition", "X", std::string(76, 'x')});
    expect_refused(field_name_text, {"", "X:", "X Y", "X\n", "X\xc3\xbc", std::string(77, 'x')});
}

TEST(SettingValues, AddressIsLocalPartAndDomain) {
    expect_taken(optional_address_text,
                 {"", "dmarc-reports@example.net", "a+b@example.net", "a.b@xn--mller-kva.de"});
    EXPECT_EQ(*optional_address_text.parse("Reports@Example.NET"), "Reports@example.net");
    expect_refused(optional_address_text,
                   {"example.net", "@example.net", "a@", "a b@example.net", "a@b@example.net",
                    ".a@example.net", "a..b@example.net", "Reports <a@example.net>", "a@[192.0.2.1]",
                    "a\r\n@example.net", std::string(65, 'a') + "@example.net"});
}

TEST(SettingValues, SmtpServerIsAUrl) {
    expect_taken(smtp_url_text, {"smtp://127.0.0.1:25", "smtp://127.0.0.1", "smtp://localhost",
                                 "smtps://mx.example:465", "smtp://[::1]:25", "smtp://[::1]"});
    expect_refused(smtp_url_text, {"", "127.0.0.1:25", "http://127.0.0.1", "smtp://", "smtp://127.0.0.1:0",
                                   "smtp://a b", "smtp://::1", "smtp://mx.example:x",
                                   "smtp://user@mx.example", "smtp://mx.example/x", "SMTP://mx.example"});
}

TEST(SettingValues, WordsAreOneShortLine) {
    expect_taken(words_text, {"", "Example Ltd", "M\xc3\xbcller GmbH", std::string(255, 'w')});
    expect_refused(words_text, {"a\nb", "a\tb", std::string("a\0b", 3), "\x7f", std::string(256, 'w')});
}

TEST(SettingValues, ListIdIsLowerCaseWithoutBrackets) {
    EXPECT_EQ(*list_id_text.parse("Users.Lists.Example.org"), "users.lists.example.org");
    expect_refused(list_id_text, {"", "<users.example>", "a b", "a\n", std::string(256, 'l')});
}

TEST(SettingValues, DomainsAndNetworksAreShownInCanonicalForm) {
    EXPECT_EQ(domain_text.show(*domain_text.parse("EXAMPLE.com.")), "example.com");
    EXPECT_EQ(network_text.show(*network_text.parse("2001:DB8::/32")), "2001:db8::/32");
    expect_refused(domain_text, {"", "a b", "exa>mple.com", "[192.0.2.1]"});
    expect_refused(network_text, {"", "192.0.2.0/33", "192.0.2", "::/129", "example.com"});
}

TEST(SettingValues, TokenIsThatOfMime) {
    EXPECT_TRUE(is_token("mx.example.net"));
    for (const std::string text : {"", "a b", "a;b", "a\"b", "a/b", "a=b", "\x80"})
        EXPECT_FALSE(is_token(text));
}

}  // namespace
}  // namespace defender::config
