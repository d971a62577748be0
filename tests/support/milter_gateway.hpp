/// A gateway with DNS from a table and records in memory, for tests of what feeds it.
///
/// example.com has an SPF record that lets 192.0.2.1 pass, and asks for reject. Change settings before
/// start().
#pragma once

#include <memory>

#include "common/config/settings_reader.hpp"
#include "milter/gateway.hpp"
#include "tests/support/fake_record_store.hpp"
#include "tests/support/fake_resolver.hpp"

namespace defender::test {

class MilterGateway {
  public:
    MilterGateway() {
        resolver->add_txt("example.com", "v=spf1 ip4:192.0.2.1 -all");
        resolver->add_txt("_dmarc.example.com", "v=DMARC1; p=reject");
        settings->milter.authserv_id = "mx.example.net";
        settings->policy.mode = config::PolicyMode::enforce;
        settings->report.enabled = true;  // so that recipients are of interest
        settings->report.email = "dmarc@example.net";
    }

    milter::Gateway& start() {
        gateway_ = std::make_unique<milter::Gateway>(
            configuration(),
            [stored = stored] {
                return Result<std::unique_ptr<store::RecordStore>>(std::make_unique<FakeRecordStore>(stored));
            },
            metrics);
        return *gateway_;
    }

    /// Puts settings that were changed in force for the messages that follow.
    void reload() { gateway_->replace_configuration(configuration()); }

    [[nodiscard]] std::vector<store::Record> records() const { return stored->records(); }

    metrics::Metrics metrics;
    std::shared_ptr<FakeResolver> resolver = std::make_shared<FakeResolver>();
    std::shared_ptr<config::Settings> settings =
        std::make_shared<config::Settings>(*config::default_settings());
    std::shared_ptr<FakeStoreState> stored = std::make_shared<FakeStoreState>();

  private:
    [[nodiscard]] std::shared_ptr<const milter::Configuration> configuration() const {
        auto sources = std::make_shared<auth::EvidenceSources>();
        sources->settings = std::make_shared<const config::Settings>(*settings);
        sources->resolver = resolver;
        sources->suffixes = auth::PublicSuffixList::load("").value();
        auto made = std::make_shared<milter::Configuration>();
        made->settings = sources->settings;
        made->judge = auth::judge_settings(*settings);
        made->sources = std::move(sources);
        return made;
    }

    std::unique_ptr<milter::Gateway> gateway_;
};

}  // namespace defender::test
