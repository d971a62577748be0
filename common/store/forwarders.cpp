#include "common/store/forwarders.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/ip_prefix.hpp"
#include "common/store/enum_names.hpp"
#include "common/store/record_row.hpp"

namespace defender::store {
namespace {

constexpr std::size_t shown_domains = 5;
/// How many sightings one transaction of expire() deletes.
constexpr std::int64_t expire_batch = 1000;

ForwarderRuling ruling_of(const SqlRow& row) {
    const auto status = from_name<auth::ForwarderStatus>(row.text(1));
    return {row.text(0), status.value_or(auth::ForwarderStatus::unknown), row.number(2), row.text(3)};
}

using Listings = std::map<IpPrefix, ForwarderListing>;

/// Adds one sighting, as a row of network, domain, first and last day.
void add(Listings& listings, const SqlRow& row) {
    const auto network = IpPrefix::parse(row.text(0));
    if (!network) return;
    auto& listing = listings[*network];
    listing.network = row.text(0);
    ++listing.domains;
    if (listing.some_domains.size() < shown_domains) listing.some_domains.push_back(row.text(1));
    const UtcDay first{row.number(2)};
    const UtcDay last{row.number(3)};
    listing.first_day = std::min(listing.first_day.value_or(first), first);
    listing.last_day = std::max(listing.last_day.value_or(last), last);
}

using Rulings = std::map<IpPrefix, ForwarderRuling>;

/// The most specific one on the network or one around it, as its clients meet with it.
std::optional<ForwarderRuling> deciding(const Rulings& rulings, const IpPrefix& network) {
    for (auto length = network.length() + 1; length-- > 0;) {
        const auto found = rulings.find(IpPrefix::around(network.base(), length));
        if (found != rulings.end()) return found->second;
    }
    return std::nullopt;
}

auth::ForwarderStatus status_of(const ForwarderListing& listing, unsigned least_domains) {
    if (listing.ruling) return listing.ruling->status;
    return listing.domains >= least_domains ? auth::ForwarderStatus::learned : auth::ForwarderStatus::unknown;
}

}  // namespace

UtcDay first_day_that_counts(unsigned keep_days, UtcSeconds now) {
    return {UtcDay::of(now).number - std::int64_t{keep_days}};
}

LearningTerms learning_terms(const config::IndirectSettings& settings, UtcSeconds now) {
    return {settings.least_domains, first_day_that_counts(settings.keep_days, now)};
}

Result<std::vector<auth::KnownForwarder>> Forwarders::known(const LearningTerms& terms) {
    std::vector<auth::KnownForwarder> known;
    const auto learned = connection_->run(
        "SELECT network, count(*) FROM forwarding_sighting WHERE last_day >= $1 GROUP BY network"
        " HAVING count(*) >= $2 ORDER BY network",
        {terms.since.number, std::int64_t{terms.least_domains}}, [&](const SqlRow& row) {
            known.push_back(
                {row.text(0), auth::ForwarderStatus::learned, static_cast<unsigned>(row.number(1))});
        });
    if (!learned) return learned.error();
    const auto said = rulings();
    if (!said) return said.error();
    for (const auto& ruling : *said) known.push_back({ruling.network, ruling.status, 0});
    return known;
}

Result<std::vector<ForwarderListing>> Forwarders::list(const LearningTerms& terms, bool all) {
    Listings listings;
    const auto seen = connection_->run(
        "SELECT network, domain, first_day, last_day FROM forwarding_sighting WHERE last_day >= $1"
        " ORDER BY network, domain",
        {terms.since.number}, [&](const SqlRow& row) { add(listings, row); });
    if (!seen) return seen.error();
    const auto said = rulings();
    if (!said) return said.error();
    Rulings by_network;
    for (const auto& ruling : *said) {
        const auto network = IpPrefix::parse(ruling.network);
        if (!network) continue;
        by_network.emplace(*network, ruling);
        listings[*network].network = ruling.network;
    }
    std::vector<ForwarderListing> listed;
    for (auto& [network, listing] : listings) {
        listing.ruling = deciding(by_network, network);
        listing.status = status_of(listing, terms.least_domains);
        if (all || listing.status != auth::ForwarderStatus::unknown) listed.push_back(std::move(listing));
    }
    return listed;
}

Result<std::vector<ForwarderRuling>> Forwarders::rulings() {
    std::vector<ForwarderRuling> all;
    const auto done =
        connection_->run("SELECT network, status, said_at, comment FROM forwarder_ruling ORDER BY network",
                         {}, [&](const SqlRow& row) { all.push_back(ruling_of(row)); });
    if (!done) return done.error();
    return all;
}

Status Forwarders::rule(const ForwarderRuling& ruling) {
    const auto done = connection_->run(
        "INSERT INTO forwarder_ruling (network, status, said_at, comment) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (network) DO UPDATE SET status = excluded.status, said_at = excluded.said_at,"
        " comment = excluded.comment",
        {ruling.network, std::string(to_string(ruling.status)), ruling.at, column_text(ruling.comment)});
    if (!done) return done.error();
    return Done{};
}

Result<bool> Forwarders::forget(const std::string& network) {
    auto transaction = SqlTransaction::begin(*connection_);
    if (!transaction) return transaction.error();
    const auto said = connection_->run("DELETE FROM forwarder_ruling WHERE network = $1", {network});
    if (!said) return said.error();
    const auto learned = connection_->run("DELETE FROM forwarding_sighting WHERE network = $1", {network});
    if (!learned) return learned.error();
    if (auto done = transaction.value()->commit(); !done) return done.error();
    return *said + *learned > 0;
}

Result<std::uint64_t> Forwarders::expire(UtcDay before) {
    std::uint64_t expired = 0;
    for (;;) {
        const auto some = connection_->run(
            "DELETE FROM forwarding_sighting WHERE (network, domain) IN"
            " (SELECT network, domain FROM forwarding_sighting WHERE last_day < $1 LIMIT $2)",
            {before.number, expire_batch});
        if (!some) return some.error();
        expired += *some;
        if (*some < static_cast<std::uint64_t>(expire_batch)) return expired;
    }
}

}  // namespace defender::store
