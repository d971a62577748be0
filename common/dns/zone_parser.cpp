#include "common/dns/zone_parser.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/base/text.hpp"
#include "common/dns/zone_lexer.hpp"

namespace defender::dns {
namespace {

constexpr std::uint32_t max_ttl = 0x7fffffff;
constexpr std::uint32_t default_ttl = 3600;
constexpr std::size_t max_string_octets = 255;

/// Types whose data nobody here asks for.
constexpr std::array<std::string_view, 24> other_types = {
    "NS",    "SRV",        "CAA",     "NAPTR", "DS",    "DNSKEY", "RRSIG",  "NSEC",
    "NSEC3", "NSEC3PARAM", "TLSA",    "SSHFP", "HINFO", "LOC",    "SPF",    "SVCB",
    "HTTPS", "CDS",        "CDNSKEY", "URI",   "RP",    "AFSDB",  "SMIMEA", "OPENPGPKEY"};

/// Seconds, or BIND's form with units: 1h30m.
std::optional<std::uint32_t> parse_ttl(std::string_view word) {
    std::uint64_t total = 0;
    if (word.empty()) return std::nullopt;
    while (!word.empty()) {
        std::size_t digits = 0;
        while (digits < word.size() && text::is_digit(word[digits])) ++digits;
        const auto number = text::parse_unsigned(word.substr(0, digits));
        if (!number || *number > max_ttl) return std::nullopt;
        std::uint64_t unit = 1;
        if (digits < word.size()) {
            switch (text::to_lower(word[digits])) {
                case 's':
                    unit = 1;
                    break;
                case 'm':
                    unit = 60;
                    break;
                case 'h':
                    unit = 3600;
                    break;
                case 'd':
                    unit = 86400;
                    break;
                case 'w':
                    unit = 604800;
                    break;
                default:
                    return std::nullopt;
            }
            ++digits;
        }
        total += *number * unit;
        if (total > max_ttl) return std::nullopt;
        word.remove_prefix(digits);
    }
    return static_cast<std::uint32_t>(total);
}

class Parser {
  public:
    explicit Parser(std::string_view text) : lexer_(text) {}

    Result<Zone> run() {
        for (;;) {
            auto entry = lexer_.next();
            if (!entry) return entry.error();
            if (entry->words.empty()) return std::move(zone_);
            if (auto status = take(*entry); !status) {
                return Error{"line " + std::to_string(entry->line) + ": " + status.error().message};
            }
        }
    }

  private:
    using Words = std::span<const ZoneWord>;

    Status take(const ZoneEntry& entry) {
        const ZoneWord& first = entry.words.front();
        if (!entry.indented && !first.quoted && first.text.starts_with('$')) return directive(entry.words);
        Words words(entry.words);
        if (!entry.indented) {
            auto owner = absolute(first);
            if (!owner) return owner.error();
            owner_ = std::move(*owner);
            words = words.subspan(1);
        }
        if (!owner_) return Error{"the first record has no owner"};
        return record(words);
    }

    Status directive(Words words) {
        if (words.size() != 2) return Error{"a directive takes one argument"};
        if (text::iequals(words[0].text, "$ORIGIN")) {
            auto origin = absolute(words[1]);
            if (!origin) return origin.error();
            origin_ = std::move(*origin);
            return Done{};
        }
        if (text::iequals(words[0].text, "$TTL")) {
            const auto ttl = parse_ttl(words[1].text);
            if (!ttl) return Error{"the TTL is no number of seconds"};
            ttl_ = *ttl;
            return Done{};
        }
        return Error{"unknown directive " + text::printable(words[0].text, 40)};
    }

    /// [TTL] [class] type data, or [class] [TTL] type data.
    Status record(Words words) {
        std::optional<std::uint32_t> ttl;
        bool has_class = false;
        while (!words.empty()) {
            const auto number = ttl ? std::nullopt : parse_ttl(words.front().text);
            if (number) {
                ttl = number;
            } else if (!has_class && text::iequals(words.front().text, "IN")) {
                has_class = true;
            } else {
                break;
            }
            words = words.subspan(1);
        }
        if (words.empty()) return Error{"a record has no type"};
        if (ttl) ttl_ = *ttl;
        auto data = parse_data(words.front().text, words.subspan(1));
        if (!data) return data.error();
        return zone_.add(*owner_, ttl_, std::move(*data));
    }

    Result<RecordData> parse_data(const std::string& type, Words words) {
        if (text::iequals(type, "A")) return address(words, true);
        if (text::iequals(type, "AAAA")) return address(words, false);
        if (text::iequals(type, "TXT")) return texts(words);
        if (text::iequals(type, "MX")) return exchange(words);
        if (text::iequals(type, "PTR")) return pointer(words);
        if (text::iequals(type, "CNAME")) return canonical_name(words);
        if (text::iequals(type, "SOA")) return start_of_authority(words);
        if (text::iequals(type, "TEMPFAIL")) {
            if (!words.empty()) return Error{"TEMPFAIL takes no data"};
            return RecordData{FailingName{}};
        }
        const bool known = std::any_of(other_types.begin(), other_types.end(),
                                       [&](std::string_view other) { return text::iequals(type, other); });
        if (!known) return Error{"unknown type " + text::printable(type, 40)};
        if (words.empty()) return Error{"the record has no data"};
        return RecordData{OtherRecord{}};
    }

    static Result<RecordData> address(Words words, bool v4) {
        const auto address = words.size() == 1 ? IpAddress::parse(words[0].text) : std::nullopt;
        // IPv4-mapped addresses in AAAA records become IPv4 on the way in and are no use to anybody.
        if (!address || address->is_v4() != v4) {
            return Error{v4 ? "an A record takes one IPv4 address" : "an AAAA record takes one IPv6 address"};
        }
        return RecordData{*address};
    }

    static Result<RecordData> texts(Words words) {
        if (words.empty()) return Error{"a TXT record takes at least one string"};
        TextRecord record;
        for (const ZoneWord& word : words) {
            if (word.text.size() > max_string_octets) return Error{"a string is longer than 255 octets"};
            record.text += word.text;
        }
        return RecordData{std::move(record)};
    }

    Result<RecordData> exchange(Words words) const {
        if (words.size() != 2) return Error{"an MX record takes a preference and a host"};
        const auto preference = text::parse_unsigned(words[0].text);
        if (!preference || *preference > 65535) return Error{"an MX preference goes from 0 to 65535"};
        auto host = absolute(words[1]);
        if (!host) return host.error();
        return RecordData{Exchange{static_cast<std::uint16_t>(*preference), std::move(*host)}};
    }

    Result<RecordData> pointer(Words words) const {
        auto name = single_name(words);
        if (!name) return name.error();
        return RecordData{PointerRecord{std::move(*name)}};
    }

    Result<RecordData> canonical_name(Words words) const {
        auto name = single_name(words);
        if (!name) return name.error();
        return RecordData{CanonicalName{std::move(*name)}};
    }

    Result<std::string> single_name(Words words) const {
        if (words.size() != 1) return Error{"the record takes one name"};
        auto name = absolute(words[0]);
        if (name && name->empty()) return Error{"the root is no name to point to"};
        return name;
    }

    static Result<RecordData> start_of_authority(Words words) {
        if (words.size() != 7) return Error{"a SOA record takes two names and five numbers"};
        for (const ZoneWord& word : words.subspan(2, 4)) {
            if (!parse_ttl(word.text) && !text::parse_unsigned(word.text)) {
                return Error{"a SOA record takes two names and five numbers"};
            }
        }
        const auto minimum = parse_ttl(words[6].text);
        if (!minimum) return Error{"the MINIMUM of the SOA record is no number of seconds"};
        return RecordData{StartOfAuthority{*minimum}};
    }

    /// The name in full, lower case; "" is the root.
    Result<std::string> absolute(const ZoneWord& word) const {
        if (word.escaped_dot) return Error{"a label holds a dot"};
        if (!word.escaped && word.text == "@") return origin_;
        if (word.text == ".") return std::string();
        std::string name = text::to_lower(word.text);
        if (name.ends_with('.')) {
            name.pop_back();
        } else if (!origin_.empty()) {
            name += "." + origin_;
        }
        if (!can_be_asked(name)) return Error{"no domain name: " + text::printable(word.text, 80)};
        return name;
    }

    ZoneLexer lexer_;
    Zone zone_;
    std::string origin_;
    std::optional<std::string> owner_;
    std::uint32_t ttl_ = default_ttl;
};

}  // namespace

Result<Zone> parse_zone(std::string_view text) {
    return Parser(text).run();
}

}  // namespace defender::dns
