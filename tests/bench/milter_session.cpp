#include "tests/bench/milter_session.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/system/system_error.hpp>
#include <stdexcept>

#include "milter/milter_terms.hpp"

namespace defender::bench {

/// A step of the dialogue: its command, the flags that a milter spares itself the step or the answer with,
/// and the stage whose list of macros goes before it.
struct MilterStep {
    char command;
    std::uint32_t unwanted;
    std::uint32_t unanswered;
    std::optional<std::uint32_t> stage;
    std::vector<std::string> macros;  ///< where the milter asked for no list

    static const MilterStep connect, helo, mail, recipient, data, header, end_of_header, body, end;
};

using Step = MilterStep;

const Step Step::connect{'C', 0x01, 0x1000, 0, {"j", "{daemon_name}", "{daemon_addr}", "v"}};
const Step Step::helo{'H', 0x02, 0x2000, 1, {}};
const Step Step::mail{
    'M', 0x04, 0x4000, 2, {"i", "{auth_authen}", "{auth_type}", "{mail_addr}", "{mail_host}"}};
const Step Step::recipient{'R', 0x08, 0x8000, 3, {"i", "{rcpt_addr}", "{rcpt_host}"}};
const Step Step::data{'T', 0x200, 0x10000, 4, {"i"}};
const Step Step::header{'L', 0x20, 0x80, std::nullopt, {}};
const Step Step::end_of_header{'N', 0x40, 0x40000, 6, {"i"}};
const Step Step::body{'B', 0x10, 0x80000, std::nullopt, {}};
const Step Step::end{'E', 0, 0, 5, {"i"}};

namespace {

std::string with_end(std::string_view text) {
    return std::string(text) + '\0';
}

/// What stands before the next NUL of `data`, which is taken away.
std::string take_text(std::string_view& data) {
    const auto end = data.find('\0');
    std::string text(data.substr(0, end));
    data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
    return text;
}

std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> found;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(' ', at), text.size());
        if (end > at) found.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return found;
}

std::string domain_of(const std::string& address) {
    return address.substr(address.find('@') + 1);
}

HeaderEdit edit_of(const Packet& packet, std::string_view blank) {
    std::string_view data = packet.data;
    HeaderEdit edit;
    if (packet.command != 'h') {
        edit.kind = packet.command == 'i' ? HeaderEdit::Kind::insert : HeaderEdit::Kind::change;
        edit.index = wire_number_at(data, 0);
        data.remove_prefix(std::min<std::size_t>(data.size(), 4));
    }
    edit.field.name = take_text(data);
    const auto value = take_text(data);
    if (!value.empty()) edit.field.value = std::string(blank) + value;
    return edit;
}

std::string kind_of(const Packet& packet) {
    switch (packet.command) {
        case 'a':
        case 'c':
        case 's':
            return "accept";
        case 'd':
            return "discard";
        case 'r':
            return "reject";
        case 't':
            return "tempfail";
        case 'y':
            return packet.data.starts_with('5') ? "reject" : "tempfail";
        default:
            throw std::runtime_error(std::string("unexpected answer ") + packet.command);
    }
}

}  // namespace

MilterSession::MilterSession(boost::asio::io_context& context, const std::string& address)
    : wire_(context, address),
      macros_{{"j", "mx.bench.example"},
              {"{daemon_name}", "smtpd"},
              {"{daemon_addr}", "192.0.2.1"},
              {"v", "milter_load"}} {
    negotiate();
}

void MilterSession::negotiate() {
    wire_.put('O', wire_number(protocol::version) + wire_number(protocol::all_actions) +
                       wire_number(protocol::all_steps));
    const auto answer = wire_.receive();
    constexpr std::size_t numbers = 12;
    if (answer.command != 'O' || answer.data.size() < numbers) {
        throw std::runtime_error("the milter refuses to negotiate");
    }
    steps_ = wire_number_at(answer.data, 8);
    std::string_view lists = answer.data;
    lists.remove_prefix(numbers);
    while (lists.size() > 4) {
        const auto stage = wire_number_at(lists, 0);
        lists.remove_prefix(4);
        wanted_macros_[stage] = words(take_text(lists));
    }
}

void MilterSession::send_macros(const Step& step) {
    if (!step.stage) return;
    const auto wanted = wanted_macros_.find(*step.stage);
    std::string list(1, step.command);
    for (const auto& name : wanted == wanted_macros_.end() ? step.macros : wanted->second) {
        const auto macro = macros_.find(name);
        if (macro != macros_.end()) list += with_end(name) + with_end(macro->second);
    }
    if (list.size() > 1) wire_.put('D', list);
}

std::optional<Answer> MilterSession::play(const Step& step, std::string_view data) {
    if (!serves_) return std::nullopt;
    send_macros(step);  // Postfix sends them also where the step itself is not wanted
    if (steps_ & step.unwanted) return std::nullopt;
    wire_.put(step.command, data);
    if (steps_ & step.unanswered) return std::nullopt;
    const auto packet = wire_.receive();
    skips_ = packet.command == 's';
    if (packet.command == 'c' || skips_) return std::nullopt;
    if (packet.command == 'a' && (step.command == 'C' || step.command == 'H')) {
        serves_ = false;
        return std::nullopt;
    }
    return Answer{kind_of(packet), {}};
}

std::optional<Answer> MilterSession::greet(const Mail& mail) {
    const auto address = boost::asio::ip::make_address(mail.client);
    constexpr std::uint16_t port = 40000;
    std::string data = with_end(mail.helo) + (address.is_v6() ? '6' : '4');
    data += wire_number(port).substr(2) + with_end((address.is_v6() ? "IPv6:" : "") + mail.client);
    macros_["{client_addr}"] = mail.client;
    macros_["{client_name}"] = mail.helo;
    macros_["_"] = mail.helo + " [" + mail.client + "]";
    if (auto answer = play(Step::connect, data)) return answer;
    return play(Step::helo, with_end(mail.helo));
}

std::optional<Answer> MilterSession::envelope(const Mail& mail) {
    macros_.erase("i");  // Postfix has no queue id before the first recipient is taken
    macros_["{mail_addr}"] = mail.mail_from;
    macros_["{mail_host}"] = domain_of(mail.mail_from);
    macros_["{rcpt_addr}"] = mail.recipient;
    macros_["{rcpt_host}"] = domain_of(mail.recipient);
    if (auto answer = play(Step::mail, with_end("<" + mail.mail_from + ">"))) return answer;
    return play(Step::recipient, with_end("<" + mail.recipient + ">"));
}

std::optional<Answer> MilterSession::content(const std::string& queue_id,
                                             const std::vector<HeaderField>& header, std::string_view body) {
    constexpr std::size_t chunk = 65535;
    macros_["i"] = queue_id;
    skips_ = false;
    if (auto answer = play(Step::data, {})) return answer;
    for (const auto& field : header) {
        std::string_view value = field.value;
        if (!(steps_ & milter::steps::leading_space) && value.starts_with(' ')) value.remove_prefix(1);
        if (auto answer = play(Step::header, with_end(field.name) + with_end(value))) return answer;
    }
    if (auto answer = play(Step::end_of_header, {})) return answer;
    for (; !body.empty() && !skips_; body.remove_prefix(std::min(chunk, body.size()))) {
        if (auto answer = play(Step::body, body.substr(0, chunk))) return answer;
    }
    return std::nullopt;
}

Answer MilterSession::end() {
    Answer answer{"accept", {}};
    if (!serves_) return answer;
    send_macros(Step::end);
    wire_.put(Step::end.command);
    const std::string_view blank = steps_ & milter::steps::leading_space ? "" : " ";
    bool held = false;
    for (;;) {
        const auto packet = wire_.receive();
        switch (packet.command) {
            case 'p':  // it is still at work
                break;
            case 'q':
                held = true;
                break;
            case 'h':
            case 'i':
            case 'm':
                answer.edits.push_back(edit_of(packet, blank));
                break;
            default:
                answer.kind = kind_of(packet);
                if (held && answer.kind == "accept") answer.kind = "quarantine";
                return answer;
        }
    }
}

void MilterSession::flush() {
    wire_.flush();
}

void MilterSession::abort() {
    wire_.put('A');
}

void MilterSession::quit() {
    try {
        wire_.put('Q');
        wire_.flush();
    } catch (const boost::system::system_error&) {  // NOLINT(bugprone-empty-catch): the milter has gone first
    }
}

}  // namespace defender::bench
