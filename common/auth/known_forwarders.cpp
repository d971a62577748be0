#include "common/auth/known_forwarders.hpp"

#include "common/auth/forwarding_sighting.hpp"

namespace defender::auth {

KnownForwarders::KnownForwarders(const std::vector<KnownForwarder>& known) {
    for (const auto& forwarder : known) {
        const auto network = IpPrefix::parse(forwarder.network);
        if (!network) continue;
        if (forwarder.status == ForwarderStatus::learned) {
            learned_[*network] = forwarder.domains;
        } else {
            ruled_[network->length()][*network] = forwarder.status;
        }
    }
}

ForwarderEvidence KnownForwarders::find(const IpAddress& client) const {
    ForwarderEvidence found;
    const auto own_network = forwarder_network(client);
    const auto learned = learned_.find(own_network);
    if (learned != learned_.end()) {
        found = {ForwarderStatus::learned, own_network.to_string(), learned->second};
    }
    for (const auto& [length, networks] : ruled_) {
        const auto ruled = networks.find(IpPrefix::around(client, length));
        if (ruled == networks.end()) continue;
        found.status = ruled->second;
        found.network = ruled->first.to_string();
        break;
    }
    return found;
}

}  // namespace defender::auth
