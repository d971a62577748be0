#include "common/config/settings_table.hpp"

namespace defender::config {

const std::vector<SettingsSection>& settings_sections() {
    static const std::vector<SettingsSection> sections{
        milter_section(), dns_section(),    dmarc_section(),    spf_section(),   dkim_section(),
        arc_section(),    policy_section(), indirect_section(), trust_section(), limits_section(),
        store_section(),  report_section(), failure_section(),  log_section(),   metrics_section()};
    return sections;
}

}  // namespace defender::config
