#include "common/auth/verifying_keys.hpp"

namespace defender::auth {

std::optional<VerifyingKey> VerifyingKeys::read(DkimAlgorithm algorithm, std::string_view octets) {
    Name name(algorithm, octets);
    if (auto kept = find(name)) return kept;
    auto key = VerifyingKey::read(algorithm, octets);
    if (key) keep(std::move(name), *key);
    return key;
}

std::size_t VerifyingKeys::size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::optional<VerifyingKey> VerifyingKeys::find(const Name& name) {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) return std::nullopt;
    order_.splice(order_.begin(), order_, entry->second.place);
    return entry->second.key;
}

void VerifyingKeys::keep(Name name, const VerifyingKey& key) {
    if (most_ == 0) return;
    const std::lock_guard lock(mutex_);
    const auto [entry, is_new] = entries_.try_emplace(std::move(name), Entry{key, {}});
    if (!is_new) return;  // another thread has read it meanwhile
    order_.push_front(entry);
    entry->second.place = order_.begin();
    if (entries_.size() <= most_) return;
    entries_.erase(order_.back());
    order_.pop_back();
}

}  // namespace defender::auth
