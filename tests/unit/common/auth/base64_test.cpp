#include "common/auth/base64.hpp"

#include <gtest/gtest.h>

namespace defender::auth {
namespace {

TEST(Base64, TestVectorsOfRfc4648) {
    const std::pair<std::string, std::string> cases[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
    for (const auto& [octets, text] : cases) {
        EXPECT_EQ(encode_base64(octets), text);
        EXPECT_EQ(decode_base64(text), octets);
    }
}

TEST(Base64, EveryOctetComesBack) {
    std::string octets;
    for (int at = 0; at < 256; ++at) {
        octets.push_back(static_cast<char>(at));
        EXPECT_EQ(decode_base64(encode_base64(octets)), octets);
    }
}

TEST(Base64, OtherFormsOfTheSameOctetsAreRefused) {
    for (const std::string text :
         {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=Zg=", "Zm 9v", "Zm9v\n", "Zm-_"})
        EXPECT_FALSE(decode_base64(text)) << text;
}

TEST(Base64, AnOctetThatIsNoDigitIsRefusedWhereverItStands) {
    const std::string text = encode_base64(std::string(40, 'x'));
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (const char octet : {'-', ' ', '=', '\0', '\x80', '\xff'}) {
            auto spoilt = text;
            spoilt[at] = octet;
            if (spoilt == text) continue;
            EXPECT_FALSE(decode_base64(spoilt)) << at << ' ' << static_cast<int>(octet);
        }
    }
}

}  // namespace
}  // namespace defender::auth
