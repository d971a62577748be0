/// KnownForwarders: which clients are known as forwarders, for looking one up while its mail is on its way.
///
/// What the operator said comes before what was learned, so that a network he denied is denied even where
/// each host in it was learned; of several networks that he named, the most specific one counts. A look-up
/// takes time in the logarithm of the number of networks, once for each length of prefix that the operator
/// used. Thread-safety: immutable. Failure: none; a network that is none is left out.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/auth/evidence.hpp"
#include "common/base/ip_prefix.hpp"

namespace defender::auth {

/// One network that is known, as a store has it; a network may be learned and ruled on, too.
struct KnownForwarder {
    std::string network;  ///< any text that IpPrefix::parse() takes
    ForwarderStatus status = ForwarderStatus::unknown;
    unsigned domains = 0;  ///< for learned: unrelated author domains
    bool operator==(const KnownForwarder&) const = default;
};

class KnownForwarders {
  public:
    KnownForwarders() = default;
    explicit KnownForwarders(const std::vector<KnownForwarder>& known);

    /// Status unknown, with no network, where nothing is known of it.
    [[nodiscard]] ForwarderEvidence find(const IpAddress& client) const;

  private:
    std::map<IpPrefix, unsigned> learned_;  ///< how many domains, by forwarder_network()
    /// By length of prefix, the longest first.
    std::map<unsigned, std::map<IpPrefix, ForwarderStatus>, std::greater<>> ruled_;
};

}  // namespace defender::auth
