#include "common/dns/dns_message.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/dns_packet.hpp"

namespace defender::dns {
namespace {

using testing::DnsPacket;
using testing::mx;
using testing::Octets;
using testing::soa;
using testing::txt;
using testing::wire_name;

constexpr std::uint16_t id = 0x1234;

DnsPacket response(std::string_view name, RecordType type, unsigned flags = 0x8180) {
    DnsPacket packet(id, flags);
    packet.question(name, static_cast<unsigned>(type));
    return packet;
}

Result<Response> parse(const DnsPacket& packet, const std::string& name, RecordType type) {
    return parse_response(packet.octets(), {id, name, type});
}

Response parsed(const DnsPacket& packet, const std::string& name, RecordType type) {
    auto result = parse(packet, name, type);
    if (!result) {
        ADD_FAILURE() << result.error().message;
        return {};
    }
    return *result;
}

std::string error_of(const DnsPacket& packet, const std::string& name, RecordType type) {
    const auto result = parse(packet, name, type);
    return result ? "" : result.error().message;
}

TEST(DnsQuery, IsWrittenAsOneQuestionOfClassInThatWantsRecursion) {
    const auto packet = make_query({id, "Ex.org", RecordType::txt}, false);
    const Octets expected = {0x12, 0x34, 1,   0, 0,   1,   0,   0, 0, 0,  0, 0,
                             2,    'E',  'x', 3, 'o', 'r', 'g', 0, 0, 16, 0, 1};
    EXPECT_EQ(packet, expected);
}

TEST(DnsQuery, EndsWithAnOptRecordOf1232OctetsWhereEdnsIsWanted) {
    const auto plain = make_query({id, "ex.org", RecordType::a}, false);
    const auto packet = make_query({id, "ex.org", RecordType::a}, true);
    ASSERT_EQ(packet.size(), plain.size() + edns_record_octets);
    EXPECT_EQ(packet[11], 1);
    const Octets tail(packet.end() - 11, packet.end());
    EXPECT_EQ(tail, (Octets{0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0}));
}

TEST(DnsQuery, WritesAnyOctetOfALabelAsItIs) {
    const std::string name("a\\b\"\0 \xff.x", 9);
    const auto packet = make_query({id, name, RecordType::a}, false);
    const Octets label(packet.begin() + 12, packet.begin() + 20);
    EXPECT_EQ(label, (Octets{7, 'a', '\\', 'b', '"', 0, ' ', 0xff}));
}

TEST(DnsQuery, CarriesTheLongestNameThatCanBeAsked) {
    const std::string label(63, 'a');
    const std::string name = label + "." + label + "." + label + "." + std::string(61, 'b');
    ASSERT_TRUE(can_be_asked(name));
    const auto packet = make_query({id, name, RecordType::a}, false);
    EXPECT_EQ(packet.size(), 12U + 255U + 4U);
    DnsPacket reply = response(name, RecordType::a);
    reply.answer(name, 1, 60, {192, 0, 2, 1});
    EXPECT_EQ(parsed(reply, name, RecordType::a).answer.outcome, Outcome::found);
}

TEST(DnsResponse, JoinsTheStringsOfEachTxtRecordAndKeepsRecordsApart) {
    auto packet = response("example.com", RecordType::txt);
    packet.answer("example.com", 16, 300, txt({"v=spf1 ", "-all"}))
        .answer("EXAMPLE.com", 16, 200, txt({"other"}));
    const auto got = parsed(packet, "example.com", RecordType::txt);
    EXPECT_EQ(got.answer.outcome, Outcome::found);
    EXPECT_EQ(got.answer.texts, (std::vector<std::string>{"v=spf1 -all", "other"}));
    EXPECT_EQ(got.answer.ttl_seconds, 200U);
}

TEST(DnsResponse, KeepsNulAndEightBitOctetsOfTexts) {
    auto packet = response("x.y", RecordType::txt);
    packet.answer("x.y", 16, 1, {4, 'a', 0, 0xff, 'b', 0, 1, 'c'});
    const auto got = parsed(packet, "x.y", RecordType::txt);
    ASSERT_EQ(got.answer.texts.size(), 1U);
    EXPECT_EQ(got.answer.texts[0], std::string("a\0\xff"
                                               "bc",
                                               5));
}

TEST(DnsResponse, ReadsAddressesExchangesAndPointers) {
    auto a = response("h.x", RecordType::a);
    a.answer("h.x", 1, 9, {192, 0, 2, 1}).answer("h.x", 1, 9, {192, 0, 2, 2});
    EXPECT_EQ(parsed(a, "h.x", RecordType::a).answer.addresses,
              (std::vector<IpAddress>{*IpAddress::parse("192.0.2.1"), *IpAddress::parse("192.0.2.2")}));

    auto aaaa = response("h.x", RecordType::aaaa);
    aaaa.answer("h.x", 28, 9, {0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    EXPECT_EQ(parsed(aaaa, "h.x", RecordType::aaaa).answer.addresses,
              (std::vector<IpAddress>{*IpAddress::parse("2001:db8::1")}));

    auto exchanges = response("h.x", RecordType::mx);
    exchanges.answer("h.x", 15, 9, mx(20, "B.x"))
        .answer("h.x", 15, 9, mx(10, "a.x"))
        .answer("h.x", 15, 9, mx(0, ""));
    EXPECT_EQ(parsed(exchanges, "h.x", RecordType::mx).answer.exchanges,
              (std::vector<Exchange>{{20, "b.x"}, {10, "a.x"}, {0, ""}}));

    auto ptr = response("1.2.0.192.in-addr.arpa", RecordType::ptr);
    ptr.answer("1.2.0.192.in-addr.arpa", 12, 9, wire_name("Mail.Example"));
    EXPECT_EQ(parsed(ptr, "1.2.0.192.in-addr.arpa", RecordType::ptr).answer.names,
              std::vector<std::string>{"mail.example"});
}

TEST(DnsResponse, LeavesOutHostsWhoseLabelsHoldADot) {
    Octets host = {0, 5};
    testing::put_label(host, "a.b");
    host.push_back(0);
    auto packet = response("h.x", RecordType::mx);
    packet.answer("h.x", 15, 9, host).answer("h.x", 15, 9, mx(10, "ok.x"));
    EXPECT_EQ(parsed(packet, "h.x", RecordType::mx).answer.exchanges, (std::vector<Exchange>{{10, "ok.x"}}));

    auto only = response("h.x", RecordType::mx);
    only.answer("h.x", 15, 9, host);
    EXPECT_EQ(parsed(only, "h.x", RecordType::mx).answer.outcome, Outcome::nodata);
}

TEST(DnsResponse, FollowsCnamesInThePacketWhateverTheirOrderAndTakesTheLeastTtl) {
    auto packet = response("a.x", RecordType::a);
    packet.answer("c.x", 1, 500, {192, 0, 2, 1})
        .answer("b.x", 5, 50, wire_name("C.x"))
        .answer("A.x", 5, 100, wire_name("b.X"));
    const auto got = parsed(packet, "a.x", RecordType::a);
    EXPECT_EQ(got.answer.outcome, Outcome::found);
    EXPECT_EQ(got.answer.ttl_seconds, 50U);
    EXPECT_EQ(got.aliases, 2U);
}

TEST(DnsResponse, IgnoresRecordsThatTheChainDoesNotEndAt) {
    auto packet = response("a.x", RecordType::a);
    packet.answer("a.x", 5, 100, wire_name("b.x"))
        .answer("b.x", 1, 7, {192, 0, 2, 1})
        .answer("evil.x", 1, 1, {6, 6, 6, 6});
    const auto got = parsed(packet, "a.x", RecordType::a);
    EXPECT_EQ(got.answer.addresses, std::vector<IpAddress>{*IpAddress::parse("192.0.2.1")});
    EXPECT_EQ(got.answer.ttl_seconds, 7U);
}

TEST(DnsResponse, IgnoresRecordsOfAnotherClass) {
    auto packet = response("a.x", RecordType::a);
    packet.record(wire_name("a.x"), 1, 3, 60, {6, 6, 6, 6}).count(6);
    EXPECT_EQ(parsed(packet, "a.x", RecordType::a).answer.outcome, Outcome::nodata);
}

TEST(DnsResponse, NamesTheTargetWhereAChainLeavesThePacket) {
    auto packet = response("a.x", RecordType::txt);
    packet.answer("a.x", 5, 100, wire_name("b.x")).answer("b.x", 5, 30, wire_name("Else.Where"));
    const auto got = parsed(packet, "a.x", RecordType::txt);
    EXPECT_EQ(got.alias, "else.where");
    EXPECT_EQ(got.alias_ttl, 30U);
    EXPECT_EQ(got.aliases, 2U);
}

TEST(DnsResponse, ACnameLoopIsTempfail) {
    for (const auto* target : {"a.x", "b.x"}) {
        auto packet = response("a.x", RecordType::a);
        packet.answer("a.x", 5, 100, wire_name("b.x")).answer("b.x", 5, 100, wire_name(target));
        const auto got = parsed(packet, "a.x", RecordType::a);
        EXPECT_EQ(got.answer.outcome, Outcome::tempfail) << target;
        EXPECT_EQ(got.answer.failure, "CNAME loop");
        EXPECT_TRUE(got.alias.empty());
    }
}

TEST(DnsResponse, EightCnamesAreFollowedAndNineAreNot) {
    for (const unsigned length : {8U, 9U}) {
        auto packet = response("n0.x", RecordType::a);
        for (unsigned i = 0; i < length; ++i) {
            packet.answer("n" + std::to_string(i) + ".x", 5, 60,
                          wire_name("n" + std::to_string(i + 1) + ".x"));
        }
        packet.answer("n" + std::to_string(length) + ".x", 1, 60, {192, 0, 2, 1});
        const auto got = parsed(packet, "n0.x", RecordType::a);
        EXPECT_EQ(got.answer.outcome, length == 8 ? Outcome::found : Outcome::tempfail);
        if (length == 9) {
            EXPECT_EQ(got.answer.failure, "CNAME chain too long");
        }
    }
}

TEST(DnsResponse, ACnameToTheRootOrToALabelWithADotIsTempfail) {
    Octets dotted;
    testing::put_label(dotted, "a.b");
    dotted.push_back(0);
    for (const auto& target : {wire_name(""), dotted}) {
        auto packet = response("a.x", RecordType::a);
        packet.answer("a.x", 5, 100, target);
        EXPECT_EQ(parsed(packet, "a.x", RecordType::a).answer.outcome, Outcome::tempfail);
    }
}

TEST(DnsResponse, NegativeAnswersLiveForTheLesserOfSoaTtlAndMinimum) {
    struct Case {
        std::uint32_t ttl, minimum, expected;
    };
    for (const auto& c :
         {Case{300, 60, 60}, Case{60, 300, 60}, Case{0x80000001, 60, 0}, Case{60, 0x80000000, 0}}) {
        auto packet = response("a.example", RecordType::a);
        packet.rcode(testing::nx_domain).authority("example", 6, c.ttl, soa(c.minimum));
        const auto got = parsed(packet, "a.example", RecordType::a);
        EXPECT_EQ(got.answer.outcome, Outcome::nxdomain);
        EXPECT_EQ(got.answer.ttl_seconds, c.expected);
    }
}

TEST(DnsResponse, NegativeAnswersWithoutASoaOfTheirOwnZoneAreNotKept) {
    auto without = response("a.example", RecordType::a);
    without.rcode(testing::nx_domain);
    EXPECT_EQ(parsed(without, "a.example", RecordType::a).answer.ttl_seconds, 0U);

    auto foreign = response("a.example", RecordType::a);
    foreign.authority("other", 6, 300, soa(300)).authority("xample", 6, 300, soa(300));
    const auto got = parsed(foreign, "a.example", RecordType::a);
    EXPECT_EQ(got.answer.outcome, Outcome::nodata);
    EXPECT_EQ(got.answer.ttl_seconds, 0U);
}

TEST(DnsResponse, ANegativeAnswerAtTheEndOfAChainIsOneForTheQuestion) {
    auto gone = response("a.x", RecordType::a);
    gone.rcode(testing::nx_domain).answer("a.x", 5, 20, wire_name("b.y")).authority("y", 6, 300, soa(300));
    const auto nxdomain = parsed(gone, "a.x", RecordType::a);
    EXPECT_EQ(nxdomain.answer.outcome, Outcome::nxdomain);
    EXPECT_EQ(nxdomain.answer.ttl_seconds, 20U);

    auto empty = response("a.x", RecordType::a);
    empty.answer("a.x", 5, 20, wire_name("b.y")).authority("y", 6, 300, soa(10));
    const auto nodata = parsed(empty, "a.x", RecordType::a);
    EXPECT_EQ(nodata.answer.outcome, Outcome::nodata);
    EXPECT_EQ(nodata.answer.ttl_seconds, 10U);
}

TEST(DnsResponse, NodataIsNotNxdomain) {
    auto packet = response("a.x", RecordType::a);
    EXPECT_EQ(parsed(packet, "a.x", RecordType::a).answer.outcome, Outcome::nodata);
}

TEST(DnsResponse, AReferralIsNoAnswer) {
    auto lame = response("a.x", RecordType::a, 0x8000);
    lame.authority("x", 2, 300, wire_name("ns.x"));
    EXPECT_EQ(parsed(lame, "a.x", RecordType::a).answer.outcome, Outcome::tempfail);

    for (const unsigned flags : {0x8400U, 0x8080U}) {
        auto served = response("a.x", RecordType::a, flags);
        served.authority("x", 2, 300, wire_name("ns.x"));
        EXPECT_EQ(parsed(served, "a.x", RecordType::a).answer.outcome, Outcome::nodata);
    }
}

TEST(DnsResponse, ErrorCodesAreTempfailWithTheirNames) {
    struct Case {
        unsigned code;
        const char* name;
    };
    for (const auto& c : {Case{1, "FORMERR"}, Case{2, "SERVFAIL"}, Case{4, "NOTIMP"}, Case{5, "REFUSED"},
                          Case{9, "RCODE 9"}}) {
        auto packet = response("a.x", RecordType::a);
        packet.rcode(c.code);
        const auto got = parsed(packet, "a.x", RecordType::a);
        EXPECT_EQ(got.answer.outcome, Outcome::tempfail);
        EXPECT_EQ(got.answer.failure, c.name);
        EXPECT_EQ(got.rcode, c.code);
    }
}

TEST(DnsResponse, AnExtendedErrorCodeIsNotTakenForNodata) {
    auto packet = response("a.x", RecordType::a);
    packet.additional("", 41, 0x01000000, {});
    const auto got = parsed(packet, "a.x", RecordType::a);
    EXPECT_EQ(got.answer.outcome, Outcome::tempfail);
    EXPECT_EQ(got.answer.failure, "RCODE 16");
}

TEST(DnsResponse, RecordsUnderNxdomainContradictAndAreNoAnswer) {
    auto packet = response("a.x", RecordType::a);
    packet.rcode(testing::nx_domain).answer("a.x", 1, 60, {192, 0, 2, 1});
    EXPECT_EQ(error_of(packet, "a.x", RecordType::a), "the response contradicts itself");
}

TEST(DnsResponse, AnotherQuestionIsNoAnswer) {
    const std::string other = "the response is for another question";
    auto name = response("b.x", RecordType::a);
    EXPECT_EQ(error_of(name, "a.x", RecordType::a), other);
    auto type = response("a.x", RecordType::txt);
    EXPECT_EQ(error_of(type, "a.x", RecordType::a), other);
    DnsPacket query_class(id);
    query_class.question("a.x", 1, 3);
    EXPECT_EQ(error_of(query_class, "a.x", RecordType::a), other);
    const DnsPacket none(id);
    EXPECT_EQ(error_of(none, "a.x", RecordType::a), "the response has not one question");
    auto two = response("a.x", RecordType::a);
    two.question("a.x", 1);
    EXPECT_EQ(error_of(two, "a.x", RecordType::a), "the response has not one question");
}

TEST(DnsResponse, ALabelWithADotIsNotTheNameWithTwoLabels) {
    Octets dotted;
    testing::put_label(dotted, "a.x");
    dotted.push_back(0);
    DnsPacket packet(id);
    packet.question(dotted, 1);
    EXPECT_EQ(error_of(packet, "a.x", RecordType::a), "the response is for another question");

    auto owner = response("a.x", RecordType::a);
    owner.answer(dotted, 1, 60, {6, 6, 6, 6});
    EXPECT_EQ(parsed(owner, "a.x", RecordType::a).answer.outcome, Outcome::nodata);
}

TEST(DnsResponse, TellsWhetherTheCaseOfLettersCameBack) {
    const auto same = response("ExAmPle.com", RecordType::a);
    EXPECT_TRUE(parsed(same, "ExAmPle.com", RecordType::a).case_kept);
    const auto other = response("example.com", RecordType::a);
    EXPECT_FALSE(parsed(other, "ExAmPle.com", RecordType::a).case_kept);
}

TEST(DnsResponse, AnotherIdAQueryAndATruncatedPacketAreNoAnswers) {
    DnsPacket other_id(id + 1);
    other_id.question("a.x", 1);
    EXPECT_EQ(error_of(other_id, "a.x", RecordType::a), "the packet has another id");
    const auto query = response("a.x", RecordType::a, 0x0100);
    EXPECT_EQ(error_of(query, "a.x", RecordType::a), "the packet is no response to a query");
    const auto opcode = response("a.x", RecordType::a, 0x9180);
    EXPECT_EQ(error_of(opcode, "a.x", RecordType::a), "the packet is no response to a query");
    auto cut = response("a.x", RecordType::a);
    cut.truncated();
    EXPECT_EQ(error_of(cut, "a.x", RecordType::a), "the response is truncated");
}

TEST(DnsResponse, EveryCutOfAPacketIsAnErrorAndSoIsAnythingAfterItsEnd) {
    auto packet = response("a.x", RecordType::mx);
    packet.answer("a.x", 15, 60, mx(10, "m.x")).authority("x", 6, 60, soa(60)).additional("", 41, 0, {});
    ASSERT_TRUE(parse(packet, "a.x", RecordType::mx));
    for (std::size_t size = 0; size < packet.octets().size(); ++size) {
        const auto cut = std::span(packet.octets()).first(size);
        EXPECT_FALSE(parse_response(cut, {id, "a.x", RecordType::mx})) << size;
    }
    packet.append({0});
    EXPECT_FALSE(parse(packet, "a.x", RecordType::mx));
}

TEST(DnsResponse, DataThatDoNotFitTheirTypeSpoilTheResponse) {
    struct Case {
        RecordType type;
        Octets data;
    };
    Octets long_mx = mx(10, "m.x");
    long_mx.push_back(0);
    Octets long_ptr = wire_name("p.x");
    long_ptr.push_back(0);
    const std::vector<Case> cases = {
        {RecordType::a, {1, 2, 3}},  {RecordType::a, {1, 2, 3, 4, 5}}, {RecordType::aaaa, {1, 2, 3, 4}},
        {RecordType::txt, {}},       {RecordType::txt, {3, 'a', 'b'}}, {RecordType::mx, {0}},
        {RecordType::mx, {0, 10}},   {RecordType::mx, long_mx},        {RecordType::ptr, {}},
        {RecordType::ptr, long_ptr},
    };
    for (const auto& c : cases) {
        auto packet = response("a.x", c.type);
        packet.answer("a.x", static_cast<unsigned>(c.type), 60, c.data);
        EXPECT_EQ(error_of(packet, "a.x", c.type), "the response is malformed") << to_string(c.type);
    }
}

TEST(DnsResponse, ACompressedNameIsReadBackwards) {
    auto packet = response("mail.example", RecordType::mx);
    Octets host = {0, 10};
    testing::put_label(host, "mx");
    host.insert(host.end(), {0xc0, 17});  // "example" inside the question's name
    packet.answer(Octets{0xc0, 12}, 15, 60, host);
    EXPECT_EQ(parsed(packet, "mail.example", RecordType::mx).answer.exchanges,
              (std::vector<Exchange>{{10, "mx.example"}}));
}

TEST(DnsResponse, PointersForwardToThemselvesIntoTheHeaderOrInALoopAreErrors) {
    auto base = response("a.x", RecordType::a);
    const auto at = static_cast<std::uint8_t>(base.octets().size());
    const auto next = static_cast<std::uint8_t>(at + 2);
    for (const Octets& owner : {Octets{0xc0, at}, Octets{0xc0, next}, Octets{0xc0, 4}, Octets{0xff, 0xff},
                                Octets{1, 'a', 0xc0, at}, Octets{0x40, 0}, Octets{0x80, 0}}) {
        auto packet = response("a.x", RecordType::a);
        packet.answer(owner, 1, 60, {192, 0, 2, 1});
        EXPECT_FALSE(parse(packet, "a.x", RecordType::a));
    }
}

TEST(DnsResponse, ANameOver255OctetsIsAnError) {
    const std::string label(63, 'a');
    const std::string most = label + "." + label + "." + label + "." + std::string(61, 'b');
    auto fits = response("a.x", RecordType::ptr);
    fits.answer("a.x", 12, 60, wire_name(most));
    EXPECT_EQ(parsed(fits, "a.x", RecordType::ptr).answer.names, std::vector<std::string>{most});
    auto packet = response("a.x", RecordType::ptr);
    packet.answer("a.x", 12, 60, wire_name(most + "b"));
    EXPECT_FALSE(parse(packet, "a.x", RecordType::ptr));
}

TEST(DnsResponse, SixtyFourKilobytesOfPointersAreReadInBoundedTime) {
    // A tower of pointers to pointers at the start, and as many records as fit that begin at its top.
    auto packet = response("a.x", RecordType::a);
    Octets tower;
    const std::size_t base = packet.octets().size() + 11;
    tower.insert(tower.end(), {0xc0, 12});
    for (std::size_t i = 1; i < 4000; ++i) {
        const std::size_t before = base + 2 * (i - 1);
        tower.push_back(static_cast<std::uint8_t>(0xc0U | (before >> 8)));
        tower.push_back(static_cast<std::uint8_t>(before & 0xff));
    }
    packet.answer("", 99, 60, tower);
    const std::size_t low = base + 2 * 60;
    const Octets owner = {static_cast<std::uint8_t>(0xc0U | (low >> 8)),
                          static_cast<std::uint8_t>(low & 0xff)};
    while (packet.octets().size() + 16 <= 65535) packet.answer(owner, 1, 60, {192, 0, 2, 1});
    const auto begin = std::chrono::steady_clock::now();
    const auto got = parsed(packet, "a.x", RecordType::a);
    EXPECT_GT(got.answer.addresses.size(), 3000U);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));

    const std::size_t top = base + 2 * 3999;
    auto beyond = response("a.x", RecordType::a);
    beyond.answer("", 99, 60, tower);
    beyond.answer(
        Octets{static_cast<std::uint8_t>(0xc0U | (top >> 8)), static_cast<std::uint8_t>(top & 0xff)}, 1, 60,
        {192, 0, 2, 1});
    EXPECT_FALSE(parse(beyond, "a.x", RecordType::a));
}

TEST(DnsResponse, ATextOf64KilobytesComesWhole) {
    auto packet = response("a.x", RecordType::txt);
    Octets data;
    for (int i = 0; i < 250; ++i) testing::put_label(data, std::string(255, 'z'));
    packet.answer("a.x", 16, 60, data);
    EXPECT_EQ(parsed(packet, "a.x", RecordType::txt).answer.texts.at(0).size(), 250U * 255U);
}

TEST(DnsResponse, RandomDamageNeverGivesRecordsForAnotherTypeThanAsked) {
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    auto packet = response("a.x", RecordType::txt);
    packet.answer("a.x", 5, 60, wire_name("b.x"))
        .answer("b.x", 16, 60, txt({"one", "two"}))
        .authority("x", 6, 60, soa(60));
    for (int round = 0; round < 20000; ++round) {
        Octets octets = packet.octets();
        for (unsigned i = 0; i <= random() % 4; ++i)
            octets[random() % octets.size()] = static_cast<std::uint8_t>(random());
        const auto got = parse_response(octets, {id, "a.x", RecordType::txt});
        if (!got) continue;
        EXPECT_TRUE(got->answer.addresses.empty() && got->answer.names.empty() &&
                    got->answer.exchanges.empty());
        EXPECT_EQ(got->answer.outcome == Outcome::found && got->alias.empty(), !got->answer.texts.empty());
    }
}

}  // namespace
}  // namespace defender::dns
