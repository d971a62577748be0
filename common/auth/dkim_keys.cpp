#include "common/auth/dkim_keys.hpp"

#include <utility>

namespace defender::auth {

void DkimKeys::ask(const std::string& name) {
    {
        const std::lock_guard lock(mutex_);
        if (!answers_.try_emplace(name).second) return;
        ++outstanding_;
    }
    auto handler = [keys = shared_from_this(), name](dns::AnswerPtr answer) {
        keys->take_answer(name, std::move(answer));
    };
    resolver_.ask(dns::question(name, dns::RecordType::txt), deadline_, std::move(handler));
}

void DkimKeys::take_answer(const std::string& name, dns::AnswerPtr answer) {
    std::function<void()> handler;
    {
        const std::lock_guard lock(mutex_);
        answers_[name] = std::move(answer);
        if (--outstanding_ == 0) handler = std::exchange(handler_, nullptr);
    }
    if (handler) handler();
}

void DkimKeys::when_all_are_in(std::function<void()> handler) {
    {
        const std::lock_guard lock(mutex_);
        if (outstanding_ > 0) {
            handler_ = std::move(handler);
            return;
        }
    }
    handler();
}

void DkimKeys::abandon() {
    const std::lock_guard lock(mutex_);
    handler_ = nullptr;
}

dns::AnswerPtr DkimKeys::answer(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = answers_.find(name);
    if (found == answers_.end() || !found->second) return dns::tempfail("no answer");
    return found->second;
}

}  // namespace defender::auth
