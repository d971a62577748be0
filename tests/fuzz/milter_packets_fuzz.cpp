/// Octets as an MTA, or whoever reached its socket, may send them: through the packets of the milter protocol
/// into a session, and back to what is sent.
///
/// Besides crashes and hangs: what is sent are whole packets of kinds that a milter may send, each message
/// that came to its end has one last answer, a connection that was closed takes nothing more, and how the
/// octets were cut into pieces changes nothing.
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>

#include "common/log/log.hpp"
#include "milter/milter_connection.hpp"
#include "tests/fuzz/message_run.hpp"
#include "tests/support/milter_packets.hpp"

namespace {

using namespace defender;
using State = milter::MilterConnection::State;

void require(bool holds) {
    if (!holds) std::abort();
}

/// One for all inputs.
milter::Gateway& gateway() {
    static metrics::Metrics metrics;
    static const auto last = std::make_shared<store::RecordRow>();
    static milter::Gateway made(
        fuzz::configuration_of({}, std::make_shared<test::FakeResolver>()),
        [] { return Result<std::unique_ptr<store::RecordStore>>(std::make_unique<fuzz::LastRecord>(last)); },
        metrics);
    return made;
}

/// DNS that is new for each connection, since it keeps what it was asked.
milter::Gateway& gateway_with_new_dns() {
    const auto resolver = std::make_shared<test::FakeResolver>();
    resolver->add_txt("example.com", "v=spf1 ip4:192.0.2.1 -all");
    resolver->add_txt("_dmarc.example.com", "v=DMARC1; p=reject");
    gateway().replace_configuration(fuzz::configuration_of({}, resolver));
    return gateway();
}

/// An MTA that sends `octets` in pieces and waits wherever the milter does.
class Mta {
  public:
    std::string send(std::string_view octets, std::size_t piece) {
        std::string untaken;
        while (!octets.empty()) {
            untaken += octets.substr(0, piece);
            octets.remove_prefix(std::min(piece, octets.size()));
            take(untaken);
        }
        require(connection_.state() != State::reading || untaken.size() <= milter::longest_header_packet + 4);
        return std::move(connection_.output());
    }

    [[nodiscard]] std::size_t messages() const { return given_; }

  private:
    void take(std::string& untaken) {
        for (;;) {
            const auto taken = connection_.take(untaken);
            require(taken <= untaken.size());
            untaken.erase(0, taken);
            if (connection_.state() != State::waiting) break;
            require(connection_.take(untaken) == 0);
            give_reply();
        }
        if (connection_.state() != State::closed) return;
        const auto sent = connection_.output().size();
        require(connection_.take(untaken) == 0 && connection_.output().size() == sent);
        untaken.clear();
    }

    void give_reply() {
        std::unique_lock lock(mutex_);
        // Where none comes, libFuzzer's -timeout tells.
        arrived_.wait(lock, [this] { return made_.has_value(); });
        connection_.give_reply(message_, *made_);
        made_.reset();
        ++given_;
        require(connection_.state() == State::reading && !connection_.has_message());
    }

    std::mutex mutex_;
    std::condition_variable arrived_;
    std::uint64_t message_ = 0;
    std::optional<milter::Reply> made_;
    std::size_t given_ = 0;
    milter::MilterConnection connection_{gateway_with_new_dns(),
                                         [this](std::uint64_t message, milter::Reply reply) {
                                             const std::lock_guard lock(mutex_);
                                             message_ = message;
                                             made_ = std::move(reply);
                                             arrived_.notify_all();
                                         }};
};

void check_answers(std::string sent, std::size_t messages) {
    std::size_t last_answers = 0;
    for (const auto& answer : test::take_answers(sent)) {
        require(std::string_view("Ocaistmyhq").find(answer.code) != std::string_view::npos);
        if (answer.code == 'c' || answer.code == 'y' || answer.code == 'a' || answer.code == 't')
            ++last_answers;
    }
    require(sent.empty());
    require(last_answers >= messages);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
    log::configure(log::Level::error, log::Target::stderr_);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view octets(reinterpret_cast<const char*>(data), size);
    Mta whole;
    const auto sent = whole.send(octets, size + 1);
    check_answers(sent, whole.messages());
    Mta in_pieces;
    require(in_pieces.send(octets, 1 + size % 7) == sent && in_pieces.messages() == whole.messages());
    while (!gateway().wait_until_idle(std::chrono::seconds(1))) {
    }
    return 0;
}
