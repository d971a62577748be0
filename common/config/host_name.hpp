/// The name of this host, as milter.authserv_id's default.
///
/// Asks the kernel only, never DNS. Thread-safe.
#pragma once

#include <string>

namespace defender::config {

/// "localhost" where the host has no name, or one that an authserv-id cannot be.
[[nodiscard]] std::string host_name();

}  // namespace defender::config
