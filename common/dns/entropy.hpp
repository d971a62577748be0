/// Entropy: numbers that an attacker off the path cannot guess, for query ids and the case of letters (RFC
/// 5452).
///
/// From the kernel's generator, drawn in blocks. Not thread-safe. Throws std::system_error where the kernel
/// gives none (it cannot on Linux once started).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace defender::dns {

class Entropy {
  public:
    [[nodiscard]] std::uint16_t next16();
    /// The name with each letter in upper or lower case by chance ("0x20"); other octets stay.
    [[nodiscard]] std::string mixed_case(std::string_view name);

  private:
    [[nodiscard]] std::uint8_t next8();

    std::array<std::uint8_t, 256> block_{};
    std::size_t used_ = 256;
};

}  // namespace defender::dns
