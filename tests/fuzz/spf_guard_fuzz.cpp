// Records, names and answers from the input, through the whole SPF check and so through libspf2.
//
// The input is lines. The first is the identity: client, HELO, local part and domain, with blanks between. Of
// the others each begins with a letter: T text, M exchange, P name, A address, F (nothing: a temporary
// failure). A question is answered from the lines of its kind, picked by its name, so that whatever name a
// record comes to has an answer.
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/spf_check.hpp"
#include "common/base/text.hpp"

namespace {

using namespace defender;

// What the look-ahead may ask, and what one evaluation can need beyond that.
constexpr std::size_t most_questions = 128 + 123;
constexpr std::size_t most_exchanges = 16;

void require(bool holds) {
    if (!holds) std::abort();
}

class LineResolver : public dns::Resolver {
  public:
    explicit LineResolver(const std::vector<std::string_view>& lines) {
        for (const auto line : lines) {
            if (!line.empty()) lines_[line.front()].emplace_back(line.substr(1));
        }
    }

    void ask(dns::Question question, dns::Deadline, Handler handler) override {
        ++asked;
        const auto hash =
            std::hash<std::string>{}(question.name + std::to_string(static_cast<int>(question.type)));
        waiting_.emplace_back(
            [answer = answer(question, hash), handler = std::move(handler)] { handler(answer); });
    }

    // In an order that depends on the names; true while there is something to answer.
    bool answer_one() {
        if (waiting_.empty()) return false;
        const bool newest = asked % 3 == 0;
        const auto next = newest ? std::move(waiting_.back()) : std::move(waiting_.front());
        newest ? waiting_.pop_back() : waiting_.pop_front();
        next();
        return true;
    }

    std::size_t asked = 0;

  private:
    dns::AnswerPtr answer(const dns::Question& question, std::size_t hash) const {
        if (lines_.contains('F') && hash % 8 == 0) return dns::tempfail("SERVFAIL");
        dns::Answer answer;
        answer.outcome = dns::Outcome::found;
        fill(answer, question.type, hash);
        const bool empty = answer.texts.empty() && answer.exchanges.empty() && answer.names.empty() &&
                           answer.addresses.empty();
        if (empty) answer.outcome = hash % 2 == 0 ? dns::Outcome::nodata : dns::Outcome::nxdomain;
        return std::make_shared<const dns::Answer>(std::move(answer));
    }

    void fill(dns::Answer& answer, dns::RecordType type, std::size_t hash) const {
        switch (type) {
            case dns::RecordType::txt:
                answer.texts = one_of('T', hash);
                break;
            case dns::RecordType::ptr:
                answer.names = all_of('P');
                break;
            case dns::RecordType::mx:
                for (const auto& host : all_of('M')) answer.exchanges.push_back({0, text::to_lower(host)});
                break;
            case dns::RecordType::a:
            case dns::RecordType::aaaa:
                for (const auto& line : one_of('A', hash)) {
                    const auto address = IpAddress::parse(line);
                    if (address) answer.addresses.push_back(*address);
                }
                break;
        }
    }

    std::vector<std::string> all_of(char kind) const {
        const auto found = lines_.find(kind);
        if (found == lines_.end()) return {};
        auto all = found->second;
        if (all.size() > most_exchanges) all.resize(most_exchanges);
        return all;
    }

    std::vector<std::string> one_of(char kind, std::size_t hash) const {
        const auto found = lines_.find(kind);
        if (found == lines_.end()) return {};
        // The first answers the first question asked, for the domain that the check begins with.
        const auto index = kind == 'T' && asked <= 1 ? 0 : hash % (found->second.size() + 1);
        if (index == found->second.size()) return {};
        return {found->second[index]};
    }

    std::map<char, std::vector<std::string>> lines_;
    std::deque<std::function<void()>> waiting_;
};

auth::SpfIdentity identity_from(std::string_view line) {
    auto words = text::split(line, ' ');
    words.resize(4);
    auth::SpfIdentity identity;
    identity.client = IpAddress::parse(words[0]).value_or(IpAddress());
    identity.helo = words[1];
    identity.local_part = words[2];
    identity.domain = words[3];
    return identity;
}

bool is_printable(const std::string& text) {
    for (const char c : text) {
        if (!text::is_printable(c)) return false;
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto lines = text::split({reinterpret_cast<const char*>(data), size}, '\n');
    const auto identity = identity_from(lines.front());
    lines.erase(lines.begin());
    LineResolver resolver(lines);
    int results = 0;
    auth::check_spf(resolver, identity, dns::Clock::now() + std::chrono::hours(1),
                    [&](const auth::SpfEvidence& evidence) {
                        ++results;
                        require(to_string(evidence.result) != "?");
                        require(!evidence.reason.empty() && evidence.reason.size() <= 300 &&
                                is_printable(evidence.reason));
                        require(evidence.terms <= 11 && evidence.void_lookups <= 3);
                        require(!evidence.reason.starts_with("libspf2: "));
                    });
    while (resolver.answer_one()) {
    }
    require(results == 1);
    require(resolver.asked <= most_questions);
    return 0;
}
