// The SPF test suite of RFC 7208: every case has to give one of the results that the suite allows.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/auth/spf_check.hpp"
#include "common/base/text.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::auth {
namespace {

using nlohmann::json;

constexpr std::size_t cases_in_suite = 203;

// JSON has one character for each octet of the suite; nlohmann's strings are UTF-8.
std::string octets(const json& value) {
    const auto& utf8 = value.get_ref<const std::string&>();
    std::string out;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto lead = static_cast<unsigned char>(utf8[i]);
        if (lead < 0x80) {
            out += utf8[i];
        } else {
            const auto next = static_cast<unsigned char>(utf8.at(++i));
            out += static_cast<char>(((lead & 0x03U) << 6U) | (next & 0x3fU));
        }
    }
    return out;
}

// A zone of the suite: CNAMEs are followed, and TIMEOUT is for the types that a name has no record of.
class SuiteResolver : public test::FakeResolver {
  public:
    explicit SuiteResolver(const json& zone) {
        for (const auto& [name, entries] : zone.items()) {
            add_name(name);
            for (const auto& entry : entries) add(octets(name), entry);
        }
    }

  protected:
    dns::AnswerPtr answer(const dns::Question& question) const override {
        auto at = question;
        for (int hop = 0; hop < 10; ++hop) {
            auto found = FakeResolver::answer(at);
            if (found->outcome == dns::Outcome::found) return found;
            const bool fails = at.name.starts_with("error.") && found->outcome == dns::Outcome::nxdomain;
            if (fails || time_outs_.contains(at.name)) return dns::tempfail("timeout");
            const auto alias = aliases_.find(at.name);
            if (alias == aliases_.end()) return found;
            at.name = alias->second;
        }
        return dns::tempfail("CNAME loop");
    }

  private:
    void add(const std::string& name, const json& entry) {
        if (entry.is_string()) {
            time_outs_.insert(name);
            return;
        }
        const auto type = entry.at("type").get<std::string>();
        const auto& value = entry.at("value");
        if (type == "TXT") {
            std::string joined;
            for (const auto& piece : value) joined += octets(piece);
            add_txt(name, joined);
        } else if (type == "MX") {
            add_mx(name, value.at(0).get<std::uint16_t>(), text::to_lower(octets(value.at(1))));
        } else if (type == "PTR") {
            add_ptr(name, octets(value));
        } else if (type == "CNAME") {
            aliases_[name] = dns::question(octets(value), dns::RecordType::txt).name;
        } else {
            add_address(name, octets(value));
        }
    }

    std::set<std::string> time_outs_;
    std::map<std::string, std::string> aliases_;
};

SpfIdentity identity_of(const json& test) {
    SpfIdentity identity;
    identity.client = IpAddress::parse(test.at("host").get<std::string>()).value();
    identity.helo = octets(test.at("helo"));
    const auto sender = octets(test.at("mailfrom"));
    const auto at = sender.rfind('@');
    identity.local_part = sender.empty() || at == 0 ? "postmaster" : sender.substr(0, at);
    identity.domain = sender.empty() ? identity.helo : sender.substr(at + 1);
    return identity;
}

SpfEvidence check(dns::Resolver& resolver, const json& test) {
    std::vector<SpfEvidence> results;
    check_spf(resolver, identity_of(test), dns::Clock::now() + std::chrono::seconds(20),
              [&](SpfEvidence evidence) { results.push_back(std::move(evidence)); });
    EXPECT_EQ(results.size(), 1U);
    return results.at(0);
}

TEST(SpfConformance, EveryCaseOfTheSuiteGivesAnAllowedResult) {
    std::ifstream file(DEFENDER_SPF_SUITE);
    ASSERT_TRUE(file) << "no suite at " << DEFENDER_SPF_SUITE;
    std::size_t cases = 0;
    for (const auto& scenario : json::parse(file)) {
        SuiteResolver resolver(scenario.at("zone"));
        for (const auto& test : scenario.at("tests")) {
            ++cases;
            const auto evidence = check(resolver, test);
            const auto& allowed = test.at("results");
            const auto result = std::string(to_string(evidence.result));
            EXPECT_TRUE(std::find(allowed.begin(), allowed.end(), result) != allowed.end())
                << scenario.at("description") << " / " << test.at("id") << ": " << result << " ("
                << evidence.reason << "), allowed " << allowed;
            EXPECT_FALSE(evidence.reason.empty()) << test.at("id");
        }
    }
    EXPECT_EQ(cases, cases_in_suite);
}

}  // namespace
}  // namespace defender::auth
