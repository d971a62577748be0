#include "milter/asio_frontend.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <list>
#include <random>
#include <thread>

#include "tests/support/dkim_message.hpp"
#include "tests/support/milter_gateway.hpp"
#include "tests/support/milter_mta.hpp"
#include "tests/support/milter_packets.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::milter {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const auto greeting = test::offer() + test::client("192.0.2.1");
const auto head = test::message_head("<user@example.com>", " user@example.com");

std::size_t threads_of_this_process() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return static_cast<std::size_t>(std::distance(tasks, {}));
}

template <typename Condition>
void await(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
        ASSERT_LT(std::chrono::steady_clock::now(), end) << "waited in vain";
        std::this_thread::sleep_for(1ms);
    }
}

class AsioFrontendTest : public testing::Test {
  protected:
    AsioFrontendTest() { world_.settings->milter.socket = "unix:" + path_; }
    ~AsioFrontendTest() override { stop(); }

    void start() {
        gateway_ = &world_.start();
        frontend_ = std::make_unique<AsioFrontend>(*gateway_, world_.settings->milter, times_);
        thread_ = std::thread([this] { frontend_->run(); });
    }

    void stop() {
        if (!thread_.joinable()) return;
        frontend_->stop();
        thread_.join();
    }

    test::MilterMta& connect() { return mtas_.emplace_back(path_); }

    /// An MTA whose message has come to its end and waits for DNS.
    test::MilterMta& connect_and_wait(const std::string& queue_id) {
        const auto before = gateway_->in_flight();
        auto& mta = connect();
        mta.send(greeting + head + test::message_end(queue_id));
        await([&] { return gateway_->in_flight() == before + 1; });
        return mta;
    }

    void release_answers() {
        while (world_.resolver->answer_round()) {
        }
    }

    test::TemporaryFolder folder_;
    const std::string path_ = folder_.file("milter.sock");
    test::MilterGateway world_;
    AsioTimes times_;
    Gateway* gateway_ = nullptr;
    std::unique_ptr<AsioFrontend> frontend_;
    std::thread thread_;
    std::list<test::MilterMta> mtas_;
};

TEST_F(AsioFrontendTest, MessagesAreJudgedOneAfterAnotherOnAConnection) {
    start();
    auto& mta = connect();
    mta.send(greeting);
    EXPECT_EQ(mta.answer()->code, 'O');
    for (const auto* const queue_id : {"Q1", "Q2", "Q3"}) {
        mta.send(head + test::packet('B', "hello\r\n"));
        EXPECT_EQ(mta.answer()->code, 's');
        mta.send(test::message_end(queue_id));
        const auto edit = mta.answer();
        ASSERT_TRUE(edit);
        EXPECT_EQ(edit->code, 'i');
        EXPECT_THAT(edit->data, HasSubstr("dmarc=pass"));
        EXPECT_EQ(mta.answer()->code, 'c');
    }
    mta.send(test::packet('Q'));
    EXPECT_TRUE(mta.is_closed());
    await([&] { return gateway_->connections() == 0; });
    EXPECT_EQ(world_.records().size(), 3U);
}

TEST_F(AsioFrontendTest, MessagesSentAheadAreAnsweredInTheirOrder) {
    start();
    auto& mta = connect();
    std::string all = greeting;
    for (int number = 0; number < 20; ++number) all += head + test::message_end("Q" + std::to_string(number));
    mta.send(all + test::packet('Q'));
    EXPECT_EQ(mta.codes_up_to("O"), "O");
    for (int number = 0; number < 20; ++number) EXPECT_EQ(mta.codes_up_to("c"), "ic");
    EXPECT_TRUE(mta.is_closed());
    ASSERT_EQ(world_.records().size(), 20U);
    EXPECT_EQ(world_.records()[19].evidence.queue_id, "Q19");
}

constexpr std::size_t octets_of_body = 300000;

/// A signed message whose body comes in packets of so many octets.
std::string signed_message(std::size_t octets_of_packet, std::string_view queue_id) {
    const mail::HeaderFields fields{{"From", " user@example.com"}, {"Subject", " hello"}};
    std::string body;
    while (body.size() < octets_of_body - 2) body += body.size() % 72 == 70 ? "\r\n" : "x";
    body += "\r\n";
    test::DkimSigning how;
    how.signed_fields = {"from", "subject"};
    const auto signature = test::DkimSigner::sign(test::rsa_key(), how, fields, body);
    std::string all = test::packet('M', test::strings({"<user@example.com>"}));
    for (const auto& field : {signature, fields[0], fields[1]}) all += test::header(field.name, field.value);
    all += test::packet('N');
    for (std::size_t at = 0; at < body.size(); at += octets_of_packet)
        all += test::packet('B', std::string_view(body).substr(at, octets_of_packet));
    return all + test::message_end(queue_id);
}

TEST_F(AsioFrontendTest, PacketsMayComeInPiecesOfAnySize) {
    world_.resolver->add_txt("s1._domainkey.example.com", test::rsa_key().record());
    start();
    const auto seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    auto& mta = connect();
    mta.send(greeting);
    EXPECT_EQ(mta.answer()->code, 'O');
    for (const std::size_t octets_of_packet : {std::size_t{7000}, std::size_t{65535}, octets_of_body}) {
        const auto all = signed_message(octets_of_packet, "Q" + std::to_string(octets_of_packet));
        std::string_view rest = all;
        while (!rest.empty()) {
            // From one octet to more than one read takes, small ones as often as large ones.
            const auto piece = rest.substr(0, std::size_t{1} << (random() % 20));
            mta.send(piece);
            rest.remove_prefix(piece.size());
            if (random() % 2 == 0) await([&] { return mta.all_is_read(); });
        }
        const auto packets = (octets_of_body + octets_of_packet - 1) / octets_of_packet;
        EXPECT_EQ(mta.codes_up_to("i"), std::string(packets, 'c') + "i");
        EXPECT_EQ(mta.codes_up_to("c"), "c");
        ASSERT_EQ(world_.records().back().evidence.dkim.size(), 1U);
        EXPECT_EQ(world_.records().back().evidence.dkim[0].result, auth::DkimResult::pass)
            << "packets of " << octets_of_packet;
    }
}

TEST_F(AsioFrontendTest, WaitingMessagesNeedNoThreadAndAreAllAnsweredOnceDnsAnswers) {
    world_.resolver->hold();
    start();
    connect_and_wait("first");
    const auto threads = threads_of_this_process();
    constexpr std::size_t more = 199;
    for (std::size_t number = 0; number < more; ++number) connect_and_wait("Q" + std::to_string(number));
    EXPECT_EQ(gateway_->in_flight(), more + 1);
    EXPECT_EQ(threads_of_this_process(), threads);
    release_answers();
    for (auto& mta : mtas_) EXPECT_EQ(mta.codes_up_to("c"), "Oic");
    EXPECT_EQ(world_.records().size(), more + 1);
}

TEST_F(AsioFrontendTest, AnMtaThatWaitsIsGivenSignsOfLifeAndIsNotIdle) {
    times_ = {{2s, 5ms}, 2ms, 5s};
    world_.resolver->hold();
    start();
    auto& mta = connect_and_wait("Q1");
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(mta.codes_up_to("p"), "Op");
    while (std::chrono::steady_clock::now() < begun + 2 * times_.connection.idle) {
        ASSERT_EQ(mta.codes_up_to("p"), "p");
    }
    release_answers();
    EXPECT_THAT(mta.codes_up_to("c"), testing::EndsWith("ic"));
}

TEST_F(AsioFrontendTest, AnIdleConnectionIsClosedAfterItsTime) {
    times_ = {{30ms, 5s}, 2ms, 5s};
    start();
    EXPECT_TRUE(connect().is_closed());
}

TEST_F(AsioFrontendTest, AnMtaThatDoesNotReadIsNotReadFromAndLosesNothing) {
    start();
    auto& mta = connect();
    mta.send(test::offer(test::every_action, steps::leading_space) + test::client("192.0.2.1"));
    EXPECT_EQ(mta.codes_up_to("c"), "Oc");
    std::string many;
    for (int count = 0; count < 10000; ++count) many += test::packet('U', test::strings({"XYZZY"}));
    std::size_t sent = 0;
    // Until the milter has stopped reading: nothing goes in any more, though time passes.
    for (int stuck = 0; stuck < 50;) {
        const auto more = mta.send_without_waiting(std::string_view(many).substr(sent % many.size()));
        sent += more;
        stuck = more == 0 ? stuck + 1 : 0;
        ASSERT_LT(sent, 256UL << 20U) << "it goes on reading";
        if (more == 0) std::this_thread::sleep_for(2ms);
    }
    const auto whole = test::packet('U', test::strings({"XYZZY"})).size();
    for (std::size_t answered = 0; answered < sent / whole; ++answered) ASSERT_EQ(mta.answer()->code, 'c');
}

TEST_F(AsioFrontendTest, MtasThatHangUpAnywhereLeaveNothing) {
    start();
    const auto all = greeting + head + test::packet('B', "hello\r\n");
    for (std::size_t count = 0; count <= all.size(); ++count) {
        test::MilterMta mta(path_);
        mta.send(std::string_view(all).substr(0, count));
    }
    connect().send(greeting + head + test::message_end("Q1"));
    EXPECT_EQ(mtas_.back().codes_up_to("c"), "Oic");
    mtas_.clear();
    await([&] { return gateway_->connections() == 0; });
    EXPECT_EQ(world_.records().size(), 1U);
}

TEST_F(AsioFrontendTest, AMessageWhoseMtaIsGoneIsRecorded) {
    world_.resolver->hold();
    start();
    connect_and_wait("Q1");
    mtas_.clear();
    release_answers();
    await([&] { return world_.records().size() == 1; });
    await([&] { return gateway_->connections() == 0; });
}

TEST_F(AsioFrontendTest, WhatIsNoMtaIsClosedAndOthersGoOn) {
    start();
    auto& browser = connect();
    browser.send("GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(browser.is_closed());
    auto& mta = connect();
    mta.send(greeting + head + test::message_end("Q1"));
    EXPECT_EQ(mta.codes_up_to("c"), "Oic");
}

TEST_F(AsioFrontendTest, StopClosesIdleConnectionsAndTheSocketAtOnce) {
    times_.grace = 1h;
    start();
    auto& silent = connect();
    auto& idle = connect();
    idle.send(greeting + head + test::message_end("Q1"));
    EXPECT_EQ(idle.codes_up_to("c"), "Oic");
    stop();
    EXPECT_TRUE(silent.is_closed());
    EXPECT_TRUE(idle.is_closed());
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_EQ(gateway_->connections(), 0U);
}

TEST_F(AsioFrontendTest, StopLetsMessagesInFlightAndThoseThatWereBegunEnd) {
    times_.grace = 1h;
    world_.resolver->hold();
    start();
    auto& in_flight = connect_and_wait("Q1");
    auto& begun = connect();
    begun.send(greeting + head);
    EXPECT_EQ(begun.codes_up_to("O"), "O");
    await([&] { return gateway_->connections() == 2; });
    frontend_->stop();
    await([&] { return !std::filesystem::exists(path_); });
    EXPECT_THROW(connect(), std::runtime_error);
    begun.send(test::message_end("Q2"));
    await([&] { return gateway_->in_flight() == 2; });
    release_answers();
    EXPECT_EQ(in_flight.codes_up_to("c"), "Oic");
    EXPECT_EQ(begun.codes_up_to("c"), "ic");
    thread_.join();
    EXPECT_TRUE(in_flight.is_closed());
    EXPECT_TRUE(begun.is_closed());
    EXPECT_EQ(world_.records().size(), 2U);
}

TEST_F(AsioFrontendTest, StopGivesUpMessagesThatComeToNoEndButNotThoseInFlight) {
    times_.grace = 20ms;
    world_.resolver->hold();
    start();
    auto& in_flight = connect_and_wait("Q1");
    auto& begun = connect();
    begun.send(greeting + head);
    EXPECT_EQ(begun.codes_up_to("O"), "O");
    await([&] { return gateway_->connections() == 2; });
    frontend_->stop();
    EXPECT_TRUE(begun.is_closed());
    EXPECT_EQ(gateway_->in_flight(), 1U);
    release_answers();
    EXPECT_EQ(in_flight.codes_up_to("c"), "Oic");
    thread_.join();
}

TEST_F(AsioFrontendTest, StopBeforeRunEndsIt) {
    gateway_ = &world_.start();
    frontend_ = std::make_unique<AsioFrontend>(*gateway_, world_.settings->milter, times_);
    frontend_->stop();
    frontend_->run();
}

TEST_F(AsioFrontendTest, TheSocketHasItsModeAndTakesThePlaceOfOneThatNobodyServes) {
    world_.settings->milter.socket_mode = 0600;
    start();
    struct stat file {};
    ASSERT_EQ(lstat(path_.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 07777U, 0600U);
    EXPECT_THROW(AsioFrontend(*gateway_, world_.settings->milter), std::runtime_error);
    EXPECT_EQ(connect().send_without_waiting(greeting), greeting.size());

    const auto other = folder_.file("dead.sock");
    std::filesystem::rename(path_, other);
    stop();
    EXPECT_TRUE(std::filesystem::exists(other)) << "moved away, so no longer this program's to remove";
    world_.settings->milter.socket = "unix:" + other;
    const AsioFrontend second(*gateway_, world_.settings->milter);
    EXPECT_NO_THROW(test::MilterMta mta(other));
}

TEST_F(AsioFrontendTest, AnythingElseInTheSocketsPlaceStays) {
    std::filesystem::create_directory(path_);
    EXPECT_THROW(start(), std::runtime_error);
    EXPECT_TRUE(std::filesystem::is_directory(path_));
}

}  // namespace
}  // namespace defender::milter
