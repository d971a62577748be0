/// DkimEngine: libopendkim at work on one message. Its .cpp is the only file that includes libopendkim.
///
/// It hashes and compares (RFC 6376 section 3.7), nothing else: signatures and keys have been checked before,
/// and the keys that it uses are texts of ours. No question is asked and nothing waits. What the library is
/// kept from, and why, stands in the .cpp. A failure of the library is a temperror or neutral verdict, never
/// an exception. Thread-safety: one thread at a time; it may change between calls.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/auth/dkim_signature.hpp"
#include "common/auth/dkim_verification.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

class DkimEngine {
  public:
    explicit DkimEngine(std::shared_ptr<const DkimLibrary> library);
    ~DkimEngine();
    DkimEngine(const DkimEngine&) = delete;
    DkimEngine& operator=(const DkimEngine&) = delete;

    /// The selected fields, in the header's order.
    void header(const mail::HeaderField& field);
    /// `signatures` are the tag_values of the signatures to verify, in the header's order.
    void end_of_headers(std::vector<std::string> signatures);
    /// The body must have a CRLF at its end.
    void body(std::span<const char> octets);
    /// One verdict for each of end_of_headers' signatures: pass with an empty reason, or what is wrong. A
    /// signature whose key text is empty is not verified; its verdict means nothing.
    [[nodiscard]] std::vector<DkimFault> finish(const std::vector<std::string>& key_texts);

  private:
    class Message;
    std::unique_ptr<Message> message_;
};

}  // namespace defender::auth
