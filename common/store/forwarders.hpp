/// Forwarders: what was learned of clients from the mail that they hand on, and what the operator said of
/// them.
///
/// Sightings (auth::ForwardingSighting) are written with the records that they were made from: into the file
/// by its RecordStore, into PostgreSQL by the JournalTransfer, so that all hosts share them there. They are a
/// set: each pair of network and domain stands once, with the days on which it was first and last seen, and
/// of one network not many more domains are kept than are ever asked for. Here they are counted and expired.
/// A ruling is the operator's word; it counts until it is taken back. Networks are texts as
/// IpPrefix writes them. Not thread-safe: one thread uses an object; any number of objects and
/// processes may share the database. Failure: an Error; nothing was done then.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/auth/known_forwarders.hpp"
#include "common/base/result.hpp"
#include "common/base/utc_time.hpp"
#include "common/config/settings.hpp"
#include "common/store/sql_connection.hpp"

namespace defender::store {

/// The domains that are kept of one network. Hosts that learn at the same time may go a little beyond.
inline constexpr std::int64_t most_domains_of_a_network = 1000;

struct ForwarderRuling {
    std::string network;
    auth::ForwarderStatus status = auth::ForwarderStatus::confirmed;  ///< or denied
    UtcSeconds at = 0;
    std::string comment;
    bool operator==(const ForwarderRuling&) const = default;
};

/// A network for people to look at.
struct ForwarderListing {
    std::string network;
    auth::ForwarderStatus status = auth::ForwarderStatus::unknown;  ///< as its clients are met with
    std::uint64_t domains = 0;
    std::vector<std::string> some_domains;  ///< the first few, in the order of their names
    std::optional<UtcDay> first_day;        ///< nothing where no mail was seen
    std::optional<UtcDay> last_day;
    std::optional<ForwarderRuling> ruling;  ///< that decides; perhaps of a wider network
};

/// What makes a network a learned one.
struct LearningTerms {
    unsigned least_domains = 0;
    UtcDay since;  ///< sightings of earlier days do not count
};
[[nodiscard]] LearningTerms learning_terms(const config::IndirectSettings& settings, UtcSeconds now);
/// Sightings last made before it are of no use any more.
[[nodiscard]] UtcDay first_day_that_counts(unsigned keep_days, UtcSeconds now);

class Forwarders {
  public:
    /// The schema is at this program's version.
    explicit Forwarders(std::unique_ptr<SqlConnection> connection) : connection_(std::move(connection)) {}

    /// All that are learned, and all rulings; equal contents in one order.
    [[nodiscard]] Result<std::vector<auth::KnownForwarder>> known(const LearningTerms& terms);
    /// In the order of the networks: those that are learned or ruled on; with `all` also those with a
    /// sighting, but of too few domains.
    [[nodiscard]] Result<std::vector<ForwarderListing>> list(const LearningTerms& terms, bool all);

    /// Instead of what was said of the same network before.
    [[nodiscard]] Status rule(const ForwarderRuling& ruling);
    /// Takes back the ruling on this very network and what was learned of it; false where there was neither.
    [[nodiscard]] Result<bool> forget(const std::string& network);
    /// Deletes sightings last made before this day, in bounded transactions; how many there were.
    [[nodiscard]] Result<std::uint64_t> expire(UtcDay before);

  private:
    [[nodiscard]] Result<std::vector<ForwarderRuling>> rulings();

    std::unique_ptr<SqlConnection> connection_;
};

}  // namespace defender::store
