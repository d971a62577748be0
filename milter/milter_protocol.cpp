#include "milter/milter_protocol.hpp"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <vector>

#include "common/base/text.hpp"

namespace defender::milter {
namespace {

constexpr std::size_t length_octets = 4;

std::uint32_t read_number(std::string_view octets) {
    std::uint32_t number = 0;
    for (const char c : octets.substr(0, length_octets)) {
        number = (number << 8U) | static_cast<unsigned char>(c);
    }
    return number;
}

std::string number_octets(std::uint32_t number) {
    std::string octets;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) octets += static_cast<char>((number >> shift) & 0xffU);
    return octets;
}

/// Takes the string at the front of `data`, which a NUL ends; nothing where none does.
std::optional<std::string_view> take_string(std::string_view& data) {
    const auto end = data.find('\0');
    if (end == std::string_view::npos) return std::nullopt;
    const auto string = data.substr(0, end);
    data.remove_prefix(end + 1);
    return string;
}

std::optional<IpAddress> parse_v6(std::string_view text) {
    static constexpr std::string_view tag = "IPv6:";  // RFC 5321 section 4.1.3; Sendmail writes it
    if (text::istarts_with(text, tag)) text.remove_prefix(tag.size());
    return IpAddress::parse(text);
}

/// Libmilter's number of a step that macros are given for: its place in this order. Nothing for the others.
constexpr std::optional<std::uint32_t> macro_step(Command command) {
    constexpr std::array order{Command::connect,       Command::helo, Command::mail,
                               Command::recipient,     Command::data, Command::end_of_message,
                               Command::end_of_headers};
    const auto place = std::find(order.begin(), order.end(), command);
    if (place == order.end()) return std::nullopt;
    return static_cast<std::uint32_t>(place - order.begin());
}
constexpr std::uint32_t macro_step_mail = *macro_step(Command::mail);
constexpr std::uint32_t macro_step_end = *macro_step(Command::end_of_message);

/// A name of more than one letter stands in braces, and one of one letter may.
std::string_view without_braces(std::string_view name) {
    const bool braced = name.size() > 2 && name.front() == '{' && name.back() == '}';
    return braced ? name.substr(1, name.size() - 2) : name;
}

void put_packet(std::string& out, char command, std::initializer_list<std::string_view> parts) {
    std::size_t octets = 1;
    for (const auto part : parts) octets += part.size();
    out += number_octets(static_cast<std::uint32_t>(octets));
    out += command;
    for (const auto part : parts) out += part;
}

/// With the NUL that ends it.
std::string string_of(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) throw std::logic_error("a NUL in text for the MTA");
    return std::string(text) + '\0';
}

void put_edit(std::string& out, const HeaderEdit& edit) {
    const auto field = string_of(edit.name) + string_of(edit.value);
    switch (edit.kind) {
        case HeaderEdit::Kind::remove:  // a change to nothing
            return put_packet(out, 'm', {number_octets(edit.position), field});
        case HeaderEdit::Kind::insert_on_top:
            return put_packet(out, 'i', {number_octets(0), field});
        case HeaderEdit::Kind::add:
            return put_packet(out, 'h', {field});
    }
}

}  // namespace

Result<std::optional<Packet>> first_packet(std::string_view octets) {
    if (octets.size() <= length_octets) return std::optional<Packet>();
    const std::size_t length = read_number(octets);
    const auto command = static_cast<Command>(octets[length_octets]);
    if (length == 0) return Error{"a packet without a command"};
    if (length > (command == Command::header ? longest_header_packet : longest_packet)) {
        return Error{"a packet of " + std::to_string(length) + " octets"};
    }
    if (octets.size() - length_octets < length) return std::optional<Packet>();
    return std::optional(
        Packet{command, octets.substr(length_octets + 1, length - 1), length_octets + length});
}

std::size_t first_packet_octets(std::string_view octets) {
    if (octets.size() < length_octets) return length_octets + 1;
    // Before its command has come, nobody has looked at the length.
    return length_octets + std::clamp<std::size_t>(read_number(octets), 1, longest_header_packet);
}

std::optional<Offer> parse_offer(std::string_view data) {
    if (data.size() < 3 * length_octets) return std::nullopt;
    return Offer{read_number(data),
                 {read_number(data.substr(length_octets)), read_number(data.substr(2 * length_octets))}};
}

std::optional<Client> parse_client(std::string_view data) {
    const auto name = take_string(data);
    if (!name || data.empty()) return std::nullopt;
    const char family = data.front();
    if (family == 'U') return Client{*name, std::nullopt};
    static constexpr std::size_t family_and_port = 3;
    if (data.size() < family_and_port) return std::nullopt;
    data.remove_prefix(family_and_port);
    const auto address = take_string(data);
    if (!address) return std::nullopt;
    if (family == 'L') return Client{*name, std::nullopt};  // the path of a unix socket
    const auto ip = family == '6' ? parse_v6(*address) : IpAddress::parse(*address);
    if (!ip || (family != '4' && family != '6') || (family == '4' && ip->is_v6())) return std::nullopt;
    return Client{*name, ip};
}

std::optional<std::string_view> parse_first(std::string_view data) {
    if (data.empty() || data.back() != '\0') return std::nullopt;
    return take_string(data);
}

std::optional<HeaderView> parse_header(std::string_view data) {
    const auto name = take_string(data);
    if (!name || data.empty() || data.back() != '\0') return std::nullopt;
    return HeaderView{*name, data.substr(0, data.size() - 1)};
}

bool Macros::take(std::string_view data) {
    if (data.empty()) return false;
    const auto step = macro_step(static_cast<Command>(data.front()));
    data.remove_prefix(1);
    Step taken;
    while (!data.empty()) {
        const auto name = take_string(data);
        const auto value = name ? take_string(data) : std::nullopt;
        if (!value) return false;
        const auto bare = without_braces(*name);
        if (bare == "i") taken.queue_id = *value;
        if (bare == "auth_authen") taken.login = *value;
    }
    if (!step) return true;
    forget_from(*step);
    steps_[*step] = std::move(taken);
    return true;
}

std::string_view Macros::queue_id() const noexcept {
    const auto last =
        std::find_if(steps_.rbegin(), steps_.rend(), [](const Step& step) { return !step.queue_id.empty(); });
    return last == steps_.rend() ? std::string_view() : last->queue_id;
}

bool Macros::authenticated() const noexcept {
    return std::any_of(steps_.begin(), steps_.end(), [](const Step& step) { return !step.login.empty(); });
}

void Macros::forget_from(std::size_t step) {
    std::fill(steps_.begin() + static_cast<std::ptrdiff_t>(step), steps_.end(), Step());
}

void Macros::forget_message() {
    forget_from(macro_step_mail);
}

void Macros::forget_all() {
    forget_from(0);
}

void put_answer(std::string& out, Answer answer) {
    put_packet(out, static_cast<char>(answer), {});
}

void put_terms(std::string& out, std::uint32_t version, const Terms& terms) {
    std::string macros;
    if (terms.actions & actions::list_macros) {
        macros = number_octets(macro_step_mail) + string_of(macros_at_mail) + number_octets(macro_step_end) +
                 string_of(macros_at_end);
    }
    put_packet(out, static_cast<char>(Command::negotiate),
               {number_octets(version), number_octets(terms.actions), number_octets(terms.steps), macros});
}

void put_reply(std::string& out, const Reply& reply, const Terms& terms) {
    if (!reply.code.empty()) return put_packet(out, 'y', {string_of(text_for_mta(smtp_text(reply)))});
    for (const auto& edit : header_edits(reply)) put_edit(out, edit);
    if (reply.action == auth::Action::hold) {
        if (!(terms.actions & actions::quarantine)) {
            throw std::runtime_error("the MTA does not take a message for its hold queue");
        }
        put_packet(out, 'q', {string_of(reply.text)});
    }
    put_answer(out, Answer::go_on);
}

}  // namespace defender::milter
