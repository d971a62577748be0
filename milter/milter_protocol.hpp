/// The milter protocol, version 6, as octets: packets of the MTA taken apart, packets for it put together.
///
/// A packet is its length (4 octets, network order), a command and the command's data. Parsers view into the
/// data that they are given, read nothing beyond it, and give nothing where it is not what the command wants.
/// Source: Sendmail's libmilter/mfdef.h and the packets of Sendmail 8.17 and Postfix 3.7; there is no RFC.
/// Thread-safety: pure functions and plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ip_address.hpp"
#include "common/base/result.hpp"
#include "milter/milter_terms.hpp"
#include "milter/reply.hpp"

namespace defender::milter {

/// What an MTA says.
enum class Command : char {
    abort = 'A',
    body = 'B',
    connect = 'C',
    macros = 'D',
    end_of_message = 'E',
    helo = 'H',
    new_connection = 'K',  ///< another client's connection follows on this one
    header = 'L',
    mail = 'M',
    end_of_headers = 'N',
    negotiate = 'O',
    quit = 'Q',
    recipient = 'R',
    data = 'T',
    unknown = 'U',  ///< an SMTP command that the MTA does not know
};

struct Packet {
    Command command{};
    std::string_view data;
    std::size_t octets = 0;  ///< of all of it, with its length and its command
};

/// The longest packets that are taken. A header field may be as long as settings let a header be: were the
/// connection to end at a long one, an MTA that accepts mail without its filter would let a forgery through
/// behind it. The longest piece of a body that any MTA sends is 1 MB.
inline constexpr std::size_t longest_header_packet = 64UL << 20U;
inline constexpr std::size_t longest_packet = (1UL << 20U) + 1;

/// The packet that `octets` begin with; nothing where the rest of it has still to come. An error where no
/// such packet may come at all.
[[nodiscard]] Result<std::optional<Packet>> first_packet(std::string_view octets);

/// How many octets that packet takes, as far as is known; no more than the longest does. Meant for one that
/// may come.
[[nodiscard]] std::size_t first_packet_octets(std::string_view octets);

/// What an MTA offers when a connection begins.
struct Offer {
    std::uint32_t version = 0;
    Terms terms;
};
[[nodiscard]] std::optional<Offer> parse_offer(std::string_view data);

/// The client that is connected to the MTA.
struct Client {
    std::string_view name;
    std::optional<IpAddress> address;  ///< none where it is not on an IP socket
};
[[nodiscard]] std::optional<Client> parse_client(std::string_view data);

/// The first of the strings that a command has: the name of HELO, the address of MAIL and RCPT.
[[nodiscard]] std::optional<std::string_view> parse_first(std::string_view data);

struct HeaderView {
    std::string_view name;
    std::string_view value;  ///< a NUL in it is kept, so that what stands behind one is judged as well
};
[[nodiscard]] std::optional<HeaderView> parse_header(std::string_view data);

/// The macros of a connection of which anything is made: the queue id and the login. Macros are given for a
/// step; those of a later step count more, and go where an earlier step is given macros anew.
class Macros {
  public:
    /// False where `data` are no list of pairs, of which none is taken then. Steps that nothing is asked of
    /// are let pass.
    [[nodiscard]] bool take(std::string_view data);
    [[nodiscard]] std::string_view queue_id() const noexcept;
    [[nodiscard]] bool authenticated() const noexcept;
    /// Those of MAIL FROM and behind it.
    void forget_message();
    void forget_all();

  private:
    struct Step {
        std::string queue_id;
        std::string login;
    };
    void forget_from(std::size_t step);

    std::array<Step, 7> steps_;  ///< by libmilter's numbers of them
};

/// What a step of a session is answered with.
enum class Answer : char { go_on = 'c', accept = 'a', try_later = 't', skip = 's', progress = 'p' };

/// Each appends packets to `out`.
void put_answer(std::string& out, Answer answer);
/// The answer to an offer, with the macros that are asked for.
void put_terms(std::string& out, std::uint32_t version, const Terms& terms);
/// The end of a message: the edits of its header and the answer. Throws std::runtime_error where a message is
/// to be held by an MTA that did not offer that, and std::logic_error for text that a packet cannot carry.
void put_reply(std::string& out, const Reply& reply, const Terms& terms);

}  // namespace defender::milter
