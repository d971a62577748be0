#include "common/dns/dns_message.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "common/base/text.hpp"

namespace defender::dns {
namespace {

constexpr std::size_t header_octets = 12;
constexpr std::size_t max_name_octets = 255;
/// A pointer can only lead to another pointer by intent; this is far beyond what any server writes.
constexpr unsigned max_pointers = 64;

constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t type_ns = 2;
constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_soa = 6;
constexpr std::uint16_t type_opt = 41;

constexpr std::uint16_t flag_response = 0x8000;
constexpr std::uint16_t flag_authoritative = 0x0400;
constexpr std::uint16_t flag_truncated = 0x0200;
constexpr std::uint16_t flag_recursion_desired = 0x0100;
constexpr std::uint16_t flag_recursion_available = 0x0080;
constexpr std::uint16_t mask_opcode = 0x7800;
constexpr std::uint16_t mask_rcode = 0x000f;

constexpr std::uint16_t rcode_noerror = 0;
constexpr std::uint16_t rcode_nxdomain = 3;

/// A name from a packet. Where a label holds a dot the name has no place in text with dots between labels.
struct WireName {
    std::string text;
    bool representable = true;
};

/// Reads a packet from an offset up to a limit; false or nothing once something does not fit.
class Cursor {
  public:
    Cursor(std::span<const std::uint8_t> packet, std::size_t begin, std::size_t end)
        : packet_(packet), at_(begin), end_(end) {}

    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] std::size_t left() const { return end_ - at_; }
    [[nodiscard]] std::span<const std::uint8_t> packet() const { return packet_; }

    [[nodiscard]] bool skip(std::size_t octets) {
        if (left() < octets) return false;
        at_ += octets;
        return true;
    }
    [[nodiscard]] std::optional<std::uint8_t> u8() {
        if (left() < 1) return std::nullopt;
        return packet_[at_++];
    }
    [[nodiscard]] std::optional<std::uint16_t> u16() {
        if (left() < 2) return std::nullopt;
        const auto value = static_cast<std::uint16_t>((packet_[at_] << 8) | packet_[at_ + 1]);
        at_ += 2;
        return value;
    }
    [[nodiscard]] std::optional<std::uint32_t> u32() {
        const auto high = u16();
        const auto low = u16();
        if (!high || !low) return std::nullopt;
        return (static_cast<std::uint32_t>(*high) << 16) | *low;
    }
    [[nodiscard]] std::optional<std::span<const std::uint8_t>> octets(std::size_t count) {
        if (left() < count) return std::nullopt;
        at_ += count;
        return packet_.subspan(at_ - count, count);
    }
    [[nodiscard]] std::optional<WireName> name();

  private:
    std::span<const std::uint8_t> packet_;
    std::size_t at_;
    std::size_t end_;
};

void append_label(WireName& name, std::span<const std::uint8_t> label) {
    if (!name.text.empty()) name.text += '.';
    for (const std::uint8_t octet : label) {
        if (octet == '.') name.representable = false;
        name.text += static_cast<char>(octet);
    }
}

std::optional<WireName> Cursor::name() {
    WireName name;
    std::size_t at = at_;
    std::size_t limit = end_;
    std::size_t length = 1;
    bool jumped = false;
    for (unsigned pointers = 0;;) {
        if (at >= limit) return std::nullopt;
        const std::uint8_t octet = packet_[at];
        if (octet >= 0xc0) {
            if (limit - at < 2 || ++pointers > max_pointers) return std::nullopt;
            const auto target = static_cast<std::size_t>(((octet & 0x3f) << 8) | packet_[at + 1]);
            if (target >= at || target < header_octets) return std::nullopt;
            if (!jumped) at_ = at + 2;
            jumped = true;
            // What a pointer leads to ends before the pointer, so that no octet is read twice.
            limit = at;
            at = target;
            continue;
        }
        if (octet > 63) return std::nullopt;
        ++at;
        if (octet == 0) break;
        length += octet + 1U;
        if (length > max_name_octets || limit - at < octet) return std::nullopt;
        append_label(name, packet_.subspan(at, octet));
        at += octet;
    }
    if (!jumped) at_ = at;
    return name;
}

struct Header {
    std::uint16_t id = 0;
    std::uint16_t flags = 0;
    std::uint16_t questions = 0;
    std::uint16_t answers = 0;
    std::uint16_t authorities = 0;
    std::uint16_t additionals = 0;
};

std::optional<Header> read_header(Cursor& cursor) {
    if (cursor.left() < header_octets) return std::nullopt;
    Header header;
    header.id = *cursor.u16();
    header.flags = *cursor.u16();
    header.questions = *cursor.u16();
    header.answers = *cursor.u16();
    header.authorities = *cursor.u16();
    header.additionals = *cursor.u16();
    return header;
}

/// A record, its data still in the packet.
struct Record {
    std::string owner;
    bool representable = true;
    std::uint16_t type = 0;
    std::uint16_t record_class = 0;
    std::uint32_t ttl = 0;
    std::size_t data_begin = 0;
    std::size_t data_end = 0;
};

std::optional<Record> read_record(Cursor& cursor) {
    const auto owner = cursor.name();
    if (!owner) return std::nullopt;
    const auto type = cursor.u16();
    const auto record_class = cursor.u16();
    const auto ttl = cursor.u32();
    const auto length = cursor.u16();
    if (!type || !record_class || !ttl || !length) return std::nullopt;
    const std::size_t begin = cursor.at();
    if (!cursor.skip(*length)) return std::nullopt;
    return Record{text::to_lower(owner->text),
                  owner->representable,
                  *type,
                  *record_class,
                  *ttl,
                  begin,
                  begin + *length};
}

/// RFC 2181 section 8: a TTL with its top bit set counts as 0. (In an OPT record the field is no TTL.)
std::uint32_t usable_ttl(std::uint32_t ttl) {
    return (ttl & 0x80000000U) != 0 ? 0 : ttl;
}

/// The records of one section that matter, of class IN and with owners that text can hold.
bool read_section(Cursor& cursor, unsigned count, std::vector<Record>& out) {
    for (unsigned i = 0; i < count; ++i) {
        auto record = read_record(cursor);
        if (!record) return false;
        if (record->record_class != class_in || !record->representable) continue;
        record->ttl = usable_ttl(record->ttl);
        out.push_back(std::move(*record));
    }
    return true;
}

/// The additional section only matters for the upper eight bits of the response code (RFC 6891
/// section 6.1.3).
std::optional<std::uint16_t> read_additionals(Cursor& cursor, unsigned count) {
    std::uint16_t upper = 0;
    for (unsigned i = 0; i < count; ++i) {
        const auto record = read_record(cursor);
        if (!record) return std::nullopt;
        if (record->type == type_opt) upper = static_cast<std::uint16_t>((record->ttl >> 24) << 4);
    }
    return upper;
}

std::optional<std::string> single_name(Cursor data) {
    auto name = data.name();
    if (!name || data.left() != 0) return std::nullopt;
    if (!name->representable) return std::string();
    return text::to_lower(name->text);
}

bool add_text(Cursor data, Answer& answer) {
    if (data.left() == 0) return false;
    std::string joined;
    while (data.left() > 0) {
        const auto length = data.u8();
        const auto octets = length ? data.octets(*length) : std::nullopt;
        if (!octets) return false;
        for (const std::uint8_t octet : *octets) joined += static_cast<char>(octet);
    }
    answer.texts.push_back(std::move(joined));
    return true;
}

bool add_address(Cursor data, std::size_t octets, Answer& answer) {
    if (data.left() != octets) return false;
    const auto raw = data.octets(octets);
    const auto address = raw ? IpAddress::from_octets(*raw) : std::nullopt;
    if (!address) return false;
    answer.addresses.push_back(*address);
    return true;
}

bool add_exchange(Cursor data, Answer& answer) {
    const auto preference = data.u16();
    const auto host = preference ? data.name() : std::nullopt;
    if (!host || data.left() != 0) return false;
    // A host that text cannot hold is nowhere to go; the null MX (an empty host) is something else.
    if (host->representable) answer.exchanges.push_back({*preference, text::to_lower(host->text)});
    return true;
}

bool add_pointer(Cursor data, Answer& answer) {
    const auto name = single_name(data);
    if (!name) return false;
    if (!name->empty()) answer.names.push_back(*name);
    return true;
}

bool add_record(const Cursor& data, RecordType type, Answer& answer) {
    switch (type) {
        case RecordType::txt:
            return add_text(data, answer);
        case RecordType::a:
            return add_address(data, 4, answer);
        case RecordType::aaaa:
            return add_address(data, 16, answer);
        case RecordType::mx:
            return add_exchange(data, answer);
        case RecordType::ptr:
            return add_pointer(data, answer);
    }
    return false;
}

bool is_at_or_below(std::string_view name, std::string_view ancestor) {
    if (ancestor.empty()) return true;
    if (!name.ends_with(ancestor)) return false;
    return name.size() == ancestor.size() || name[name.size() - ancestor.size() - 1] == '.';
}

std::string rcode_text(std::uint16_t rcode) {
    switch (rcode) {
        case rcode_formerr:
            return "FORMERR";
        case 2:
            return "SERVFAIL";
        case rcode_notimp:
            return "NOTIMP";
        case 5:
            return "REFUSED";
        default:
            return "RCODE " + std::to_string(rcode);
    }
}

/// A response whose records are read, on its way to an answer.
class Interpreter {
  public:
    Interpreter(std::span<const std::uint8_t> packet, const Query& query) : packet_(packet), query_(query) {}

    Result<Response> run() {
        Cursor cursor(packet_, 0, packet_.size());
        if (auto status = read(cursor); !status) return status.error();
        if (response_.rcode != rcode_noerror && response_.rcode != rcode_nxdomain) {
            return failure(rcode_text(response_.rcode));
        }
        return follow();
    }

  private:
    Status read(Cursor& cursor) {
        const auto header = read_header(cursor);
        if (!header) return Error{"the packet is shorter than a header"};
        header_ = *header;
        if (header_.id != query_.id) return Error{"the packet has another id"};
        if ((header_.flags & flag_response) == 0 || (header_.flags & mask_opcode) != 0) {
            return Error{"the packet is no response to a query"};
        }
        if ((header_.flags & flag_truncated) != 0) return Error{"the response is truncated"};
        if (auto status = read_question(cursor); !status) return status;
        if (!read_section(cursor, header_.answers, answers_) ||
            !read_section(cursor, header_.authorities, authorities_)) {
            return Error{"the response is malformed"};
        }
        const auto upper = read_additionals(cursor, header_.additionals);
        if (!upper || cursor.left() != 0) return Error{"the response is malformed"};
        response_.rcode = static_cast<std::uint16_t>(*upper | (header_.flags & mask_rcode));
        return Done{};
    }

    Status read_question(Cursor& cursor) {
        if (header_.questions != 1) return Error{"the response has not one question"};
        const auto name = cursor.name();
        const auto type = cursor.u16();
        const auto query_class = cursor.u16();
        if (!name || !type || !query_class) return Error{"the response is malformed"};
        if (!name->representable || !text::iequals(name->text, query_.name) ||
            *type != static_cast<std::uint16_t>(query_.type) || *query_class != class_in) {
            return Error{"the response is for another question"};
        }
        response_.case_kept = name->text == query_.name;
        return Done{};
    }

    [[nodiscard]] Cursor data(const Record& record) const {
        return {packet_, record.data_begin, record.data_end};
    }

    /// From the name asked for along its CNAMEs to the records or to the end of the chain.
    Result<Response> follow() {
        std::string name = text::to_lower(query_.name);
        std::vector<std::string> seen{name};
        for (;;) {
            if (has_records(name)) return found(name);
            const Record* cname = find(answers_, name, type_cname);
            if (cname == nullptr) return at_end(name);
            const auto target = single_name(data(*cname));
            if (!target) return Error{"the response is malformed"};
            if (target->empty()) return failure("CNAME to a name that cannot be asked for");
            if (std::find(seen.begin(), seen.end(), *target) != seen.end()) return failure("CNAME loop");
            if (++response_.aliases > max_aliases) return failure("CNAME chain too long");
            chain_ttl_ = std::min(chain_ttl_, cname->ttl);
            name = *target;
            seen.push_back(name);
        }
    }

    static const Record* find(const std::vector<Record>& records, const std::string& owner,
                              std::uint16_t type) {
        const auto at = std::find_if(records.begin(), records.end(), [&](const Record& record) {
            return record.type == type && record.owner == owner;
        });
        return at == records.end() ? nullptr : &*at;
    }

    bool has_records(const std::string& name) const {
        return find(answers_, name, static_cast<std::uint16_t>(query_.type)) != nullptr;
    }

    Result<Response> found(const std::string& name) {
        if (response_.rcode == rcode_nxdomain) return Error{"the response contradicts itself"};
        Answer& answer = response_.answer;
        std::uint32_t ttl = chain_ttl_;
        for (const Record& record : answers_) {
            if (record.type != static_cast<std::uint16_t>(query_.type) || record.owner != name) continue;
            if (!add_record(data(record), query_.type, answer)) return Error{"the response is malformed"};
            ttl = std::min(ttl, record.ttl);
        }
        const bool any = !answer.texts.empty() || !answer.addresses.empty() || !answer.exchanges.empty() ||
                         !answer.names.empty();
        answer.outcome = any ? Outcome::found : Outcome::nodata;
        answer.ttl_seconds = ttl;
        return response_;
    }

    /// No record of the type and no CNAME at the end of the chain.
    Result<Response> at_end(const std::string& name) {
        std::optional<std::uint32_t> negative_ttl;
        bool referral = false;
        for (const Record& record : authorities_) {
            if (record.type == type_ns) referral = true;
            if (record.type != type_soa || !is_at_or_below(name, record.owner)) continue;
            const auto minimum = soa_minimum(data(record));
            if (!minimum) return Error{"the response is malformed"};
            negative_ttl = std::min(record.ttl, usable_ttl(*minimum));
        }
        if (response_.rcode == rcode_nxdomain) return negative(Outcome::nxdomain, negative_ttl);
        if (negative_ttl) return negative(Outcome::nodata, negative_ttl);
        if (response_.aliases > 0) return leaves_packet(name);
        const auto served = flag_authoritative | flag_recursion_available;
        if (referral && (header_.flags & served) == 0) return failure("referral instead of an answer");
        return negative(Outcome::nodata, std::nullopt);
    }

    static std::optional<std::uint32_t> soa_minimum(Cursor data) {
        if (!data.name() || !data.name() || !data.skip(16)) return std::nullopt;
        const auto minimum = data.u32();
        if (data.left() != 0) return std::nullopt;
        return minimum;
    }

    Result<Response> negative(Outcome outcome, std::optional<std::uint32_t> ttl) {
        response_.answer.outcome = outcome;
        response_.answer.ttl_seconds = std::min(ttl.value_or(0), chain_ttl_);
        return response_;
    }

    Result<Response> leaves_packet(const std::string& name) {
        if (!can_be_asked(name)) return failure("CNAME to a name that cannot be asked for");
        response_.alias = name;
        response_.alias_ttl = chain_ttl_;
        return response_;
    }

    Result<Response> failure(std::string reason) {
        response_.answer = Answer{};
        response_.answer.failure = std::move(reason);
        return response_;
    }

    std::span<const std::uint8_t> packet_;
    const Query& query_;
    Header header_;
    std::vector<Record> answers_;
    std::vector<Record> authorities_;
    std::uint32_t chain_ttl_ = std::numeric_limits<std::uint32_t>::max();
    Response response_;
};

void append_u16(std::vector<std::uint8_t>& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value & 0xff));
}

}  // namespace

std::vector<std::uint8_t> make_query(const Query& query, bool edns) {
    std::vector<std::uint8_t> out;
    out.reserve(header_octets + query.name.size() + 2 + 4 + edns_record_octets);
    append_u16(out, query.id);
    append_u16(out, flag_recursion_desired);
    append_u16(out, 1);
    append_u16(out, 0);
    append_u16(out, 0);
    append_u16(out, edns ? 1 : 0);
    for (const std::string_view label : text::split(query.name, '.')) {
        out.push_back(static_cast<std::uint8_t>(label.size()));
        for (const char c : label) out.push_back(static_cast<std::uint8_t>(c));
    }
    out.push_back(0);
    append_u16(out, static_cast<unsigned>(query.type));
    append_u16(out, class_in);
    if (edns) {
        out.push_back(0);
        append_u16(out, type_opt);
        append_u16(out, edns_udp_octets);
        out.insert(out.end(), 6, 0);
    }
    return out;
}

Result<Response> parse_response(std::span<const std::uint8_t> packet, const Query& query) {
    return Interpreter(packet, query).run();
}

}  // namespace defender::dns
