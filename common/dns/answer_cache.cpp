#include "common/dns/answer_cache.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace defender::dns {
namespace {

/// The nodes of the map and of the list and the shared answer's block, beside what strings and vectors hold.
constexpr std::uint64_t overhead_bytes = 192;

/// 32 KB of iterators.
constexpr std::uint64_t most_recent = 4095;

std::uint64_t heap_bytes(const std::vector<std::string>& strings) noexcept {
    std::uint64_t total = strings.capacity() * sizeof(std::string);
    for (const auto& s : strings) total += s.capacity();
    return total;
}

}  // namespace

std::uint64_t AnswerCache::bytes_of(const Question& question, const Answer& answer) noexcept {
    std::uint64_t total = overhead_bytes + sizeof(Question) + sizeof(Entry) + sizeof(Answer);
    total += question.name.capacity() + answer.failure.capacity();
    total += heap_bytes(answer.texts) + heap_bytes(answer.names);
    total += answer.addresses.capacity() * sizeof(IpAddress);
    total += answer.exchanges.capacity() * sizeof(Exchange);
    for (const auto& exchange : answer.exchanges) total += exchange.host.capacity();
    return total;
}

std::chrono::seconds AnswerCache::lifetime(const Answer& answer) const noexcept {
    const std::chrono::seconds ttl(answer.ttl_seconds);
    switch (answer.outcome) {
        case Outcome::found:
            return std::min(ttl, limits_.max_ttl);
        case Outcome::nodata:
        case Outcome::nxdomain:
            return std::min({ttl, limits_.max_negative_ttl, limits_.max_ttl});
        case Outcome::tempfail:
            return limits_.failure_ttl;
    }
    return {};
}

AnswerCache::AnswerCache(const CacheLimits& limits)
    : limits_(limits), recent_(std::min(limits.records, most_recent) + 1, entries_.end()) {}

AnswerCache::Entries::iterator& AnswerCache::recent(const Question& question) noexcept {
    const auto hash = std::hash<std::string>()(question.name) + static_cast<std::size_t>(question.type);
    return recent_[hash % recent_.size()];
}

AnswerCache::Entries::iterator AnswerCache::entry_of(const Question& question) {
    auto& known = recent(question);
    if (known == entries_.end() || known->first != question) {
        const auto found = entries_.find(question);
        if (found == entries_.end()) return found;
        known = found;
    }
    return known;
}

AnswerPtr AnswerCache::find(const Question& question, Clock::time_point now) {
    const auto entry = entry_of(question);
    if (entry == entries_.end()) return nullptr;
    if (entry->second.expires <= now) {
        remove(entry);
        return nullptr;
    }
    order_.splice(order_.begin(), order_, entry->second.place);
    return entry->second.answer;
}

void AnswerCache::put(const Question& question, AnswerPtr answer, Clock::time_point now) {
    if (const auto old = entries_.find(question); old != entries_.end()) remove(old);
    const auto life = lifetime(*answer);
    const std::uint64_t bytes = bytes_of(question, *answer);
    if (life <= std::chrono::seconds::zero() || limits_.records == 0 || bytes > limits_.bytes) return;
    while (records() >= limits_.records || bytes_ + bytes > limits_.bytes) remove(order_.back());
    const auto entry = entries_.emplace(question, Entry{std::move(answer), now + life, bytes, {}}).first;
    order_.push_front(entry);
    entry->second.place = order_.begin();
    bytes_ += bytes;
}

void AnswerCache::remove(Entries::iterator entry) {
    if (auto& known = recent(entry->first); known == entry) known = entries_.end();
    bytes_ -= entry->second.bytes;
    order_.erase(entry->second.place);
    entries_.erase(entry);
}

}  // namespace defender::dns
