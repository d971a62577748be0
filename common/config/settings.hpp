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
/// What speaks the milter protocol.
enum class MilterFrontend { libmilter, asio };
struct MilterSettings {
    std::string socket;        ///< libmilter's notation: unix:PATH, inet:PORT@HOST, inet6:PORT@HOST
    std::string socket_group;  ///< group of a unix socket; empty: the process's own
    unsigned socket_mode = 0;  ///< of a unix socket
    std::string authserv_id;   ///< never empty after reading
    OnError on_error{};
    std::chrono::seconds message_deadline{};
    std::string status_socket;  ///< unix path that `defenderctl status` reads; empty: none
    unsigned workers = 0;       ///< threads that verify and judge
    MilterFrontend frontend{};
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

enum class DmarcStandard { rfc7489, rfc9989 };
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

/// The Authenticated Received Chain (RFC 8617). Messages are sealed where domain, selector and key are given.
struct ArcSettings {
    unsigned max_sets = 0;  ///< of one message; a chain with more fails
    std::string domain;
    std::string selector;
    std::string key_file;  ///< PEM
};

enum class PolicyMode { monitor, enforce };
/// by_standard: reject with RFC 7489, judge with RFC 9989.
enum class OnReject { reject, quarantine, tag, accept, judge, by_standard };
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
    std::vector<DomainName> arc_sealers;   ///< of the newest seal of a chain that passes
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

/// Indirect mail: what speaks for a mailing list or a forwarder (RFC 9989 section 7.4).
struct IndirectSettings {
    bool enabled = false;        ///< false: no sign counts, and no forwarder is learned
    unsigned least_domains = 0;  ///< unrelated author domains that make a client a forwarder
    unsigned keep_days = 0;      ///< for how long what was seen of a client counts
};

struct TrustSettings {
    std::vector<IpNetwork> networks;
    bool authenticated = false;
    std::vector<DomainName> arc_sealers;  ///< whose sealed results may stand in for our own
};

struct LimitSettings {
    std::uint64_t header_octets = 0;  ///< of one message's header; beyond it the rest is not kept
    std::uint64_t header_fields = 0;
};

enum class StoredAddresses { domain, full };
struct StoreSettings {
    std::string path;
    std::string postgresql;  ///< a libpq connection string, which may hold a password; empty: SQLite alone
    std::uint64_t journal_max = 0;  ///< records that may wait for PostgreSQL in the file at `path`
    unsigned keep_days = 0;
    StoredAddresses addresses{};
    std::uint64_t queue_max = 0;  ///< records waiting for the disk
};

/// The form of aggregate reports: RFC 7489 appendix C, or RFC 9990.
enum class ReportSchema { rfc7489, rfc9990 };
enum class SmtpTls { none, opportunistic, required };

/// One [[report.destination]]: how reports to addresses in a domain differ from the others; first match wins.
struct ReportDestination {
    DomainName domain;  ///< of the rua address: the name itself and names below it
    ReportSchema schema{};
};

struct ReportSettings {
    bool enabled = false;
    std::string org_name;
    std::string email;
    std::string bounce;   ///< MAIL FROM of report mail; empty: `email`
    std::string contact;  ///< extra_contact_info; empty: left out
    std::string smtp;     ///< smtp://HOST[:PORT] or smtps://HOST[:PORT]
    SmtpTls smtp_tls{};   ///< STARTTLS, for smtp://
    std::string smtp_user;
    std::string smtp_password_file;  ///< a file that holds the password alone
    std::string smtp_ca_file;        ///< certificates that are trusted; empty: the system's
    std::chrono::seconds smtp_timeout{};
    ReportSchema schema{};
    std::vector<ReportDestination> destinations;
    std::chrono::seconds delay{};         ///< from the end of the day until the first report is made
    std::chrono::seconds spread{};        ///< over which the reports of one day are made
    unsigned keep_days = 0;               ///< of reports made
    std::uint64_t max_size = 0;           ///< octets of one report file, compressed; larger reports are split
    std::uint64_t min_messages = 0;       ///< fewer in a day: no report
    std::uint64_t max_per_hour = 0;       ///< report mails of one hour
    std::vector<std::string> never_send;  ///< lower case: addresses, or domains and all below them
    std::string dkim_domain;              ///< report mail is signed where this, selector and key are given
    std::string dkim_selector;
    std::string dkim_key_file;   ///< PEM
    std::string metrics_listen;  ///< of the reporter: "ADDRESS:PORT"; empty: off
};

/// Failure reports (RFC 6591, RFC 9991); made only where `report.enabled` is true, too.
struct FailureSettings {
    bool enabled = false;
    bool body = false;    ///< the whole message instead of its header
    bool redact = false;  ///< local parts of addresses (RFC 6590)
    std::uint64_t max_per_domain_hour = 0;
    std::uint64_t max_per_hour = 0;
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
    ArcSettings arc;
    PolicySettings policy;
    IndirectSettings indirect;
    TrustSettings trust;
    LimitSettings limits;
    StoreSettings store;
    ReportSettings report;
    FailureSettings failure;
    LogSettings log;
    MetricsSettings metrics;
};

}  // namespace defender::config
