/// The signed messages that the standards print, with their keys.
#include <gtest/gtest.h>

#include "tests/support/dkim_message.hpp"

namespace defender::auth {
namespace {

const std::string sample_body = "Hi.\r\n\r\nWe lost the game. Are you hungry yet?\r\n\r\nJoe.\r\n";

mail::HeaderFields sample_fields() {
    return {{"From", " Joe SixPack <joe@football.example.com>"},
            {"To", " Suzie Q <suzie@shopping.example.net>"},
            {"Subject", " Is dinner ready?"},
            {"Date", " Fri, 11 Jul 2003 21:00:37 -0700 (PDT)"},
            {"Message-ID", " <20030712040037.46341.5F8J@football.example.com>"}};
}

// RFC 6376 appendix A.2.
std::unique_ptr<test::DkimMessage> rfc6376_message() {
    auto message = std::make_unique<test::DkimMessage>();
    message->fields = sample_fields();
    message->fields.insert(message->fields.begin(), {"Received",
                                                     " from client1.football.example.com  [192.0.2.1]\r\n"
                                                     "      by submitserver.example.com with SUBMISSION;\r\n"
                                                     "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)"});
    message->fields.insert(message->fields.begin(),
                           {"DKIM-Signature",
                            " v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
                            "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
                            "      h=Received : From : To : Subject : Date : Message-ID;\r\n"
                            "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                            "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n"
                            "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n"
                            "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n"
                            "      4bmp/YzhwvcubU4=;"});
    message->body = sample_body;
    message->resolver.add_txt("brisbane._domainkey.example.com",
                              "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ"
                              "KBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt"
                              "IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v"
                              "/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi"
                              "tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB");
    return message;
}

// RFC 8463 appendix A.3: an Ed25519 and an RSA signature.
std::unique_ptr<test::DkimMessage> rfc8463_message() {
    auto message = std::make_unique<test::DkimMessage>();
    message->fields = sample_fields();
    message->fields.insert(message->fields.begin(),
                           {"DKIM-Signature",
                            " v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
                            " d=football.example.com; i=@football.example.com;\r\n"
                            " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
                            " date : message-id : from : subject : date;\r\n"
                            " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                            " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
                            " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
                            " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8="});
    message->fields.insert(message->fields.begin(),
                           {"DKIM-Signature",
                            " v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
                            " d=football.example.com; i=@football.example.com;\r\n"
                            " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
                            " subject : date : message-id : from : subject : date;\r\n"
                            " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                            " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
                            " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="});
    message->body = sample_body;
    message->resolver.add_txt("brisbane._domainkey.football.example.com",
                              "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    message->resolver.add_txt("test._domainkey.football.example.com",
                              "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
                              "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
                              "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
                              "Ip3G+2kryOTIKT+l/K4w3QIDAQAB");
    return message;
}

TEST(DkimSamples, MessageOfRfc6376Passes) {
    auto message = rfc6376_message();
    const auto evidence = message->verify_one();
    EXPECT_EQ(evidence.result, DkimResult::pass) << evidence.reason;
    EXPECT_EQ(evidence.identity, "joe@football.example.com");
    EXPECT_EQ(evidence.signature_prefix, "AuUoFEfD");
}

TEST(DkimSamples, BothSignaturesOfRfc8463Pass) {
    auto message = rfc8463_message();
    const auto evidence = message->verify();
    ASSERT_EQ(evidence.size(), 2U);
    EXPECT_EQ(evidence[0].result, DkimResult::pass) << evidence[0].reason;
    EXPECT_EQ(evidence[0].algorithm, "ed25519-sha256");
    EXPECT_EQ(evidence[0].key_bits, 256U);
    EXPECT_EQ(evidence[1].result, DkimResult::pass) << evidence[1].reason;
    EXPECT_EQ(evidence[1].algorithm, "rsa-sha256");
}

TEST(DkimSamples, EveryChangeOfOneOctetInASignedPartIsNoticed) {
    const auto original = rfc8463_message();
    for (std::size_t field = 2; field < original->fields.size(); ++field) {
        for (std::size_t at = 1; at < original->fields[field].value.size(); ++at) {
            auto message = rfc8463_message();
            message->fields[field].value[at] ^= 0x01;
            for (const auto& evidence : message->verify())
                EXPECT_NE(evidence.result, DkimResult::pass) << message->fields[field].value;
        }
    }
    for (std::size_t at = 0; at < original->body.size(); ++at) {
        auto message = rfc8463_message();
        message->body[at] ^= 0x01;
        for (const auto& evidence : message->verify()) EXPECT_NE(evidence.result, DkimResult::pass) << at;
    }
}

}  // namespace
}  // namespace defender::auth
