#include "milter/status_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/base/utc_clock.hpp"
#include "common/log/recent_problems.hpp"
#include "milter/listening_socket.hpp"

namespace defender::milter {
namespace {

namespace asio = boost::asio;
using Local = asio::local::stream_protocol;
using Json = nlohmann::json;

constexpr mode_t socket_mode = 0660;

Json problems() {
    auto list = Json::array();
    for (const auto& problem : log::recent_problems()) {
        list.push_back({{"time", to_rfc3339(problem.time)}, {"id", problem.id}, {"text", problem.line}});
    }
    return list;
}

/// Prometheus counts in doubles.
std::uint64_t count(double value) {
    return static_cast<std::uint64_t>(value);
}

Json store_status(const store::RecordWriter::Counts& counts, const store::RecordMover* mover) {
    Json status{{"queued", counts.queued},   {"written", counts.written}, {"lost", counts.lost},
                {"commits", counts.commits}, {"failing", counts.failing}, {"last_error", counts.last_error}};
    if (!mover) return status;
    const auto moving = mover->counts();
    status["waiting"] = moving.waiting;
    status["moved"] = moving.moved;
    status["set_aside"] = moving.set_aside;
    status["postgresql"] = moving.away ? "away" : "connected";
    status["postgresql_last_error"] = moving.last_error;
    return status;
}

Json dns_status(metrics::DnsMetrics& dns) {
    return {{"queries", count(dns.queries.Value())},
            {"hits", count(dns.hits.Value())},
            {"joins", count(dns.joins.Value())},
            {"failures", count(dns.failures.Value())},
            {"cache_records", count(dns.cache_records.Value())}};
}

std::string snapshot(Gateway& gateway, const store::RecordMover* mover, UtcSeconds started_at) {
    const auto configuration = gateway.configuration();
    const auto& settings = *configuration->settings;
    const Json status{{"version", DEFENDER_VERSION},
                      {"pid", getpid()},
                      {"started_at", to_rfc3339(started_at)},
                      {"socket", settings.milter.socket},
                      {"mode", settings.policy.mode == config::PolicyMode::enforce ? "enforce" : "monitor"},
                      {"in_flight", gateway.in_flight()},
                      {"connections", gateway.connections()},
                      {"errors", count(gateway.metrics().milter().errors.Value())},
                      {"store", store_status(gateway.writer().counts(), mover)},
                      {"dns", dns_status(gateway.metrics().dns())},
                      {"last_errors", problems()}};
    return status.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

class StatusServer::Impl {
  public:
    Impl(Gateway& gateway, const std::string& path, const store::RecordMover* mover)
        : gateway_(gateway),
          mover_(mover),
          path_(path),
          acceptor_(context_, Local::endpoint(claimed(path)), false) {
        chmod(path.c_str(), socket_mode);
        accept();
        thread_ = std::thread([this] { context_.run(); });
    }

    ~Impl() {
        context_.stop();
        thread_.join();
        unlink(path_.c_str());
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

  private:
    /// The path, once no dead socket file is in the way.
    static const std::string& claimed(const std::string& path) {
        claim_socket_path(path);
        return path;
    }

    void accept() {
        acceptor_.async_accept([this](boost::system::error_code failed, Local::socket client) {
            if (!failed) answer(std::move(client));
            accept();
        });
    }

    void answer(Local::socket client) {
        auto socket = std::make_shared<Local::socket>(std::move(client));
        auto text = std::make_shared<const std::string>(snapshot(gateway_, mover_, started_at_));
        // The text fits the socket's buffer; a client that does not read costs nothing but its descriptor.
        asio::async_write(*socket, asio::buffer(*text),
                          [socket, text](boost::system::error_code, std::size_t) {});
    }

    Gateway& gateway_;
    const store::RecordMover* mover_;
    const std::string path_;
    const UtcSeconds started_at_ = utc_now();
    asio::io_context context_;
    Local::acceptor acceptor_;
    std::thread thread_;
};

StatusServer::StatusServer(Gateway& gateway, const std::string& path, const store::RecordMover* mover)
    : impl_(std::make_unique<Impl>(gateway, path, mover)) {}

StatusServer::~StatusServer() = default;

}  // namespace defender::milter
