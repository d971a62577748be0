// A response from anybody, read against a question. Input: one octet that picks the type, one for the length
// of the name, the name, then the packet (whose id the query takes over, so that the fuzzer need not find
// it).
#include <cstdlib>

#include "common/base/text.hpp"
#include "common/dns/dns_message.hpp"

namespace {

using namespace defender;
using namespace defender::dns;

void require(bool holds) {
    if (!holds) std::abort();
}

RecordType type_of(std::uint8_t octet) {
    constexpr RecordType types[] = {RecordType::a, RecordType::ptr, RecordType::mx, RecordType::txt,
                                    RecordType::aaaa};
    return types[octet % 5];
}

void check_answer(const Answer& answer, RecordType type) {
    const bool found = answer.outcome == Outcome::found;
    require(answer.texts.empty() || (found && type == RecordType::txt));
    require(answer.names.empty() || (found && type == RecordType::ptr));
    require(answer.exchanges.empty() || (found && type == RecordType::mx));
    require(answer.addresses.empty() || (found && (type == RecordType::a || type == RecordType::aaaa)));
    const std::size_t records =
        answer.texts.size() + answer.names.size() + answer.exchanges.size() + answer.addresses.size();
    require(found == (records > 0));
    require((answer.outcome == Outcome::tempfail) == !answer.failure.empty());
    require(answer.ttl_seconds <= 0x7fffffff);
    for (const auto& name : answer.names) require(name.size() <= 253 && name == text::to_lower(name));
    for (const auto& exchange : answer.exchanges) require(exchange.host.size() <= 253);
}

void check_query(const Query& query) {
    const auto packet = make_query(query, true);
    require(packet.size() <= 12 + 255 + 4 + edns_record_octets);
    // Turned into a response, a query is an answer without records to itself.
    auto echo = packet;
    echo[2] |= 0x80;
    echo[3] |= 0x80;
    const auto response = parse_response(echo, query);
    require(response.has_value());
    require(response->case_kept && response->answer.outcome == Outcome::nodata);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 70000) return 0;
    Query query;
    query.type = type_of(data[0]);
    std::span<const std::uint8_t> rest(data + 2, size - 2);
    const std::size_t length = std::min<std::size_t>(data[1], rest.size());
    query.name.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(length));
    rest = rest.subspan(length);
    if (rest.size() >= 2) query.id = static_cast<std::uint16_t>((rest[0] << 8) | rest[1]);
    if (!can_be_asked(query.name)) return 0;
    check_query(query);
    const auto response = parse_response(rest, query);
    if (!response) {
        require(!response.error().message.empty());
        return 0;
    }
    require(response->aliases <= max_aliases + 1);
    if (response->alias.empty()) {
        check_answer(response->answer, query.type);
    } else {
        require(can_be_asked(response->alias) && response->aliases > 0);
        require(response->alias != text::to_lower(query.name));
    }
    return 0;
}
