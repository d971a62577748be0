#include "common/dns/ares_channel.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

#include "common/dns/dns_message.hpp"

namespace defender::dns {
namespace {

constexpr std::size_t header_octets = 12;
constexpr int socket_buffer_octets = 1 << 20;

/// c-ares wants its library state set up before any channel, once in a program, and before threads use it.
void start_library() {
    static const int status = ares_library_init(ARES_LIB_INIT_ALL);
    if (status != ARES_SUCCESS) throw std::runtime_error(std::string("c-ares: ") + ares_strerror(status));
}

void check(int status) {
    if (status != ARES_SUCCESS) throw std::runtime_error(std::string("c-ares: ") + ares_strerror(status));
}

ares_addr_port_node node_of(const ServerAddress& server) {
    ares_addr_port_node node{};
    node.udp_port = server.port;
    node.tcp_port = server.port;
    const auto octets = server.address.octets();
    node.family = server.address.is_v4() ? AF_INET : AF_INET6;
    std::memcpy(&node.addr, octets.data(), octets.size());
    return node;
}

/// c-ares repeats queries without EDNS after these.
bool ends_edns(std::span<const std::uint8_t> packet) {
    if (packet.size() < header_octets) return false;
    const unsigned rcode = packet[3] & 0x0fU;
    return rcode == 1 || rcode == 2 || rcode == 4;
}

int milliseconds_for_ares(std::chrono::milliseconds time) {
    return static_cast<int>(std::clamp<std::int64_t>(time.count(), 1, std::numeric_limits<int>::max() / 2));
}

}  // namespace

AresChannel::AresChannel(boost::asio::io_context& context, const ServerAddress& server,
                         const ChannelOptions& options)
    : context_(context), timer_(context), channel_(nullptr, &ares_destroy) {
    start_library();
    std::string lookups = "b";
    ares_options settings{};
    // Everything that has a default in files or in the host's name is given, so that no file is read.
    settings.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_NOCHECKRESP;
    if (options.edns) settings.flags |= ARES_FLAG_EDNS;
    if (options.tcp_only) settings.flags |= ARES_FLAG_USEVC;
    settings.timeout = milliseconds_for_ares(options.give_up);
    settings.tries = 1;
    settings.ndots = 1;
    settings.ednspsz = edns_udp_octets;
    settings.lookups = lookups.data();
    settings.socket_receive_buffer_size = socket_buffer_octets;
    settings.sock_state_cb = &AresChannel::on_socket_state;
    settings.sock_state_cb_data = this;
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
                     ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_RCVBUF | ARES_OPT_SOCK_STATE_CB |
                     ARES_OPT_DOMAINS | ARES_OPT_SORTLIST | ARES_OPT_SERVERS;
    ares_channel made = nullptr;
    check(ares_init_options(&made, &settings, mask));
    channel_.reset(made);
    ares_addr_port_node node = node_of(server);
    check(ares_set_servers_ports(channel_.get(), &node));
}

AresChannel::~AresChannel() {
    closing_ = true;
    channel_.reset();
    // c-ares has closed the descriptors; Asio must not do it again.
    for (auto& [fd, socket] : sockets_) socket->descriptor.release();
}

void AresChannel::send(std::uint16_t id, std::span<const std::uint8_t> packet, Done done) {
    Attempt& attempt = attempts_[id];
    attempt = {this, id, std::move(done)};
    ++sent_;
    // The node of an unordered_map stays where it is until it is erased.
    ares_send(channel_.get(), packet.data(), static_cast<int>(packet.size()), &AresChannel::on_reply,
              &attempt);
    arm_timer();
}

void AresChannel::forget(std::uint16_t id) {
    // c-ares cannot take back one query; it is left to run out.
    if (const auto attempt = attempts_.find(id); attempt != attempts_.end()) attempt->second.done = nullptr;
}

void AresChannel::on_reply(void* attempt, int status, int /*timeouts*/, unsigned char* packet, int length) {
    const auto* of = static_cast<Attempt*>(attempt);
    const std::size_t octets = packet == nullptr || length < 0 ? 0 : static_cast<std::size_t>(length);
    of->channel->finished(of->id, status, {packet, octets});
}

void AresChannel::finished(std::uint16_t id, int status, std::span<const std::uint8_t> packet) {
    if (closing_) return;
    const auto node = attempts_.extract(id);
    if (node.empty()) return;
    if (status == ARES_SUCCESS && ends_edns(packet)) degraded_ = true;
    if (!node.mapped().done) return;
    Reply reply;
    if (status == ARES_SUCCESS) {
        reply.transfer = Transfer::packet;
        reply.packet.assign(packet.begin(), packet.end());
    } else {
        reply.transfer = status == ARES_ETIMEOUT ? Transfer::silence : Transfer::unreachable;
    }
    boost::asio::post(context_, [done = std::move(node.mapped().done), reply = std::move(reply)]() mutable {
        done(std::move(reply));
    });
}

void AresChannel::on_socket_state(void* channel, ares_socket_t fd, int readable, int writable) {
    static_cast<AresChannel*>(channel)->socket_state(fd, readable != 0, writable != 0);
}

void AresChannel::socket_state(int fd, bool readable, bool writable) {
    const auto known = sockets_.find(fd);
    if (!readable && !writable) {
        if (known == sockets_.end()) return;
        // c-ares closes the descriptor itself, as soon as this returns.
        known->second->descriptor.release();
        sockets_.erase(known);
        return;
    }
    if (closing_) return;
    const auto socket = known != sockets_.end()
                            ? known->second
                            : sockets_.emplace(fd, std::make_shared<Socket>(context_, fd)).first->second;
    socket->wants_read = readable;
    socket->wants_write = writable;
    wait(fd, socket);
}

void AresChannel::wait(int fd, const std::shared_ptr<Socket>& socket) {
    if (socket->wants_read && !socket->reading) wait_readable(fd, socket);
    if (socket->wants_write && !socket->writing) wait_writable(fd, socket);
}

void AresChannel::wait_readable(int fd, const std::shared_ptr<Socket>& socket) {
    socket->reading = true;
    socket->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                                  [weak = weak_from_this(), fd, socket](boost::system::error_code error) {
                                      socket->reading = false;
                                      const auto self = weak.lock();
                                      if (error || !self) return;
                                      self->process(fd, socket, fd, ARES_SOCKET_BAD);
                                  });
}

void AresChannel::wait_writable(int fd, const std::shared_ptr<Socket>& socket) {
    socket->writing = true;
    socket->descriptor.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                                  [weak = weak_from_this(), fd, socket](boost::system::error_code error) {
                                      socket->writing = false;
                                      const auto self = weak.lock();
                                      if (error || !self) return;
                                      self->process(fd, socket, ARES_SOCKET_BAD, fd);
                                  });
}

void AresChannel::process(int fd, const std::shared_ptr<Socket>& socket, ares_socket_t read,
                          ares_socket_t write) {
    const auto still_open = [&] {
        const auto known = sockets_.find(fd);
        return known != sockets_.end() && known->second == socket;
    };
    // A wait that ended just before c-ares closed the socket may tell of a descriptor that is another one by
    // now.
    if (!still_open()) return;
    ares_process_fd(channel_.get(), read, write);
    if (still_open()) wait(fd, socket);
    arm_timer();
}

void AresChannel::arm_timer() {
    timeval left{};
    if (ares_timeout(channel_.get(), nullptr, &left) == nullptr) return;
    const auto when = std::chrono::steady_clock::now() + std::chrono::seconds(left.tv_sec) +
                      std::chrono::microseconds(left.tv_usec) + std::chrono::milliseconds(1);
    if (timer_armed_ && timer_.expiry() <= when) return;
    timer_armed_ = true;
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self) return;
        self->timer_armed_ = false;
        ares_process_fd(self->channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        self->arm_timer();
    });
}

std::vector<ServerAddress> system_servers() {
    start_library();
    ares_channel made = nullptr;
    check(ares_init(&made));
    const std::unique_ptr<ares_channeldata, void (*)(ares_channeldata*)> channel(made, &ares_destroy);
    ares_addr_port_node* nodes = nullptr;
    check(ares_get_servers_ports(channel.get(), &nodes));
    const std::unique_ptr<void, void (*)(void*)> list(nodes, &ares_free_data);
    std::vector<ServerAddress> servers;
    for (const auto* node = nodes; node != nullptr; node = node->next) {
        std::array<std::uint8_t, 16> octets{};
        const std::size_t size = node->family == AF_INET ? 4 : 16;
        std::memcpy(octets.data(), &node->addr, size);
        const auto address = IpAddress::from_octets(std::span(octets).first(size));
        const auto port = static_cast<std::uint16_t>(node->udp_port == 0 ? 53 : node->udp_port);
        if (address) servers.push_back({*address, port});
    }
    return servers;
}

}  // namespace defender::dns
