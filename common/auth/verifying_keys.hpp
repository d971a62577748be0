/// VerifyingKeys: public keys that have been read, kept for the messages that come next.
///
/// What makes a key ready takes as long as verifying a signature with it, and most mail is signed by few
/// keys. A key is found by its octets, so whether it may be used is asked of DNS for every message all the
/// same. Bounded; the least recently used leaves first. Thread-safe.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/auth/digital_signature.hpp"

namespace defender::auth {

class VerifyingKeys {
  public:
    /// Some five kilobytes each, with RSA keys of 2,048 bits.
    static constexpr std::size_t default_most = 1000;

    explicit VerifyingKeys(std::size_t most = default_most) : most_(most) {}
    VerifyingKeys(const VerifyingKeys&) = delete;
    VerifyingKeys& operator=(const VerifyingKeys&) = delete;

    /// As VerifyingKey::read() has it.
    [[nodiscard]] std::optional<VerifyingKey> read(DkimAlgorithm algorithm, std::string_view octets);
    /// How many are kept.
    [[nodiscard]] std::size_t size() const;

  private:
    using Name = std::pair<DkimAlgorithm, std::string>;
    struct Entry;
    using Entries = std::map<Name, Entry>;
    struct Entry {
        VerifyingKey key;
        std::list<Entries::iterator>::iterator place;
    };

    [[nodiscard]] std::optional<VerifyingKey> find(const Name& name);
    void keep(Name name, const VerifyingKey& key);

    const std::size_t most_;
    mutable std::mutex mutex_;
    Entries entries_;
    std::list<Entries::iterator> order_;  ///< the one used last first
};

}  // namespace defender::auth
