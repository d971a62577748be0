#include "milter/listening_socket.hpp"

#include <grp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "common/config/setting_values.hpp"

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

void set_no_delay(int descriptor) {
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void set_no_delay_on_listeners() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        const auto name = entry.path().filename().string();
        int descriptor = -1;
        std::from_chars(name.data(), name.data() + name.size(), descriptor);
        if (descriptor < 0 || !is_listening_on_tcp(descriptor)) continue;
        set_no_delay(descriptor);
    }
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // The settings let no path through that does not fit.
    std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
    return address;
}

template <typename Address>
const sockaddr* generic(const Address& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

/// True where somebody answers at `path`.
bool is_served(const std::string& path) {
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) fail("cannot open a socket");
    const auto address = address_of(path);
    const bool answers = connect(probe, generic(address), sizeof address) == 0;
    ::close(probe);
    return answers;
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

/// Of PORT@HOST.
Addresses look_up(const std::string& place, int family) {
    const auto at = place.find('@');
    addrinfo wanted{};
    wanted.ai_family = family;
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failure =
        getaddrinfo(place.substr(at + 1).c_str(), place.substr(0, at).c_str(), &wanted, &found);
    if (failure != 0) throw std::runtime_error("milter.socket: " + place + ": " + gai_strerror(failure));
    return {found, &freeaddrinfo};
}

}  // namespace

void prepare_listening_socket(const config::MilterSettings& settings) {
    const std::string path(config::unix_path(settings.socket));
    if (path.empty()) return set_no_delay_on_listeners();
    set_owner_and_mode(path, settings);
}

void claim_socket_path(const std::string& path) {
    struct stat file {};
    if (lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return;
    if (is_served(path)) throw std::runtime_error("another process serves " + path);
    unlink(path.c_str());
}

ListeningSocket::ListeningSocket(const config::MilterSettings& settings) {
    try {
        if (config::unix_path(settings.socket).empty()) {
            listen_on_port(settings.socket);
        } else {
            listen_on_path(settings);
        }
    } catch (...) {
        if (descriptor_ >= 0) ::close(descriptor_);
        throw;
    }
}

ListeningSocket::~ListeningSocket() {
    ::close(descriptor_);
    struct stat file {};
    const bool ours =
        !path_.empty() && lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
    if (ours) unlink(path_.c_str());
}

void ListeningSocket::open(int family) {
    family_ = family;
    descriptor_ = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) fail("cannot open a socket");
}

void ListeningSocket::listen_on_path(const config::MilterSettings& settings) {
    const std::string path(config::unix_path(settings.socket));
    claim_socket_path(path);
    open(AF_UNIX);
    const auto address = address_of(path);
    if (bind(descriptor_, generic(address), sizeof address) != 0) fail("cannot listen on " + settings.socket);
    set_owner_and_mode(path, settings);  // before anybody can connect
    if (listen(descriptor_, listening_backlog) != 0) fail("cannot listen on " + settings.socket);
    struct stat file {};
    if (lstat(path.c_str(), &file) != 0) fail("cannot look at " + path);
    path_ = path;
    device_ = file.st_dev;
    inode_ = file.st_ino;
}

void ListeningSocket::listen_on_port(const std::string& socket) {
    const bool is_v6 = socket.starts_with("inet6:");
    const auto addresses = look_up(socket.substr(socket.find(':') + 1), is_v6 ? AF_INET6 : AF_INET);
    open(addresses->ai_family);
    const int on = 1;
    setsockopt(descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    set_no_delay(descriptor_);
    if (bind(descriptor_, addresses->ai_addr, addresses->ai_addrlen) != 0 ||
        listen(descriptor_, listening_backlog) != 0) {
        fail("cannot listen on " + socket);
    }
}

}  // namespace defender::milter
