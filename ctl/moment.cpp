#include "ctl/moment.hpp"

namespace defender::ctl {

std::optional<UtcSeconds> parse_moment(const std::string& text) {
    if (auto moment = parse_rfc3339(text)) return moment;
    return parse_rfc3339(text + "T00:00:00Z");
}

CLI::Validator is_moment() {
    const auto check = [](const std::string& text) {
        if (parse_moment(text)) return std::string();
        return text + " is no time such as 2026-05-01T00:00:00Z and no day such as 2026-05-01";
    };
    return {check, "TIME"};
}

}  // namespace defender::ctl
