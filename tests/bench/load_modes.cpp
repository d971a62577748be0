#include "tests/bench/load_modes.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <latch>
#include <memory>
#include <thread>
#include <utility>

#include "tests/bench/load_statistics.hpp"
#include "tests/bench/milter_chain.hpp"
#include "tests/bench/process_cost.hpp"

namespace defender::bench {
namespace {

using Clock = std::chrono::steady_clock;

const Mail& mail_of(const Load& load, std::size_t number) {
    return load.corpus[number % load.corpus.size()];
}

std::string queue_id_of(const Load& load, std::size_t number) {
    return load.queue_ids + std::to_string(number);
}

std::unique_ptr<MilterChain> greeted(boost::asio::io_context& context, const Load& load, const Mail& mail) {
    auto chain = std::make_unique<MilterChain>(context, load.milters);
    chain->greet(mail);
    return chain;
}

/// One connection's part of run_messages: takes the next number that is left until there is none.
class Sender {
  public:
    Sender(const Load& load, std::atomic<std::size_t>& next) : load_(load), next_(next) {}

    void run() {
        for (auto number = next_++; number < load_.messages; number = next_++) {
            try {
                outcomes_.push_back(send(number));
            } catch (const std::exception& problem) {
                outcomes_.push_back({"lost", 0, 0, problem.what()});
                chain_.reset();
            }
        }
        if (chain_) chain_->quit();
    }
    [[nodiscard]] const std::vector<Outcome>& outcomes() const { return outcomes_; }

  private:
    Outcome send(std::size_t number) {
        const auto& mail = mail_of(load_, number);
        const auto began = Clock::now();
        if (!chain_) chain_ = greeted(context_, load_, mail);
        chain_->begin(mail, queue_id_of(load_, number));
        auto outcome = chain_->finish();
        outcome.whole = milliseconds_since(began);
        if (++sent_ % load_.per_connection == 0) {
            chain_->quit();
            chain_.reset();
        }
        return outcome;
    }

    const Load& load_;
    std::atomic<std::size_t>& next_;
    boost::asio::io_context context_{1};
    std::unique_ptr<MilterChain> chain_;
    std::size_t sent_ = 0;
    std::vector<Outcome> outcomes_;
};

nlohmann::json memory(const ProcessCost& cost) {
    return {{"processes", cost.processes}, {"resident_kb", cost.resident_kb}, {"peak_kb", cost.peak_kb}};
}

/// One session of a burst, on a thread of its own.
Outcome burst_session(const Load& load, std::size_t number, std::latch& ready, std::latch& go) {
    boost::asio::io_context context{1};
    std::unique_ptr<MilterChain> chain;
    std::string problem;
    const auto& mail = mail_of(load, number);
    try {
        chain = greeted(context, load, mail);
        if (load.stage == Stage::body) chain->begin(mail, queue_id_of(load, number));
        chain->flush();
    } catch (const std::exception& caught) {
        problem = caught.what();
    }
    ready.count_down();
    go.wait();
    const auto began = Clock::now();
    if (!problem.empty()) return {"lost", 0, 0, problem};
    try {
        if (load.stage != Stage::body) chain->begin(mail, queue_id_of(load, number));
        auto outcome = chain->finish();
        outcome.whole = milliseconds_since(began);
        chain->quit();
        return outcome;
    } catch (const std::exception& caught) {
        return {"lost", 0, 0, caught.what()};
    }
}

}  // namespace

nlohmann::json run_messages(const Load& load) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::unique_ptr<Sender>> senders;
    for (std::size_t number = 0; number < load.connections; ++number) {
        senders.push_back(std::make_unique<Sender>(load, next));
    }
    restart_peaks(load.processes);
    const auto before = cost_of(load.processes);
    const auto began = Clock::now();
    std::vector<std::thread> threads;
    for (const auto& sender : senders) threads.emplace_back([&sender] { sender->run(); });
    for (auto& thread : threads) thread.join();
    const double spent = milliseconds_since(began);
    const auto after = cost_of(load.processes);

    std::vector<Outcome> outcomes;
    for (const auto& sender : senders) {
        outcomes.insert(outcomes.end(), sender->outcomes().begin(), sender->outcomes().end());
    }
    auto out = summary(outcomes);
    const auto count = static_cast<double>(outcomes.size());
    out["seconds"] = spent / 1000;
    out["rate"] = count / spent * 1000;
    out["processor_ms_per_message"] = (after.processor_ms - before.processor_ms) / count;
    out["memory"] = memory(after);
    return out;
}

nlohmann::json run_idle(const Load& load) {
    boost::asio::io_context context{1};
    const auto before = cost_of(load.processes);
    const auto began = Clock::now();
    std::vector<std::unique_ptr<MilterChain>> chains;
    for (std::size_t number = 0; number < load.connections; ++number) {
        const auto& mail = mail_of(load, number);
        chains.push_back(greeted(context, load, mail));
        if (load.stage == Stage::body) chains.back()->begin(mail, queue_id_of(load, number));
        chains.back()->flush();
    }
    const double opened = milliseconds_since(began);
    const auto standing = cost_of(load.processes);
    std::this_thread::sleep_for(load.hold);
    const auto after = cost_of(load.processes);
    for (const auto& chain : chains) chain->quit();
    const auto grown = static_cast<double>(after.resident_kb) - static_cast<double>(before.resident_kb);
    return {{"sessions", chains.size()},
            {"opened_ms", opened},
            {"held_seconds", load.hold.count()},
            {"processor_ms", after.processor_ms - standing.processor_ms},
            {"resident_kb_per_session", grown / static_cast<double>(chains.size())},
            {"memory", memory(after)}};
}

nlohmann::json run_burst(const Load& load) {
    std::latch ready(static_cast<std::ptrdiff_t>(load.connections));
    std::latch go(1);
    std::vector<Outcome> outcomes(load.connections);
    std::vector<std::thread> threads;
    for (std::size_t number = 0; number < load.connections; ++number) {
        threads.emplace_back([&, number] { outcomes[number] = burst_session(load, number, ready, go); });
    }
    ready.wait();
    const auto before = cost_of(load.processes);
    go.count_down();
    for (auto& thread : threads) thread.join();
    auto out = summary(outcomes);
    out["processor_ms"] = cost_of(load.processes).processor_ms - before.processor_ms;
    out["late"] = std::count_if(outcomes.begin(), outcomes.end(),
                                [&](const Outcome& outcome) { return outcome.whole > load.late_ms; });
    return out;
}

}  // namespace defender::bench
