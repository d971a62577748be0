/// DkimVerification: every DKIM signature of one message, each with a verdict of its own, by libopendkim.
///
/// Source: RFC 6376, 8301, 8463 (V10-V16). Signatures and key records are checked by strict parsers of ours before
/// libopendkim sees them. A key is asked for as soon as its signature's header field is known.
/// Order of calls: header()*, end_of_headers(), body()*, when_keys_are_in(), finish().
/// Thread-safety: one message's calls come one after another, from any thread; keys may arrive at any time on the
/// resolver's thread. DkimLibrary is shared by all messages and thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/base/domain_name.hpp"
#include "common/config/settings.hpp"
#include "common/dns/resolver.hpp"
#include "common/mail/header_field.hpp"

namespace defender::auth {

/// libopendkim, set up once for a process.
class DkimLibrary {
  public:
    /// Throws std::runtime_error where libopendkim cannot be set up (a failure at start-up).
    DkimLibrary();
    ~DkimLibrary();
    DkimLibrary(const DkimLibrary&) = delete;
    DkimLibrary& operator=(const DkimLibrary&) = delete;

    struct Handle;
    [[nodiscard]] Handle& handle() const noexcept { return *handle_; }

  private:
    std::unique_ptr<Handle> handle_;
};

class DkimVerification {
  public:
    /// `aligned` says whether a signing domain could align with the author domain; such a signature is never the
    /// one left out where there are more signatures than settings.max_signatures (V10).
    using Aligned = std::function<bool(const DomainName& signing_domain)>;

    DkimVerification(std::shared_ptr<const DkimLibrary> library, dns::Resolver& resolver,
                     const config::DkimSettings& settings, dns::Deadline deadline);
    ~DkimVerification();
    DkimVerification(const DkimVerification&) = delete;
    DkimVerification& operator=(const DkimVerification&) = delete;

    void header(const mail::HeaderField& field);
    void end_of_headers(const Aligned& aligned);
    /// False once no signature can need more of the body.
    [[nodiscard]] bool wants_body() const noexcept;
    void body(std::span<const char> octets);
    /// Calls `handler` once, when no key is outstanding any more: perhaps at once, perhaps on the resolver's thread.
    void when_keys_are_in(std::function<void()> handler);
    /// The verdicts in the order of the header fields. `now` is the time of receipt, for t= and x=.
    /// organizational_domain is left empty. Call once, after when_keys_are_in's handler has run.
    [[nodiscard]] std::vector<DkimEvidence> finish(UtcSeconds now);

  private:
    class State;
    std::shared_ptr<State> state_;
};

}  // namespace defender::auth
