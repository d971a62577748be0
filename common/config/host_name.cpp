#include "common/config/host_name.hpp"

#include <unistd.h>

#include <array>
#include <climits>

#include "common/config/setting_values.hpp"

namespace defender::config {

std::string host_name() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
    const std::string text(name.data());
    return is_token(text) ? text : "localhost";
}

}  // namespace defender::config
