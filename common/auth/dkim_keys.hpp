/// DkimKeys: the key questions of one message, each asked once, and their answers as they come in.
///
/// Thread-safety: every member from any thread. Answers arrive on the resolver's thread; the object is shared
/// with the questions that are under way, so it lives until the last of them is answered.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/dns/resolver.hpp"

namespace defender::auth {

class DkimKeys : public std::enable_shared_from_this<DkimKeys> {
  public:
    DkimKeys(dns::Resolver& resolver, dns::Deadline deadline) : resolver_(resolver), deadline_(deadline) {}

    /// Asks for the TXT records of `name` unless that has been done.
    void ask(const std::string& name);
    /// Calls `handler` once, as soon as no question is outstanding: perhaps before this returns.
    void when_all_are_in(std::function<void()> handler);
    /// Forgets the handler. A call that has begun on another thread goes on.
    void abandon();
    /// The answer for `name`; tempfail where there is none yet or nothing was asked.
    [[nodiscard]] dns::AnswerPtr answer(const std::string& name) const;

  private:
    void take_answer(const std::string& name, dns::AnswerPtr answer);

    dns::Resolver& resolver_;
    const dns::Deadline deadline_;
    mutable std::mutex mutex_;
    std::map<std::string, dns::AnswerPtr> answers_;  ///< null while outstanding
    std::size_t outstanding_ = 0;
    std::function<void()> handler_;
};

}  // namespace defender::auth
