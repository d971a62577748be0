/// RecordMover: the thread that moves records from the journal into PostgreSQL.
///
/// Moves as long as records wait, then sleeps until it is told of more. While PostgreSQL (or the journal)
/// cannot be used it waits, longer each time, and the journal grows; nothing of it slows down mail. Brings
/// PostgreSQL's schema to this program's version when it first connects. Logged: STORE_POSTGRESQL_OPENED,
/// STORE_POSTGRESQL_AWAY when it goes and STORE_POSTGRESQL_BACK when it is back, once each,
/// STORE_RECORD_SET_ASIDE. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "common/config/settings.hpp"
#include "common/metrics/metrics.hpp"

namespace defender::store {

class RecordMover {
  public:
    struct Waits {
        std::chrono::milliseconds first{1000};
        std::chrono::milliseconds longest{30000};
        /// How long the last try at the end may take, beyond the time that libpq needs to find that a server
        /// does not answer.
        std::chrono::milliseconds end{2000};
        /// How long one batch may take until a server that takes questions and says nothing counts as away.
        std::chrono::milliseconds answer{30000};
    };

    /// With the settings' path and postgresql. `metrics` must outlive it.
    RecordMover(const config::StoreSettings& settings, metrics::StoreMetrics& metrics);
    RecordMover(const config::StoreSettings& settings, metrics::StoreMetrics& metrics, Waits waits);
    /// Tries once more to move what waits, then ends; the rest stays in the journal.
    ~RecordMover();
    RecordMover(const RecordMover&) = delete;
    RecordMover& operator=(const RecordMover&) = delete;

    /// Records have been appended to the journal.
    void appended(std::uint64_t records);

    struct Counts {
        std::uint64_t waiting = 0;    ///< in the journal, now
        std::uint64_t moved = 0;      ///< since the start
        std::uint64_t set_aside = 0;  ///< in the journal, now
        bool away = false;            ///< PostgreSQL could not be used, the last time
        std::string last_error;       ///< empty where none has happened
    };
    [[nodiscard]] Counts counts() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace defender::store
