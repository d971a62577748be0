// hash_milter: a milter that does nothing but hash the bodies that it is given. It lets everything pass.
//
//   hash_milter --listen PATH [--answer-pieces]
//
// The least that a filter which verifies signatures can cost: gateway_bench.py puts the gateway beside it. It
// gives the MTA no answer but the one at the end of a message; with --answer-pieces one to each piece of a
// body as well, which a milter owes that may say that it wants no more of it, as the gateway does where
// nothing is signed. One thread for each connection; ends on SIGTERM.
#include <openssl/evp.h>

#include <CLI/CLI.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "milter/milter_terms.hpp"
#include "tests/bench/milter_wire.hpp"

namespace {

namespace asio = boost::asio;
namespace bench = defender::bench;
using Socket = asio::local::stream_protocol::socket;

namespace steps = defender::milter::steps;
constexpr std::uint32_t agreed_steps = steps::no_recipients | steps::no_data | steps::no_unknown |
                                       steps::quiet_connect | steps::quiet_helo | steps::quiet_mail |
                                       steps::quiet_recipient | steps::quiet_header |
                                       steps::quiet_end_of_headers | steps::leading_space;

class Session {
  public:
    Session(Socket socket, bool answer_pieces)
        : socket_(std::move(socket)), answer_pieces_(answer_pieces), room_(std::size_t{256} * 1024, '\0') {
        EVP_DigestInit_ex(hash_.get(), EVP_sha256(), nullptr);
    }
    /// Until the MTA takes leave or goes.
    void serve() {
        std::size_t filled = 0;
        boost::system::error_code gone;
        while (!over_) {
            filled += socket_.read_some(asio::buffer(room_.data() + filled, room_.size() - filled), gone);
            if (gone) return;
            std::size_t taken = 0;
            while (!over_) {
                const std::string_view left(room_.data() + taken, filled - taken);
                const std::size_t length = bench::wire_number_at(left, 0);
                if (left.size() < 5 || left.size() < 4 + length) break;
                take(left[4], left.substr(5, length - 1));
                taken += 4 + length;
            }
            room_.replace(0, filled - taken, room_, taken, filled - taken);
            filled -= taken;
        }
    }

  private:
    void take(char command, std::string_view data) {
        if (command == 'O') {
            answer('O', bench::wire_number(bench::protocol::version) + bench::wire_number(0) +
                            bench::wire_number(agreed_steps | (answer_pieces_ ? 0 : steps::quiet_body)));
        } else if (command == 'B') {
            if (answer_pieces_) answer('c');
            EVP_DigestUpdate(hash_.get(), data.data(), data.size());
        } else if (command == 'E') {
            std::string digest(EVP_MAX_MD_SIZE, '\0');
            EVP_DigestFinal_ex(hash_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
            EVP_DigestInit_ex(hash_.get(), EVP_sha256(), nullptr);
            answer('c');
        } else if (command == 'Q') {
            over_ = true;
        }
    }
    void answer(char command, const std::string& data = {}) {
        asio::write(socket_, asio::buffer(bench::wire_number(static_cast<std::uint32_t>(data.size() + 1)) +
                                          command + data));
    }

    Socket socket_;
    bool answer_pieces_;
    std::string room_;  ///< larger than the largest packet
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash_{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
    bool over_ = false;
};

void serve(Socket socket, bool answer_pieces) {
    try {
        Session(std::move(socket), answer_pieces).serve();
    } catch (const std::exception& problem) {
        std::cerr << "hash_milter: " << problem.what() << '\n';
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("A milter that hashes each body, and nothing else", "hash_milter");
    std::string path;
    bool answer_pieces = false;
    app.add_option("--listen", path, "A unix socket's path")->required();
    app.add_flag("--answer-pieces", answer_pieces, "Answer each piece of a body");
    CLI11_PARSE(app, argc, argv);
    try {
        asio::io_context context(1);
        asio::local::stream_protocol::acceptor acceptor(context, {path});
        for (;;) std::thread(serve, acceptor.accept(), answer_pieces).detach();
    } catch (const std::exception& problem) {
        std::cerr << "hash_milter: " << problem.what() << '\n';
        return 1;
    }
}
