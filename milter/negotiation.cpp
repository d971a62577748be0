#include "milter/negotiation.hpp"

#include "common/log/log.hpp"

namespace defender::milter {
namespace {

// Without these the filter could not do its work: it would be serving wrongly, so it refuses.
constexpr std::uint32_t needed_actions = actions::add_headers | actions::change_headers;
constexpr std::uint32_t needed_steps = steps::leading_space;
// Asked for where the MTA offers them: to skip what is of no use, and to be spared answers that say nothing.
constexpr std::uint32_t wished_steps = steps::no_unknown | steps::no_data | steps::skip |
                                       steps::quiet_connect | steps::quiet_helo | steps::quiet_mail |
                                       steps::quiet_header | steps::quiet_end_of_headers;

}  // namespace

std::optional<Terms> negotiate(const Gateway& gateway, const Terms& offered) {
    const auto configuration = gateway.configuration();
    const auto& settings = *configuration->settings;
    const bool hold = settings.policy.on_quarantine == config::OnQuarantine::hold;
    // Recipients tell bounces of our reports from other mail, and nothing else.
    const auto recipients = settings.report.enabled ? steps::quiet_recipient : steps::no_recipients;
    const auto needed = needed_actions | (hold ? actions::quarantine : 0U);
    if ((offered.actions & needed) != needed || (offered.steps & needed_steps) != needed_steps) {
        log::error("MILTER_MTA_UNSUITABLE", {{"missing_actions", needed & ~offered.actions},
                                             {"missing_steps", needed_steps & ~offered.steps}});
        return std::nullopt;
    }
    Terms agreed;
    agreed.actions = needed | (offered.actions & (actions::quarantine | actions::list_macros));
    agreed.steps = needed_steps | (offered.steps & (wished_steps | recipients));
    // Whoever may say "no more" must be able to answer.
    if (!(agreed.steps & steps::skip)) agreed.steps |= offered.steps & steps::quiet_body;
    return agreed;
}

}  // namespace defender::milter
