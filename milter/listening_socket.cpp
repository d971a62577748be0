#include "milter/listening_socket.hpp"

#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace defender::milter {
namespace {

[[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(what + ": " + std::generic_category().message(errno));
}

gid_t group_id(const std::string& name) {
    std::vector<char> buffer(16384);
    group entry{};
    group* found = nullptr;
    getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (!found) throw std::runtime_error("milter.socket_group: there is no group " + name);
    return found->gr_gid;
}

void set_owner_and_mode(const std::string& path, const config::MilterSettings& settings) {
    if (!settings.socket_group.empty()) {
        if (chown(path.c_str(), static_cast<uid_t>(-1), group_id(settings.socket_group)) != 0) {
            fail("cannot give " + path + " to group " + settings.socket_group +
                 " (milter.socket_group; the process must be in that group)");
        }
    }
    if (chmod(path.c_str(), settings.socket_mode) != 0) fail("cannot set the mode of " + path);
}

bool is_listening_on_tcp(int descriptor) {
    int value = 0;
    socklen_t size = sizeof value;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) != 0 || value == 0) return false;
    size = sizeof value;
    if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &value, &size) != 0) return false;
    return value == AF_INET || value == AF_INET6;
}

void set_no_delay_on_listeners() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const auto name = entry.path().filename().string();
        int descriptor = -1;
        std::from_chars(name.data(), name.data() + name.size(), descriptor);
        if (descriptor < 0 || !is_listening_on_tcp(descriptor)) continue;
        const int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
}

}  // namespace

void prepare_listening_socket(const config::MilterSettings& settings) {
    static const std::string unix_prefix = "unix:";
    if (settings.socket.starts_with(unix_prefix)) {
        set_owner_and_mode(settings.socket.substr(unix_prefix.size()), settings);
    } else {
        set_no_delay_on_listeners();
    }
}

}  // namespace defender::milter
