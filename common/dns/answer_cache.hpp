/// AnswerCache: answers kept for as long as they may be, the least recently used leaving first.
///
/// An answer lives for its TTL, capped by max_ttl; a negative one capped by max_negative_ttl as well (RFC
/// 2308 section 5); a tempfail for failure_ttl, so that a dead zone is not asked at every message. What would
/// live for 0 seconds is not kept. Bounded by the number of answers and by their estimated memory. Time comes
/// in as an argument. Pure; not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "common/dns/resolver.hpp"

namespace defender::dns {

struct CacheLimits {
    std::uint64_t records = 0;  ///< answers kept; 0: none
    std::uint64_t bytes = 0;
    std::chrono::seconds max_ttl{};
    std::chrono::seconds max_negative_ttl{};
    std::chrono::seconds failure_ttl{};
};

class AnswerCache {
  public:
    explicit AnswerCache(const CacheLimits& limits);
    AnswerCache(const AnswerCache&) = delete;
    AnswerCache& operator=(const AnswerCache&) = delete;

    /// The answer, with the TTL that it came with; null where there is none or its time is over.
    [[nodiscard]] AnswerPtr find(const Question& question, Clock::time_point now);
    void put(const Question& question, AnswerPtr answer, Clock::time_point now);

    [[nodiscard]] std::uint64_t records() const noexcept { return entries_.size(); }
    /// Memory in use, as estimated by bytes_of().
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// What keeping this answer costs.
    [[nodiscard]] static std::uint64_t bytes_of(const Question& question, const Answer& answer) noexcept;

  private:
    struct Entry;
    using Entries = std::map<Question, Entry>;
    using Order = std::list<Entries::iterator>;
    struct Entry {
        AnswerPtr answer;
        Clock::time_point expires;
        std::uint64_t bytes = 0;
        Order::iterator place;
    };

    [[nodiscard]] std::chrono::seconds lifetime(const Answer& answer) const noexcept;
    /// Where the question's entry stands if it was found lately.
    [[nodiscard]] Entries::iterator& recent(const Question& question) noexcept;
    [[nodiscard]] Entries::iterator entry_of(const Question& question);
    void remove(Entries::iterator entry);

    CacheLimits limits_;
    Entries entries_;  ///< a tree: no choice of names makes it slow
    /// Entries found lately, by hash: those that mail asks for again and again are found without the tree.
    /// One takes another's place where they have the same. The end stands for none.
    std::vector<Entries::iterator> recent_;
    Order order_;  ///< most recently used first
    std::uint64_t bytes_ = 0;
};

}  // namespace defender::dns
