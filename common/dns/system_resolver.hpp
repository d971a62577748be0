/// The resolver that the programs use: c-ares on its own Asio thread, behind the cache.
///
/// Thread-safety: make and destroy on one thread; the Resolver is callable from any. On destruction every
/// question outstanding is answered with tempfail first.
#pragma once

#include <memory>

#include "common/config/settings.hpp"
#include "common/dns/resolver.hpp"
#include "common/metrics/metrics.hpp"

namespace defender::dns {

/// Throws std::runtime_error where there is no usable server (a failure at start-up).
[[nodiscard]] std::unique_ptr<Resolver> make_system_resolver(const config::DnsSettings& settings,
                                                             metrics::DnsMetrics& metrics);

}  // namespace defender::dns
