/// DomainName: a domain as mail and DMARC use it, in one comparable form.
///
/// Lower-case A-labels without a trailing dot (RFC 5890, RFC 8616); U-labels are converted by libidn2 (UTS
/// 46, non-transitional). Labels are letters, digits, hyphens and underscores, 1 to 63 octets, the whole at
/// most 253. Anything else (blanks, quotes, parentheses, '>', controls, NUL, address literals, all-numeric
/// last labels) is no DomainName, though DNS would carry some of it. Thread-safety: a plain value.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace defender {

class DomainName {
  public:
    /// Parses UTF-8 or ASCII text; nothing where the text is no domain. One trailing dot is dropped.
    [[nodiscard]] static std::optional<DomainName> parse(std::string_view text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    [[nodiscard]] std::size_t label_count() const noexcept;
    /// Without its first label; nothing at the top.
    [[nodiscard]] std::optional<DomainName> parent() const;
    /// True for the same name and for names below `ancestor`.
    [[nodiscard]] bool is_within(const DomainName& ancestor) const noexcept;

    auto operator<=>(const DomainName&) const = default;

  private:
    explicit DomainName(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

}  // namespace defender
