// [indirect]: mailing lists and forwarders.
#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {

SettingsSection indirect_section() {
    const auto part = &Settings::indirect;
    return {
        "indirect",
        "Mail that came by a mailing list or a forwarder, which breaks what authenticates it. Signs of that "
        "are a List-Id, a Resent-From, an ARC chain, a rewritten envelope, the author domain's own signature "
        "present but broken, and a client that is known as a forwarder: one whose mail fails SPF for many "
        "unrelated domains while their signatures pass (`defenderctl forwarders` lists them). Where "
        "policy.on_reject is judge, a failing message with such a sign is quarantined instead of refused "
        "(RFC 9989 section 7.4). A sign never makes a message pass.",
        {
            switch_row({"enabled", Change::on_reload,
                        "Whether the signs count and forwarders are learned. With false, judge refuses "
                        "whatever reject would."},
                       at(part, &IndirectSettings::enabled), true),
            number_row({"least_domains", Change::on_reload,
                        "How many unrelated organizational domains a client must have forwarded mail of "
                        "before it is known as a forwarder."},
                       at(part, &IndirectSettings::least_domains), {2, 1000, "domains"}, 10),
            number_row({"keep_days", Change::on_reload,
                        "For how long what was seen of a client counts. What the operator said of one counts "
                        "until it is taken back."},
                       at(part, &IndirectSettings::keep_days), {1, 3650, "days"}, 30),
        },
    };
}

}  // namespace defender::config
