#include "common/dns/answer_cache.hpp"

#include <algorithm>
#include <utility>

namespace defender::dns {
namespace {

/// The nodes of the map and of the list and the shared answer's block, beside what strings and vectors hold.
constexpr std::uint64_t overhead_bytes = 192;

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

AnswerPtr AnswerCache::find(const Question& question, Clock::time_point now) {
    const auto entry = entries_.find(question);
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
    bytes_ -= entry->second.bytes;
    order_.erase(entry->second.place);
    entries_.erase(entry);
}

}  // namespace defender::dns
