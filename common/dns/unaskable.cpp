#include "common/dns/unaskable.hpp"

#include <utility>

namespace defender::dns {

AnswerPtr answer_if_unaskable(const Question& question) {
    if (can_be_asked(question.name)) return nullptr;
    Answer answer;
    answer.outcome = Outcome::nxdomain;
    return std::make_shared<const Answer>(std::move(answer));
}

}  // namespace defender::dns
