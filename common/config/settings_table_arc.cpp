// [arc]: the Authenticated Received Chain.
#include "common/config/setting_values.hpp"
#include "common/config/settings_table.hpp"

namespace defender::config {

SettingsSection arc_section() {
    const auto part = &Settings::arc;
    return {
        "arc",
        "The Authenticated Received Chain (RFC 8617): what forwarders found out about a message before they "
        "passed it on. It is always validated; whose word counts is set in trust.arc_sealers. With a domain, "
        "a selector and a key every message that is judged and not refused is sealed as well, for those who "
        "get it next.",
        {
            number_row({"max_sets", Change::on_reload,
                        "ARC sets of one message that are validated; a longer chain fails. Each may cost two "
                        "DNS questions. The standard allows 50."},
                       at(part, &ArcSettings::max_sets), {1, 50, "sets"}, 50),
            text_row({"domain", Change::on_reload,
                      "The d= of the seals that messages get. Empty: messages are not sealed."},
                     at(part, &ArcSettings::domain), optional_domain_text, ""),
            text_row({"selector", Change::on_reload,
                      "The s= of the seals. The public key stands at SELECTOR._domainkey.DOMAIN, as for "
                      "DKIM."},
                     at(part, &ArcSettings::selector), optional_selector_text, ""),
            text_row({"key_file", Change::on_reload,
                      "The private key of the seals, RSA or Ed25519, as PEM. Only the milter's user should "
                      "be able to read it."},
                     at(part, &ArcSettings::key_file), optional_path_text, ""),
        },
    };
}

}  // namespace defender::config
