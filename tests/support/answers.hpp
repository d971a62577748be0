/// Asks a Resolver and waits for the answer, for tests.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "common/dns/resolver.hpp"

namespace defender::testing {

/// The answer to come. Far more time is given than any test needs; a missing answer gives null.
class Pending {
  public:
    [[nodiscard]] dns::Resolver::Handler handler() {
        return [promise = promise_](dns::AnswerPtr answer) { promise->set_value(std::move(answer)); };
    }
    [[nodiscard]] bool ready() const {
        return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }
    [[nodiscard]] dns::AnswerPtr get() {
        if (future_.wait_for(std::chrono::seconds(30)) != std::future_status::ready) return nullptr;
        return future_.get();
    }

  private:
    std::shared_ptr<std::promise<dns::AnswerPtr>> promise_ = std::make_shared<std::promise<dns::AnswerPtr>>();
    std::future<dns::AnswerPtr> future_ = promise_->get_future();
};

inline dns::AnswerPtr ask(dns::Resolver& resolver, std::string_view name, dns::RecordType type,
                          std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    Pending pending;
    resolver.ask({std::string(name), type}, dns::Clock::now() + patience, pending.handler());
    return pending.get();
}

}  // namespace defender::testing
