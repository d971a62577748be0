#include "common/dns/resolver.hpp"

#include <utility>

#include "common/base/text.hpp"

namespace defender::dns {

std::string_view to_string(RecordType type) noexcept {
    switch (type) {
        case RecordType::a:
            return "A";
        case RecordType::ptr:
            return "PTR";
        case RecordType::mx:
            return "MX";
        case RecordType::txt:
            return "TXT";
        case RecordType::aaaa:
            return "AAAA";
    }
    return "?";
}

std::string_view to_string(Outcome outcome) noexcept {
    switch (outcome) {
        case Outcome::found:
            return "found";
        case Outcome::nodata:
            return "nodata";
        case Outcome::nxdomain:
            return "nxdomain";
        case Outcome::tempfail:
            return "tempfail";
    }
    return "?";
}

Question question(std::string name, RecordType type) {
    if (name.ends_with('.')) name.pop_back();
    text::lower(name);
    return {std::move(name), type};
}

bool can_be_asked(std::string_view name) noexcept {
    if (name.empty() || name.size() > 253) return false;
    std::size_t label = 0;
    for (const char c : name) {
        if (c == '.') {
            if (label == 0) return false;
            label = 0;
        } else if (++label > 63) {
            return false;
        }
    }
    return label > 0;
}

AnswerPtr tempfail(std::string reason) {
    Answer answer;
    answer.failure = std::move(reason);
    return std::make_shared<const Answer>(std::move(answer));
}

}  // namespace defender::dns
