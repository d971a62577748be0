#include "milter/asio_connection.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>
#include <vector>

#include "milter/event_failure.hpp"

namespace defender::milter {
namespace {

namespace asio = boost::asio;

// Four of the pieces that MTAs send a body in, and more than a unix socket holds.
constexpr std::size_t read_octets = 256UL << 10U;
// Where so much has come, more has come meanwhile: to look is less than to wait for word of it.
constexpr std::size_t body_octets = 16UL << 10U;
// What one connection may have before others have their turn.
constexpr int reads_at_once = 8;
// Room that is kept while a message comes: for the pieces of a body, not for a header field out of the
// common.
constexpr std::size_t kept_octets = 128UL << 10U;

/// One for each thread, so that connections need none of their own.
std::vector<char>& read_buffer() {
    thread_local std::vector<char> buffer(read_octets);
    return buffer;
}

bool means_later(const boost::system::error_code& failure) {
    return failure == asio::error::would_block || failure == asio::error::try_again ||
           failure == asio::error::interrupted;
}

}  // namespace

AsioConnection::AsioConnection(Socket socket, Gateway& gateway, ConnectionTimes times,
                               std::shared_ptr<OutsideCalls> replies, OnClosed on_closed)
    : socket_(std::move(socket)),
      work_(socket_.get_executor().get_inner_executor()),
      gateway_(gateway),
      times_(times),
      replies_(std::move(replies)),
      on_closed_(std::move(on_closed)) {}

/// Runs a step on the strand, if the socket is still open then.
template <typename Step>
void AsioConnection::post(Step step) {
    asio::post(socket_.get_executor(), [self = shared_from_this(), step] { self->guarded(step); });
}

/// Whatever goes wrong, such as a lack of memory, ends this connection and no other.
template <typename Step>
void AsioConnection::guarded(Step step) noexcept {
    try {
        if (socket_.is_open()) step(*this);
    } catch (const std::exception& problem) {
        note_event_failure(gateway_, nullptr, "", problem.what());
        close();
    } catch (...) {
        note_event_failure(gateway_, nullptr, "", "an unknown exception");
        close();
    }
}

void AsioConnection::start() {
    guarded([weak = weak_from_this()](AsioConnection& self) {
        self.socket_.non_blocking(true);
        self.milter_.emplace(
            self.gateway_,
            [weak, replies = self.replies_](std::uint64_t message, Reply reply) {
                const auto entered = replies->enter();
                if (!entered) return;
                if (const auto there = weak.lock()) there->reply_made(message, std::move(reply));
            },
            // What fails fails again at the next try, which sees to it.
            [&self] { static_cast<void>(self.send_some()); });
        self.go_on();  // the last thing here: from then on its strand may have it
    });
}

bool AsioConnection::is_due(Clock::time_point now) const noexcept {
    return now.time_since_epoch().count() >= due_.load(std::memory_order_relaxed);
}

void AsioConnection::due_in(std::chrono::milliseconds time) noexcept {
    due_.store((Clock::now() + time).time_since_epoch().count(), std::memory_order_relaxed);
}

void AsioConnection::look() {
    post([](AsioConnection& self) {
        self.take_reply();  // one that could not be posted
        if (!self.socket_.is_open() || !self.is_due(Clock::now())) return;
        if (self.awaits_room_ || self.milter_->state() != State::waiting) return self.close();
        self.milter_->give_progress();
        self.go_on();
    });
}

void AsioConnection::drain() {
    post([](AsioConnection& self) {
        self.draining_ = true;
        if (self.milter_->state() == State::reading) self.go_on();
    });
}

void AsioConnection::give_up() {
    post([](AsioConnection& self) {
        if (self.milter_->state() != State::waiting) self.close();
    });
}

/// The one place that decides what is waited for.
void AsioConnection::go_on() {
    if (!send()) return;
    switch (milter_->state()) {
        case State::closed:
            return close();
        case State::waiting:
            return due_in(times_.progress);
        case State::reading:
            if (draining_ && !milter_->has_message()) return close();
            due_in(times_.idle);
            return await_octets();
    }
}

void AsioConnection::await_octets() {
    if (std::exchange(awaits_octets_, true)) return;
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const Failure& failure) {
        self->awaits_octets_ = false;
        self->guarded([&](AsioConnection&) { failure ? self->close() : self->read(); });
    });
}

void AsioConnection::read() {
    Failure failure;
    for (int reads = 0; reads < reads_at_once; ++reads) {
        const auto octets = read_once(failure);
        const bool goes_on = milter_->state() == State::reading && milter_->output().empty();
        if (failure || octets < body_octets || !goes_on) break;
    }
    if (failure && !means_later(failure)) return close();
    go_on();
}

/// How many octets came, and were taken. Those of a packet that has begun come to where its begin is.
std::size_t AsioConnection::read_once(Failure& failure) {
    auto& buffer = read_buffer();
    const auto of_packet = untaken_.empty() ? 0 : first_packet_octets(untaken_.view()) - untaken_.size();
    const auto room = untaken_.room(of_packet);
    const std::array<asio::mutable_buffer, 2> buffers{asio::buffer(room.data(), room.size()),
                                                      asio::buffer(buffer)};
    const auto octets = socket_.receive(buffers, 0, failure);
    const auto in_room = std::min(octets, room.size());
    untaken_.grow(in_room);
    take({buffer.data(), octets - in_room});
    return octets;
}

void AsioConnection::take(std::string_view octets) {
    octets = complete_packet(octets);
    untaken_.drop_front(milter_->take(untaken_.view()));
    if (untaken_.empty()) octets.remove_prefix(milter_->take(octets));
    untaken_.append(octets);
    const bool keep_room = milter_->has_message() && untaken_.capacity() <= kept_octets;
    if (untaken_.empty() && !keep_room) untaken_.release();
}

/// Puts what belongs to the packet that has begun behind its begin; what is left of the octets.
std::string_view AsioConnection::complete_packet(std::string_view octets) {
    while (!untaken_.empty() && !octets.empty()) {
        const auto whole = first_packet_octets(untaken_.view());
        if (whole <= untaken_.size()) break;
        const auto part = octets.substr(0, whole - untaken_.size());
        untaken_.append(part);
        octets.remove_prefix(part.size());
    }
    return octets;
}

void AsioConnection::reply_made(std::uint64_t message, Reply reply) noexcept {
    {
        const std::lock_guard lock(mutex_);
        if (!made_ || made_->message < message) made_ = Made{message, std::move(reply)};
    }
    try {
        post([](AsioConnection& self) { self.take_reply(); });
    } catch (...) {
        due_.store(0, std::memory_order_relaxed);  // no memory: look() will find it
    }
}

void AsioConnection::take_reply() {
    std::optional<Made> made;
    {
        const std::lock_guard lock(mutex_);
        made.swap(made_);
    }
    if (!made) return;
    milter_->give_reply(made->message, made->reply);
    take({});  // what has come behind the message
    go_on();
}

/// False where not all could be sent: more will be when there is room.
bool AsioConnection::send() {
    if (awaits_room_) return false;
    const auto failure = send_some();
    if (failure) means_later(failure) ? await_room() : close();
    return !failure;
}

/// What kept it from sending all of the output.
AsioConnection::Failure AsioConnection::send_some() {
    auto& output = milter_->output();
    Failure failure;
    while (!output.empty() && !failure) output.erase(0, socket_.send(asio::buffer(output), 0, failure));
    return failure;
}

void AsioConnection::await_room() {
    awaits_room_ = true;
    due_in(times_.idle);
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const Failure& failure) {
        self->awaits_room_ = false;
        self->guarded([&](AsioConnection&) { failure ? self->close() : self->go_on(); });
    });
}

void AsioConnection::close() noexcept {
    if (!socket_.is_open()) return;
    Failure ignored;
    socket_.close(ignored);
    if (milter_) milter_->close();
    work_.reset();
    on_closed_(shared_from_this());
}

}  // namespace defender::milter
