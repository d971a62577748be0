/// Resolver: the one seam for DNS. A question goes in; exactly one answer comes out, by its deadline.
///
/// The programs hand in c-ares on Asio behind a cache (ares_resolver.hpp, caching_resolver.hpp); tests and
/// `defenderctl check --zone` hand in a zone in memory (zone_resolver.hpp). An answer keeps apart what RFC
/// 2308 keeps apart: found, NODATA (the name exists), NXDOMAIN (it does not), and tempfail (nobody knows;
/// time-out, SERVFAIL, REFUSED, a bad packet, a CNAME loop). CNAMEs are followed before an answer is given.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip_address.hpp"

namespace defender::dns {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

/// Record types, with their numbers in the protocol (RFC 1035 3.2.2, RFC 3596).
enum class RecordType : std::uint16_t { a = 1, ptr = 12, mx = 15, txt = 16, aaaa = 28 };
[[nodiscard]] std::string_view to_string(RecordType type) noexcept;

/// What is asked. `name` is raw octets, dots between labels, without a trailing dot; make it by question().
struct Question {
    std::string name;
    RecordType type = RecordType::a;
    auto operator<=>(const Question&) const = default;
};

/// A question in the form that caches and tables compare: A-Z folded, one trailing dot dropped.
[[nodiscard]] Question question(std::string name, RecordType type);

/// False where the name cannot be asked for: empty, over 253 octets, an empty label or one over 63 octets.
/// Resolvers answer such a question with nxdomain without sending it.
[[nodiscard]] bool can_be_asked(std::string_view name) noexcept;

enum class Outcome : std::uint8_t { found, nodata, nxdomain, tempfail };
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;

struct Exchange {
    std::uint16_t preference = 0;
    std::string host;  ///< lower case, no trailing dot; empty for the null MX (RFC 7505)
    bool operator==(const Exchange&) const = default;
};

/// What came back. Only the list that fits the question's type is filled, and only for `found`.
struct Answer {
    Outcome outcome = Outcome::tempfail;
    std::vector<std::string> texts;    ///< TXT: one entry a record, its strings joined, any octets
    std::vector<IpAddress> addresses;  ///< A, AAAA
    std::vector<Exchange> exchanges;   ///< MX, in the order of the packet
    std::vector<std::string> names;    ///< PTR: lower case, no trailing dot
    std::uint32_t ttl_seconds = 0;     ///< least TTL on the way to the answer; for negative ones by RFC 2308
    std::string failure;               ///< for tempfail: "timeout", "SERVFAIL", … (for logs and explain)
};
using AnswerPtr = std::shared_ptr<const Answer>;

/// A tempfail answer with its reason.
[[nodiscard]] AnswerPtr tempfail(std::string reason);

class Resolver {
  public:
    using Handler = std::function<void(AnswerPtr)>;

    virtual ~Resolver() = default;

    /// Asks. `handler` is called exactly once and never with null: perhaps before ask() returns (a cached
    /// answer), otherwise on the resolver's thread; at `deadline` at the latest, then with tempfail
    /// "timeout". A handler must be quick, must not throw, and may ask again. Callable from any thread.
    virtual void ask(Question question, Deadline deadline, Handler handler) = 0;
};

}  // namespace defender::dns
