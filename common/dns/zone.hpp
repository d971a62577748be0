/// Zone: DNS records in memory and the answers that they give (RFC 1034 4.3.2, RFC 4592, RFC 2308).
///
/// Wildcards are expanded at the closest encloser; an empty non-terminal is NODATA; CNAMEs are followed with
/// the same bound as on the network. Names are raw octets with dots between labels, lower case, no trailing
/// dot; "" is the root. Pure. Safe to read from many threads once filled.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "common/base/result.hpp"
#include "common/dns/resolver.hpp"

namespace defender::dns {

/// Data of records in a Zone, beside what an Answer has a list for.
struct CanonicalName {
    std::string target;
};
struct StartOfAuthority {
    std::uint32_t minimum = 0;
};
/// A record of a type that nobody asks for here; it makes its name exist.
struct OtherRecord {};
/// Makes the name answer tempfail.
struct FailingName {};
struct TextRecord {
    std::string text;
};
struct PointerRecord {
    std::string name;
};
using RecordData = std::variant<TextRecord, IpAddress, Exchange, PointerRecord, CanonicalName,
                                StartOfAuthority, OtherRecord, FailingName>;

class Zone {
  public:
    /// An error where the name would have a CNAME beside other data (RFC 1034 section 3.6.2).
    [[nodiscard]] Status add(const std::string& owner, std::uint32_t ttl, RecordData data);
    /// The question must be as question() makes it.
    [[nodiscard]] AnswerPtr answer(const Question& question) const;

  private:
    struct Node {
        std::map<RecordType, Answer> answers;
        std::optional<CanonicalName> cname;
        std::uint32_t cname_ttl = 0;
        std::optional<std::uint32_t> negative_ttl;
        bool has_other = false;
        bool fails = false;
    };

    void insert(Node& node, std::uint32_t ttl, RecordData data);
    [[nodiscard]] const Node* find(const std::string& name) const;
    [[nodiscard]] AnswerPtr negative(std::string_view name, Outcome outcome, std::uint32_t chain_ttl) const;

    std::map<std::string, Node> nodes_;
    std::set<std::string, std::less<>> existing_;  ///< every owner and every ancestor of one
};

}  // namespace defender::dns
