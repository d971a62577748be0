// A zone file from anybody: it is read or refused with a line, and what is read answers every question in
// bounds.
#include <cstdlib>

#include "common/base/text.hpp"
#include "common/dns/zone_resolver.hpp"

namespace {

using namespace defender;
using namespace defender::dns;

void require(bool holds) {
    if (!holds) std::abort();
}

void ask(Resolver& resolver, std::string_view name, RecordType type) {
    unsigned answered = 0;
    resolver.ask({std::string(name), type}, Deadline::max(), [&](const AnswerPtr& answer) {
        ++answered;
        require(answer != nullptr);
        const std::size_t records =
            answer->texts.size() + answer->names.size() + answer->exchanges.size() + answer->addresses.size();
        require((answer->outcome == Outcome::found) == (records > 0));
        require((answer->outcome == Outcome::tempfail) == !answer->failure.empty());
        if (!can_be_asked(question(std::string(name), type).name))
            require(answer->outcome == Outcome::nxdomain);
    });
    require(answered == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 20000) return 0;
    const std::string zone(data, data + size);
    const auto resolver = make_zone_resolver(zone);
    if (!resolver) {
        require(resolver.error().message.starts_with("line "));
        return 0;
    }
    unsigned left = 50;
    for (const std::string_view line : text::split(zone, '\n')) {
        if (left-- == 0) break;
        const auto name = line.substr(0, line.find_first_of(" \t"));
        for (const auto type : {RecordType::a, RecordType::txt, RecordType::mx, RecordType::ptr}) {
            ask(**resolver, name, type);
            ask(**resolver, "x." + std::string(name), type);
        }
    }
    return 0;
}
