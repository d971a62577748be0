// Random messages, signed and then perhaps changed: whether a signature passes is what libopendkim says, too.
#include <gtest/gtest.h>

#include <random>

#include "common/base/text.hpp"
#include "tests/support/dkim_message.hpp"
#include "tests/support/libopendkim.hpp"

namespace defender::auth {
namespace {

using test::DkimMessage;
using test::DkimSigning;

class RandomMessage {
  public:
    explicit RandomMessage(std::uint32_t seed) : random_(seed) {}

    /// Signed once or twice with `key`, whose record is published.
    std::unique_ptr<DkimMessage> make(const test::DkimSigningKey& key) {
        auto made = std::make_unique<DkimMessage>();
        auto& message = *made;
        message.publish(key);
        message.fields = {{"From", " a@example.com"}};
        for (auto count = below(8); count > 0; --count)
            message.fields.push_back({name(), random_text(3, folds)});
        message.body = random_text(below(3) == 0 ? 400 : 20, lines);
        for (auto count = 1 + below(2); count > 0; --count) message.sign(key, signing(message));
        change(message);
        message.chunk = 1 + below(message.body.size() + 1);
        return made;
    }

  private:
    static constexpr const char* folds[] = {"a", "Word", " ", "\t", "  ", "\r\n ", "\r\n\t", "; b=x", "\xff"};
    static constexpr const char* lines[] = {
        "a",   "Word", " ", "\t", "  ", "\r\n", " \r\n", "\r\n\r\n", "a line that is longer than others are",
        "\xff"};

    std::size_t below(std::size_t bound) { return random_() % bound; }
    std::string name() {
        static constexpr const char* names[] = {"To", "SUBJECT", "Subject ", "X-Long-Name", "Date", "from"};
        return names[below(std::size(names))];
    }
    template <std::size_t Count>
    std::string random_text(std::size_t most, const char* const (&pieces)[Count]) {
        std::string out = " ";
        for (auto count = below(most + 1); count > 0; --count) out += pieces[below(Count)];
        return out;
    }
    DkimSigning signing(const DkimMessage& message) {
        DkimSigning how;
        how.header = below(2) == 0 ? "simple" : "relaxed";
        how.body = below(2) == 0 ? "simple" : "relaxed";
        how.signed_fields = {"From"};
        for (auto count = below(6); count > 0; --count)
            how.signed_fields.push_back(std::string(text::trim(name())));
        const auto octets = test::DkimSigner::canonical_body(message.body, how.body).size();
        if (below(3) == 0) how.length = below(octets + 2);
        return how;
    }
    /// One octet of the body or of a field, or a field more or less, or nothing.
    void change(DkimMessage& message) {
        auto& fields = message.fields;
        switch (below(6)) {
            case 0:
                if (!message.body.empty()) message.body[below(message.body.size())] = 'z';
                break;
            case 1:
                message.body += "more\r\n";
                break;
            case 2:
                fields[below(fields.size())].value += " z";
                break;
            case 3:
                fields.push_back({name(), " z"});
                break;
            default:
                break;
        }
    }

    std::mt19937 random_;
};

/// An octet that was changed may have been half of a line end.
bool has_bare_line_end(const DkimMessage& message) {
    BareLineEnds found;
    found.add(message.body);
    return found.has_cr() || found.has_lf();
}

TEST(DkimByLibopendkim, RandomSignaturesPassWhereItSaysSo) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomMessage messages(seed);
    unsigned passed = 0;
    unsigned failed = 0;
    for (int round = 0; round < 1500; ++round) {
        const auto& key = round % 3 == 0 ? test::ed25519_key() : test::rsa_key();
        const auto made = messages.make(key);
        auto& message = *made;
        if (has_bare_line_end(message)) continue;
        const auto theirs = test::Libopendkim(key.record()).passes(message.fields, message.body);
        const auto ours = message.verify();
        ASSERT_EQ(ours.size(), theirs.size());
        for (std::size_t at = 0; at < ours.size(); ++at) {
            if (ours[at].result == DkimResult::neutral) continue;  // changed so that it cannot be parsed
            const bool passes = ours[at].result == DkimResult::pass;
            EXPECT_EQ(passes, theirs[at]) << ours[at].reason << "\n" << testing::PrintToString(message.body);
            ++(passes ? passed : failed);
        }
    }
    EXPECT_GT(passed, 200U);
    EXPECT_GT(failed, 200U);
}

}  // namespace
}  // namespace defender::auth
