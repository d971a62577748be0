/// Settings: everything that an operator can set, as one immutable value.
///
/// The names, defaults, limits and manual of each setting stand in settings_table.cpp, once; the reader
/// (settings_reader.hpp) fills this struct from TOML. Times are seconds or milliseconds as their names say.
/// Thread-safety: a plain value; programs share it as `std::shared_ptr<const Settings>` and swap the pointer
/// on reload.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/base/domain_name.hpp"
#include "common/base/ip_address.hpp"

namespace defender::config {

enum class OnError { accept, tempfail };
struct MilterSettings {
    std::string socket;        ///< libmilter's notation: unix:PATH, inet:PORT@HOST, inet6:PORT@HOST
    std::string socket_group;  ///< group of a unix socket; empty: the process's own
    unsigned socket_mode = 0;  ///< of a unix socket
    std::string authserv_id;   ///< never empty after reading
    OnError on_error{};
    std::chrono::seconds message_deadline{};
    std::string status_socket;  ///< unix path that `defenderctl status` reads; empty: none
    unsigned workers = 0;       ///< threads that verify and judge
};

struct DnsSettings {
    std::vector<std::string>
        servers;  ///< "ADDRESS", "ADDRESS:PORT", "[V6]:PORT"; empty: those of /etc/resolv.conf
    std::chrono::milliseconds try_timeout{};
    unsigned tries = 0;  ///< for each server
    std::chrono::milliseconds total_timeout{};
    std::uint64_t cache_records = 0;  ///< 0: no cache
    std::uint64_t cache_bytes = 0;
    std::chrono::seconds max_ttl{};
    std::chrono::seconds max_negative_ttl{};
    std::chrono::seconds failure_ttl{};

    bool operator==(const DnsSettings&) const = default;
};

enum class DmarcStandard { rfc7489 };
struct DmarcSettings {
    DmarcStandard standard{};
    std::string public_suffix_list;  ///< a file; empty: Debian's, then libpsl's built-in one
    unsigned max_author_domains = 0;
};

struct SpfSettings {
    std::chrono::seconds deadline{};
};

enum class PartialBody { policy, accept };
struct DkimSettings {
    unsigned max_signatures = 0;
    unsigned min_rsa_bits = 0;
    PartialBody partial_body{};
};

enum class PolicyMode { monitor, enforce };
enum class OnReject { reject, quarantine, tag, accept };
enum class OnQuarantine { hold, tag, reject, accept };
enum class OnTemperror { accept, tempfail };
enum class OnMalformedFrom { reject, quarantine, tag, accept };
enum class OverrideAction { accept, tag, quarantine, reject };
enum class OverrideReason { forwarded, trusted_forwarder, mailing_list, local_policy, other };

/// One [[policy.override]]: every list that is not empty must match (any entry of it); first match wins.
struct PolicyOverride {
    std::vector<DomainName> author_domains;  ///< the name itself and names below it
    std::vector<IpNetwork> networks;
    std::vector<DomainName> dkim_domains;  ///< of a signature that passed
    std::vector<std::string> list_ids;     ///< lower case, as parse_list_id gives them
    OverrideAction action{};
    OverrideReason reason{};
    std::string comment;
};

struct PolicySettings {
    PolicyMode mode{};
    OnReject on_reject{};
    OnQuarantine on_quarantine{};
    OnTemperror on_temperror{};
    OnMalformedFrom on_malformed_from{};
    std::string tag_header;
    std::vector<PolicyOverride> overrides;
};

struct TrustSettings {
    std::vector<IpNetwork> networks;
    bool authenticated = false;
};

struct LimitSettings {
    std::uint64_t header_octets = 0;  ///< of one message's header; beyond it the rest is not kept
    std::uint64_t header_fields = 0;
};

enum class StoredAddresses { domain, full };
struct StoreSettings {
    std::string path;
    unsigned keep_days = 0;
    StoredAddresses addresses{};
    std::uint64_t queue_max = 0;  ///< records waiting for the disk
};

struct ReportSettings {
    bool enabled = false;
    std::string org_name;
    std::string email;
    std::string smtp;
    std::string schema;
};

enum class LogLevel { debug, info, warning, error };
enum class LogTarget { stderr_, journald };
struct LogSettings {
    LogLevel level{};
    LogTarget target{};
};

struct MetricsSettings {
    std::string listen;  ///< "ADDRESS:PORT"; empty: off
};

struct Settings {
    MilterSettings milter;
    DnsSettings dns;
    DmarcSettings dmarc;
    SpfSettings spf;
    DkimSettings dkim;
    PolicySettings policy;
    TrustSettings trust;
    LimitSettings limits;
    StoreSettings store;
    ReportSettings report;
    LogSettings log;
    MetricsSettings metrics;
};

}  // namespace defender::config
