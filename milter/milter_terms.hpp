/// What a milter and an MTA can agree on when a connection begins: header edits, how steps are played,
/// macros.
///
/// Source: the milter protocol, version 6 (the bits are those of Sendmail's libmilter/mfdef.h).
/// Thread-safety: constants and plain values.
#pragma once

#include <cstdint>
#include <string_view>

namespace defender::milter {

/// What a milter may ask of the MTA at the end of a message.
namespace actions {
inline constexpr std::uint32_t add_headers = 0x01;
inline constexpr std::uint32_t change_headers = 0x10;
inline constexpr std::uint32_t quarantine = 0x20;
inline constexpr std::uint32_t list_macros = 0x100;
}  // namespace actions

/// How the steps of a session are played. "quiet" steps get no answer.
namespace steps {
inline constexpr std::uint32_t no_recipients = 0x08;
inline constexpr std::uint32_t quiet_header = 0x80;
inline constexpr std::uint32_t no_unknown = 0x100;
inline constexpr std::uint32_t no_data = 0x200;
inline constexpr std::uint32_t skip = 0x400;  ///< the milter may say that it wants no more of the body
inline constexpr std::uint32_t quiet_connect = 0x1000;
inline constexpr std::uint32_t quiet_helo = 0x2000;
inline constexpr std::uint32_t quiet_mail = 0x4000;
inline constexpr std::uint32_t quiet_recipient = 0x8000;
inline constexpr std::uint32_t quiet_end_of_headers = 0x40000;
inline constexpr std::uint32_t quiet_body = 0x80000;
inline constexpr std::uint32_t leading_space = 0x100000;  ///< values of header fields come as they are
}  // namespace steps

/// Bits of `actions` and `steps`: what an MTA offers, or what was agreed on.
struct Terms {
    std::uint32_t actions = 0;
    std::uint32_t steps = 0;
    bool operator==(const Terms&) const = default;
};

/// Macros that are asked for where an MTA lets itself be asked. The queue id: Sendmail has it at MAIL FROM,
/// Postfix at the end of the message.
inline constexpr std::string_view macros_at_mail = "i {auth_authen}";
inline constexpr std::string_view macros_at_end = "i";

}  // namespace defender::milter
