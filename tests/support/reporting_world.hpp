/// ReportingWorld: all that the steps of reporting stand on, for tests: a store on disk, DNS from a table and
/// a mail server that is a script.
///
/// One gateway's records go in by judge(); reports are about 2026-05-01. Not thread-safe.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/config/settings_reader.hpp"
#include "common/report/reporting.hpp"
#include "common/store/stores.hpp"
#include "tests/support/fake_resolver.hpp"
#include "tests/support/message_evidence.hpp"
#include "tests/support/temporary_folder.hpp"

namespace defender::test {

/// Answers by recipient, in order; without a script all mail is accepted.
class ScriptedSmtp : public report::SmtpClient {
  public:
    struct Mail {
        std::string from;
        std::string recipient;
        std::string message;
    };

    static report::SmtpAnswer accepted() { return {report::SmtpOutcome::accepted, 250, "ok", false}; }
    static report::SmtpAnswer deferred() { return {report::SmtpOutcome::retry, 450, "later", false}; }
    static report::SmtpAnswer refused() { return {report::SmtpOutcome::refused, 550, "no such user", false}; }
    static report::SmtpAnswer unusable() {
        return {report::SmtpOutcome::retry, 0, "connection refused", true};
    }

    void answer(const std::string& recipient, report::SmtpAnswer answer, int times = 1) {
        for (int i = 0; i < times; ++i) script_[recipient].push_back(answer);
    }
    /// For all recipients, before any script.
    std::function<report::SmtpAnswer(const Mail&)> always;
    std::vector<Mail> mails;  ///< in every attempt

    report::SmtpAnswer send(std::string_view mail_from, std::string_view recipient,
                            std::string_view message) override {
        mails.push_back({std::string(mail_from), std::string(recipient), std::string(message)});
        if (always) return always(mails.back());
        auto& answers = script_[std::string(recipient)];
        if (answers.empty()) return accepted();
        const auto next = answers.front();
        answers.pop_front();
        return next;
    }
    [[nodiscard]] std::vector<std::string> recipients() const {
        std::vector<std::string> all;
        for (const auto& mail : mails) all.push_back(mail.recipient);
        return all;
    }

  private:
    std::map<std::string, std::deque<report::SmtpAnswer>> script_;
};

class ReportingWorld {
  public:
    static constexpr UtcSeconds day_begin = 1777593600;  // 2026-05-01T00:00:00Z
    static constexpr UtcSeconds next_day = day_begin + 86400;
    /// When every report of the day is due.
    static constexpr UtcSeconds due = next_day + 3600 + 7200;

    ReportingWorld() {
        settings.store.path = folder_.file("defender.db");
        settings.report.enabled = true;
        settings.report.org_name = "Example Ltd";
        settings.report.email = "reports@example.net";
    }

    config::Settings settings = *config::default_settings();
    FakeResolver resolver;
    ScriptedSmtp smtp;

    /// Records so many messages from `policy_domain` on the day, by the policy record given.
    void judge(const std::string& policy_domain, const std::string& policy_record, int count = 1,
               UtcSeconds received_at = day_begin + 1000) {
        std::vector<store::Record> records;
        for (int i = 0; i < count; ++i) {
            store::Record record;
            record.host = "mx.example.net";
            record.evidence = tests::MessageEvidence().policy(policy_record, policy_domain);
            record.evidence.received_at = received_at;
            record.evidence.author_addresses = {"author@" + policy_domain};
            record.judgement = auth::judge(record.evidence, tests::enforcing());
            records.push_back(std::move(record));
        }
        auto journal = store::open_sqlite_store(settings.store.path, store::OpenMode::read_write).value();
        if (!journal->append(records)) throw std::runtime_error("the records cannot be written");
    }

    /// The store, made on first use.
    store::ReportStore& reports() {
        if (!store_) store_ = store::open_reports(settings.store, store::OpenMode::read_write).value();
        return *store_;
    }
    /// The same by another connection.
    store::ReportStore& reader() {
        if (!reader_) reader_ = store::open_reports(settings.store, store::OpenMode::read_write).value();
        return *reader_;
    }
    report::ReportingParts parts() { return {reports(), reader(), resolver, *suffixes_, smtp, nullptr}; }
    report::Reporting& reporting() {
        if (!reporting_) reporting_ = make("reporter-1");
        return *reporting_;
    }
    /// Another reporter on the same store, or the same after a restart.
    std::unique_ptr<report::Reporting> make(const std::string& owner) {
        return std::make_unique<report::Reporting>(parts(), settings, owner);
    }

    /// Folds and closes all that is due.
    void close(UtcSeconds now = due) {
        check(reporting().fold({}));
        check(reporting().close_due(now, never()));
    }
    void deliver(UtcSeconds now = due) { check(reporting().deliver_due(now, never())); }

    /// All deliveries, the first made first.
    std::vector<store::DeliveryListing> deliveries() {
        auto all = reports().list({}).value();
        std::sort(all.begin(), all.end(),
                  [](const auto& a, const auto& b) { return a.delivery.id < b.delivery.id; });
        return all;
    }
    /// Those to one address.
    std::vector<store::DeliveryListing> deliveries_to(const std::string& address) {
        auto all = deliveries();
        std::erase_if(all, [&](const auto& each) { return each.delivery.address != address; });
        return all;
    }
    store::Delivery delivery_to(const std::string& address) { return deliveries_to(address).at(0).delivery; }

    static std::function<bool()> never() {
        return [] { return false; };
    }
    static void check(const Status& done) {
        if (!done) throw std::runtime_error(done.error().message);
    }

  private:
    TemporaryFolder folder_;
    std::shared_ptr<const auth::PublicSuffixList> suffixes_ = auth::PublicSuffixList::load("").value();
    std::unique_ptr<store::ReportStore> store_;
    std::unique_ptr<store::ReportStore> reader_;
    std::unique_ptr<report::Reporting> reporting_;
};

}  // namespace defender::test
