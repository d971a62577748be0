/// MessageCopy: what a failure report may tell of a message, kept while it passes.
///
/// Kept only where failure reports are on: its header, and its body where failure.body asks for that; each up
/// to a bound. Thread-safety: one message's calls come one after another.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "common/config/settings.hpp"
#include "common/mail/header_field.hpp"

namespace defender::milter {

class MessageCopy {
  public:
    explicit MessageCopy(const config::Settings& settings);

    [[nodiscard]] bool is_kept() const noexcept { return keeps_header_; }
    void header(const mail::HeaderField& field);
    [[nodiscard]] bool wants_body() const noexcept;
    void body(std::span<const char> octets);

    [[nodiscard]] std::string take_header() { return std::exchange(header_, {}); }
    [[nodiscard]] std::string take_body() { return std::exchange(body_, {}); }

  private:
    bool keeps_header_;
    bool keeps_body_;
    std::string header_;
    std::string body_;
};

}  // namespace defender::milter
