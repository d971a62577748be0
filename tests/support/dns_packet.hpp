/// DnsPacket: builds responses octet by octet for tests, well formed or not.
///
/// Independent of the parser under test. Names are given with dots between labels and are written without
/// compression, unless raw octets are appended by hand.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace defender::testing {

using Octets = std::vector<std::uint8_t>;

inline void put16(Octets& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value & 0xff));
}

inline void put32(Octets& out, std::uint32_t value) {
    put16(out, value >> 16);
    put16(out, value & 0xffff);
}

inline void put_label(Octets& out, std::string_view label) {
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
}

inline Octets wire_name(std::string_view name) {
    Octets out;
    while (!name.empty()) {
        const auto dot = name.find('.');
        put_label(out, name.substr(0, dot));
        name = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    }
    out.push_back(0);
    return out;
}

/// The data of a TXT record with these strings.
inline Octets txt(std::initializer_list<std::string_view> strings) {
    Octets out;
    for (const auto s : strings) put_label(out, s);
    return out;
}

inline Octets mx(unsigned preference, std::string_view host) {
    Octets out;
    put16(out, preference);
    const Octets name = wire_name(host);
    out.insert(out.end(), name.begin(), name.end());
    return out;
}

inline Octets soa(std::uint32_t minimum) {
    Octets out = wire_name("ns.example");
    const Octets mailbox = wire_name("hostmaster.example");
    out.insert(out.end(), mailbox.begin(), mailbox.end());
    for (int i = 0; i < 4; ++i) put32(out, 1);
    put32(out, minimum);
    return out;
}

enum : unsigned {
    type_a = 1,
    type_ns = 2,
    type_cname = 5,
    type_soa = 6,
    type_ptr = 12,
    type_mx = 15,
    type_txt = 16,
    type_aaaa = 28,
    type_opt = 41
};
enum : unsigned { no_error = 0, form_err = 1, serv_fail = 2, nx_domain = 3, not_imp = 4, refused = 5 };

class DnsPacket {
  public:
    /// A response to a query with recursion available.
    explicit DnsPacket(std::uint16_t id, unsigned flags = 0x8180) {
        put16(octets_, id);
        put16(octets_, flags);
        octets_.insert(octets_.end(), 8, 0);
    }

    DnsPacket& question(std::string_view name, unsigned type, unsigned query_class = 1) {
        return question(wire_name(name), type, query_class);
    }
    DnsPacket& question(const Octets& name, unsigned type, unsigned query_class = 1) {
        append(name);
        put16(octets_, type);
        put16(octets_, query_class);
        return count(4);
    }
    DnsPacket& answer(std::string_view owner, unsigned type, std::uint32_t ttl, const Octets& data) {
        return record(wire_name(owner), type, 1, ttl, data).count(6);
    }
    DnsPacket& answer(const Octets& owner, unsigned type, std::uint32_t ttl, const Octets& data) {
        return record(owner, type, 1, ttl, data).count(6);
    }
    DnsPacket& authority(std::string_view owner, unsigned type, std::uint32_t ttl, const Octets& data) {
        return record(wire_name(owner), type, 1, ttl, data).count(8);
    }
    DnsPacket& additional(std::string_view owner, unsigned type, std::uint32_t ttl, const Octets& data) {
        return record(wire_name(owner), type, 1, ttl, data).count(10);
    }
    DnsPacket& rcode(unsigned code) {
        octets_[3] = static_cast<std::uint8_t>((octets_[3] & 0xf0U) | code);
        return *this;
    }
    DnsPacket& truncated() {
        octets_[2] |= 0x02;
        return *this;
    }
    DnsPacket& append(const Octets& octets) {
        octets_.insert(octets_.end(), octets.begin(), octets.end());
        return *this;
    }
    DnsPacket& record(const Octets& owner, unsigned type, unsigned record_class, std::uint32_t ttl,
                      const Octets& data) {
        append(owner);
        put16(octets_, type);
        put16(octets_, record_class);
        put32(octets_, ttl);
        put16(octets_, static_cast<unsigned>(data.size()));
        return append(data);
    }
    /// One more in the count at this offset of the header.
    DnsPacket& count(std::size_t offset) {
        if (++octets_[offset + 1] == 0) ++octets_[offset];
        return *this;
    }
    [[nodiscard]] const Octets& octets() const { return octets_; }

  private:
    Octets octets_;
};

}  // namespace defender::testing
