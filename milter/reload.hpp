/// Reload: new settings for the messages that follow, or none at all.
///
/// The file is read and everything made from it anew; only where all of that succeeds does the gateway's
/// configuration change. What only a restart can change is named in the log. Call from one thread.
#pragma once

#include <memory>
#include <string>

#include "common/config/settings.hpp"
#include "common/metrics/metrics.hpp"
#include "milter/gateway.hpp"

namespace defender::milter {

/// The new settings; null where the old ones stay. Every error is logged.
std::shared_ptr<const config::Settings> reload(Gateway& gateway, metrics::Metrics& metrics,
                                               const std::string& settings_file);

}  // namespace defender::milter
