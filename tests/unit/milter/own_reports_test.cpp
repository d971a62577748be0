#include "milter/own_reports.hpp"

#include <gtest/gtest.h>

namespace defender::milter {
namespace {

config::ReportSettings reporting() {
    config::ReportSettings settings;
    settings.enabled = true;
    settings.email = "Reports@example.net";
    settings.bounce = "bounce@example.net";
    return settings;
}

bool concern(const config::ReportSettings& settings, const std::vector<std::string>& authors,
             const std::vector<std::string>& recipients) {
    OwnReports own(settings);
    for (const auto& recipient : recipients) own.recipient(recipient);
    auth::Evidence evidence;
    evidence.author_addresses = authors;
    return own.concern(evidence);
}

TEST(OwnReports, AreThoseFromOurAddressesAndThoseToOurAddressesAlone) {
    struct Case {
        std::vector<std::string> authors;
        std::vector<std::string> recipients;
        bool own;
    };
    const Case cases[] = {
        {{"reports@example.net"}, {"<dmarc@example.org>"}, true},
        {{"REPORTS@EXAMPLE.NET"}, {}, true},
        {{"bounce@example.net"}, {"<x@example.org>"}, true},
        {{"x@example.org", "reports@example.net"}, {"<x@example.org>"}, true},
        {{"reports@example.org"}, {"<x@example.org>"}, false},
        {{"other@example.net"}, {"<x@example.org>"}, false},
        {{"mailer-daemon@example.org"}, {"<reports@example.net>"}, true},
        {{"mailer-daemon@example.org"}, {"<Bounce@Example.Net>"}, true},
        {{"mailer-daemon@example.org"}, {"<@relay.example:reports@example.net.>"}, true},
        {{"x@example.org"}, {"reports@example.net", "bounce@example.net"}, true},
        {{"x@example.org"}, {"<reports@example.net>", "<x@example.net>"}, false},
        {{"x@example.org"}, {"<x@example.net>", "<reports@example.net>"}, false},
        {{"x@example.org"}, {"<reports>"}, false},
        {{"x@example.org"}, {"<>"}, false},
        {{"x@example.org"}, {}, false},
        {{}, {}, false},
        {{"not an address"}, {"<x@example.net>"}, false},
    };
    for (std::size_t i = 0; i < std::size(cases); ++i) {
        EXPECT_EQ(concern(reporting(), cases[i].authors, cases[i].recipients), cases[i].own) << i;
    }
}

TEST(OwnReports, AreNoneWithoutReporting) {
    auto settings = reporting();
    settings.enabled = false;
    EXPECT_FALSE(concern(settings, {"reports@example.net"}, {"<reports@example.net>"}));
}

TEST(OwnReports, EmptyBounceAddressIsNoAddress) {
    auto settings = reporting();
    settings.bounce = "";
    EXPECT_FALSE(concern(settings, {"bounce@example.net"}, {"<bounce@example.net>"}));
    EXPECT_TRUE(concern(settings, {"x@example.org"}, {"<reports@example.net>"}));
}

}  // namespace
}  // namespace defender::milter
