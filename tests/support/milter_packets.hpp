/// Packets of the milter protocol from the MTA's side: put together octet by octet, and the milter's answers
/// taken apart.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace defender::test {

inline std::string number_octets(std::uint32_t number) {
    std::string octets;
    for (const unsigned shift : {24U, 16U, 8U, 0U}) octets += static_cast<char>((number >> shift) & 0xffU);
    return octets;
}

/// Strings as the protocol has them, each with the NUL that ends it.
inline std::string strings(std::initializer_list<std::string_view> all) {
    std::string octets;
    for (const auto one : all) octets.append(one).push_back('\0');
    return octets;
}

inline std::string packet(char command, std::string_view data = {}) {
    return number_octets(static_cast<std::uint32_t>(data.size() + 1)) + command + std::string(data);
}

inline constexpr std::uint32_t every_action = 0x1ff;
inline constexpr std::uint32_t every_step = 0x1fffff;

inline std::string offer(std::uint32_t actions = every_action, std::uint32_t steps = every_step,
                         std::uint32_t version = 6) {
    return packet('O', number_octets(version) + number_octets(actions) + number_octets(steps));
}

inline std::string client(std::string_view address, std::string_view name = "client.example.com") {
    const bool v6 = address.find(':') != std::string_view::npos;
    return packet('C', strings({name}) + (v6 ? '6' : '4') + std::string("\x12\x34", 2) + strings({address}));
}

inline std::string header(std::string_view name, std::string_view value) {
    return packet('L', strings({name, value}));
}

/// From HELO to the end of the header.
inline std::string message_head(std::string_view sender, std::string_view from) {
    return packet('H', strings({"mail.example.com"})) + packet('M', strings({sender})) +
           packet('R', strings({"<user@receiver.example>"})) + header("From", from) +
           header("Subject", " hello") + packet('N');
}

/// The end of a message with its queue id.
inline std::string message_end(std::string_view queue_id) {
    return packet('D', "E" + strings({"i", queue_id})) + packet('E');
}

struct MilterAnswer {
    char code = 0;
    std::string data;
    bool operator==(const MilterAnswer&) const = default;
};

/// Takes the whole answers off the front of `octets`. Throws where one has no code.
inline std::vector<MilterAnswer> take_answers(std::string& octets) {
    std::vector<MilterAnswer> answers;
    while (octets.size() >= 4) {
        std::size_t length = 0;
        for (const char c : octets.substr(0, 4)) length = (length << 8U) | static_cast<unsigned char>(c);
        if (length == 0) throw std::runtime_error("an answer without a code");
        if (octets.size() < 4 + length) break;
        answers.push_back({octets[4], octets.substr(5, length - 1)});
        octets.erase(0, 4 + length);
    }
    return answers;
}

/// The codes of the answers, in their order.
inline std::string codes(const std::vector<MilterAnswer>& answers) {
    std::string all;
    for (const auto& answer : answers) all += answer.code;
    return all;
}

}  // namespace defender::test
