// Reading the settings' file: the one place where the reader touches the file system.
#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

#include "common/config/settings_reader.hpp"

namespace defender::config {
namespace {

SettingsReading unreadable(const std::string& path, int error) {
    const std::string why = error == 0 ? "it cannot be opened" : std::generic_category().message(error);
    return {nullptr,
            {{path, 0, 0, "cannot be read: " + why, "give the path of a readable file of settings with -c"}}};
}

}  // namespace

SettingsReading read_settings_file(const std::string& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) return unreadable(path, errno);
    // One octet more than is taken, so that the reader sees that there is too much.
    std::string toml(max_settings_octets + 1, '\0');
    file.read(toml.data(), static_cast<std::streamsize>(toml.size()));
    if (file.bad()) return unreadable(path, errno);
    toml.resize(static_cast<std::size_t>(file.gcount()));
    return read_settings(toml, path);
}

}  // namespace defender::config
