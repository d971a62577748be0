/// AresResolver: asks DNS servers, without a cache: tries, deadlines, CNAMEs from packet to packet.
///
/// Servers are asked in their order; one that was silent a short while ago comes last, one that answers with
/// an error (SERVFAIL, REFUSED, a malformed packet) is not asked the same again, and the next one is. An
/// earlier try goes on being listened to while a later one runs. Names go out with the case of letters mixed
/// by chance; a UDP response that does not give it back is not believed but asked for again over TCP, unless
/// the server is known to lose the case (RFC 5452, draft-vixie-dnsext-dns0x20). At most 8 CNAMEs are
/// followed. Failures are tempfail, with "timeout", "unreachable", "SERVFAIL", "CNAME loop", … as the reason.
///
/// Thread-safety: ask() from any thread; handlers run on the EventThread, except that a question that
/// cannot be asked (and every question after the end began) is answered inside ask(). Make and destroy on one
/// thread that is not the event thread; the destructor answers what is outstanding with tempfail.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "common/dns/event_thread.hpp"
#include "common/dns/resolver.hpp"

namespace defender::dns {

struct AresOptions {
    std::vector<std::string> servers;  ///< as in ServerAddress; empty: those of /etc/resolv.conf
    std::chrono::milliseconds try_timeout{2000};
    unsigned tries = 2;  ///< for each server
    std::chrono::milliseconds total_timeout{10000};
    std::size_t max_in_flight = 1024;  ///< questions asked at the same time; more wait
    std::size_t max_waiting = 65536;   ///< questions that may wait; more are tempfail "overloaded"
    unsigned channels_per_server = 4;
    unsigned queries_per_channel = 200;
    std::chrono::milliseconds hold_back{30000};  ///< how long a silent server is asked last
    std::chrono::milliseconds memory{3600 *
                                     1000};  ///< how long a server's lack of EDNS or of case is remembered
};

class AresResolver final : public Resolver {
  public:
    /// Throws std::runtime_error where there is no usable server.
    AresResolver(EventThread& thread, const AresOptions& options);
    ~AresResolver() override;
    AresResolver(const AresResolver&) = delete;
    AresResolver& operator=(const AresResolver&) = delete;

    void ask(Question question, Deadline deadline, Handler handler) override;

  private:
    class Engine;
    EventThread& thread_;
    std::shared_ptr<Engine> engine_;
};

}  // namespace defender::dns
