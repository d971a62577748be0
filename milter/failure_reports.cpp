#include "milter/failure_reports.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "common/base/text.hpp"
#include "common/base/utc_clock.hpp"
#include "common/log/log.hpp"
#include "common/store/stores.hpp"
#include "milter/hourly_limits.hpp"

namespace defender::milter {
namespace {

constexpr std::size_t queue_max = 1000;
constexpr std::chrono::seconds spf_patience{5};
/// Between two tries to reach the outbox that reports are sent from.
constexpr std::chrono::seconds move_interval{10};
constexpr std::uint64_t move_batch = 100;
constexpr UtcSeconds lease_seconds = 300;
constexpr std::string_view moved_answer = "moved to the shared outbox";

/// Equal local parts get equal tokens for as long as this process lives.
std::string random_key() {
    std::random_device source;
    std::string key;
    for (int i = 0; i < 32; ++i) key += static_cast<char>(source());
    return key;
}

/// The SPF record of a domain as published; empty where there is none or DNS does not say in time.
std::string spf_record(dns::Resolver& resolver, const std::string& domain) {
    auto promise = std::make_shared<std::promise<dns::AnswerPtr>>();
    auto answer = promise->get_future();
    resolver.ask(dns::question(domain, dns::RecordType::txt), dns::Clock::now() + spf_patience,
                 [promise](dns::AnswerPtr what) { promise->set_value(std::move(what)); });
    const auto given = answer.get();
    for (const auto& text : given->texts) {
        if (text::istarts_with(text, "v=spf1")) return text::printable(text, 1000);
    }
    return {};
}

struct Offer {
    report::FailedMessage message;
    std::shared_ptr<const config::Settings> settings;
    std::shared_ptr<dns::Resolver> resolver;
};

/// The records that SPF failed by (RFC 6591 section 3.2.6, SPF-DNS).
std::vector<report::CheckedSpfRecord> failed_spf_records(const Offer& offer) {
    std::vector<report::CheckedSpfRecord> records;
    for (const auto& spf : offer.message.record.evidence.spf) {
        if (spf.result != auth::SpfResult::fail && spf.result != auth::SpfResult::softfail) continue;
        if (auto text = spf_record(*offer.resolver, spf.domain); !text.empty()) {
            records.push_back({spf.domain, std::move(text)});
        }
    }
    return records;
}

}  // namespace

class FailureReports::Impl {
  public:
    Impl(OpenStore open_journal, OpenStore open_reports)
        : open_journal_(std::move(open_journal)),
          open_reports_(std::move(open_reports)),
          thread_([this] { run(); }) {}

    ~Impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void offer(Offer offer) {
        {
            const std::lock_guard lock(mutex_);
            if (queue_.size() < queue_max) {
                queue_.push_back(std::move(offer));
                changed_.notify_one();
                return;
            }
        }
        lost(offer.message, "too many are waiting");
    }

  private:
    static void lost(const report::FailedMessage& message, const std::string& why) {
        log::warning("FAILURE_REPORT_LOST", {{"queue_id", message.record.evidence.queue_id}, {"why", why}});
    }

    void run() {
        while (const auto next = take()) {
            if (*next) make(**next);
            if (open_reports_) move();
        }
        if (open_reports_) move();
    }

    /// The next offer; an empty one where it is time to move; nothing at the end.
    std::optional<std::optional<Offer>> take() {
        std::unique_lock lock(mutex_);
        const auto has_work = [this] { return stopping_ || !queue_.empty(); };
        if (open_reports_) {
            changed_.wait_for(lock, move_interval, has_work);
        } else {
            changed_.wait(lock, has_work);
        }
        if (queue_.empty()) {
            if (stopping_) return std::nullopt;
            return std::make_optional<std::optional<Offer>>(std::nullopt);
        }
        std::optional<Offer> offer(std::move(queue_.front()));
        queue_.pop_front();
        return offer;
    }

    void make(const Offer& offer) {
        const auto& record = offer.message.record;
        for (const auto& asked : report::failures_asked_for(record.evidence, record.judgement)) {
            const auto& failure = offer.settings->failure;
            const auto now = utc_now();
            if (!limits_.take(asked.policy.policy_domain, now, failure.max_per_domain_hour,
                              failure.max_per_hour)) {
                continue;
            }
            auto told = report::failure_report_of(offer.message, asked);
            told.spf_records = failed_spf_records(offer);
            keep(offer, report::new_failure_report(told, asked, *offer.settings, redaction_key_, now));
        }
    }

    void keep(const Offer& offer, const store::NewDocument& report) {
        const auto& deliveries = report.deliveries;
        if (std::none_of(deliveries.begin(), deliveries.end(),
                         [](const auto& delivery) { return delivery.state == store::DeliveryState::made; })) {
            return;
        }
        Status kept = opened(journal_, open_journal_);
        if (kept) kept = journal_->add(report);
        if (!kept) {
            journal_.reset();
            return lost(offer.message, kept.error().message);
        }
        log::info("FAILURE_REPORT_MADE", {{"queue_id", offer.message.record.evidence.queue_id},
                                          {"policy_domain", report.document.policy_domain},
                                          {"report_id", report.document.report_id}});
    }

    /// Makes sure that `store` is open.
    static Status opened(std::unique_ptr<store::ReportStore>& store, const OpenStore& open) {
        if (store) return Done{};
        auto made = open();
        if (!made) return made.error();
        store = std::move(made).value();
        return Done{};
    }

    void move() {
        const Status moved = move_all();
        if (moved) {
            away_ = false;
            return;
        }
        reports_.reset();
        if (!std::exchange(away_, true)) {
            log::warning("FAILURE_REPORTS_WAITING", {{"why", moved.error().message}});
        }
    }

    /// Each delivery in the journal's outbox ends there as skipped once it is in the other; adding a document
    /// twice adds it once.
    Status move_all() {
        if (auto open = opened(journal_, open_journal_); !open) return open;
        const auto now = utc_now();
        const store::Lease lease{"failure reports", now + lease_seconds};
        for (;;) {
            const auto claimed = journal_->claim(now, lease, move_batch);
            if (!claimed) return claimed.error();
            if (claimed->empty()) break;
            if (auto open = opened(reports_, open_reports_); !open) return give_back(*claimed, lease, open);
            for (const auto& delivery : *claimed) {
                if (auto moved = move_one(delivery, lease); !moved) return give_back(*claimed, lease, moved);
            }
        }
        const auto forgotten = journal_->expire_documents(now + 1);  // all, this second's too
        if (!forgotten) return forgotten.error();
        return Done{};
    }

    /// The document goes over with all its deliveries; where it is there already, they are too.
    Status move_one(const store::Delivery& delivery, const store::Lease& lease) {
        const auto document = journal_->document(delivery.document_id);
        if (!document) return document.error();
        if (*document) {
            if (auto added = add_whole(**document); !added) return added;
        }
        auto done = delivery;
        done.state = store::DeliveryState::skipped;
        done.answer = moved_answer;
        const auto advanced = journal_->advance(done, lease);
        if (!advanced) return advanced.error();
        return Done{};
    }

    Status add_whole(const store::Document& document) {
        store::DeliveryFilter filter;
        filter.report_id = document.report_id;
        const auto listed = journal_->list(filter);
        if (!listed) return listed.error();
        store::NewDocument whole{document, {}};
        for (const auto& listing : *listed) {
            if (listing.delivery.answer != moved_answer) whole.deliveries.push_back(listing.delivery);
        }
        return reports_->add(whole);
    }

    /// So that the next try need not wait for the lease; those moved already are not held any more.
    Status give_back(const std::vector<store::Delivery>& claimed, const store::Lease& lease,
                     const Status& failure) {
        for (auto delivery : claimed) {
            delivery.state = store::DeliveryState::retry;
            const auto returned = journal_->advance(delivery, lease);
            if (!returned) return returned.error();
        }
        return failure;
    }

    const OpenStore open_journal_;
    const OpenStore open_reports_;
    const std::string redaction_key_ = random_key();

    // The thread's own.
    std::unique_ptr<store::ReportStore> journal_;
    std::unique_ptr<store::ReportStore> reports_;
    HourlyLimits limits_;
    bool away_ = false;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Offer> queue_;  // guarded by mutex_
    bool stopping_ = false;    // guarded by mutex_

    std::thread thread_;  // last, so that it starts when all else is there
};

FailureReports::FailureReports(OpenStore open_journal, OpenStore open_reports)
    : impl_(std::make_unique<Impl>(std::move(open_journal), std::move(open_reports))) {}

FailureReports::~FailureReports() = default;

void FailureReports::offer(report::FailedMessage message, std::shared_ptr<const config::Settings> settings,
                           std::shared_ptr<dns::Resolver> resolver) {
    impl_->offer({std::move(message), std::move(settings), std::move(resolver)});
}

std::unique_ptr<FailureReports> make_failure_reports(const config::StoreSettings& settings) {
    auto journal = settings;
    journal.postgresql.clear();
    FailureReports::OpenStore open_reports;
    if (!settings.postgresql.empty()) {
        open_reports = [settings] { return store::open_reports(settings, store::OpenMode::read_write); };
    }
    return std::make_unique<FailureReports>(
        [journal] { return store::open_reports(journal, store::OpenMode::read_write); },
        std::move(open_reports));
}

}  // namespace defender::milter
