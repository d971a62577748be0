/// SmtpSink: a mail server on loopback whose every answer the test scripts, on threads of its own.
///
/// What is not scripted is answered as by a server that takes all mail. Rules are tried in the order they
/// were given; a rule matches what the client says by its beginning, without case. Besides the client's
/// lines, "CONNECT" stands for a new connection and "." for the end of a mail. TLS where a certificate is
/// given. Thread-safe.
#pragma once

#include <algorithm>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/text.hpp"
#include "tests/support/tls_certificate.hpp"

namespace defender::test {

struct SinkMail {
    std::string from;       ///< behind "MAIL FROM:"
    std::string recipient;  ///< behind "RCPT TO:", the last one
    std::string message;    ///< dot-stuffing undone
    std::string login;      ///< base64 of AUTH PLAIN; empty without a login
    bool tls = false;
    unsigned connection = 0;  ///< counted from 1
};

class SmtpSink {
  public:
    // Instead of a reply.
    static constexpr std::string_view hang = "hang";
    static constexpr std::string_view hang_up = "hang up";

    explicit SmtpSink(std::vector<std::string> features = {}, const TlsCertificate* certificate = nullptr,
                      bool tls_at_once = false)
        : features_(std::move(features)), tls_at_once_(tls_at_once) {
        if (certificate != nullptr) {
            tls_.emplace(boost::asio::ssl::context::tls_server);
            tls_->use_certificate_chain(boost::asio::buffer(certificate->certificate()));
            tls_->use_private_key(boost::asio::buffer(certificate->key()), boost::asio::ssl::context::pem);
        }
        acceptor_ = tcp::acceptor(context_, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
        port_ = acceptor_.local_endpoint().port();
        accepting_ = std::thread([this] { accept(); });
    }
    ~SmtpSink() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
            boost::system::error_code ignored;
            // Wakes accept(), which closing alone need not.
            ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
            for (auto& connection : connections_)
                connection.socket.shutdown(tcp::socket::shutdown_both, ignored);
        }
        changed_.notify_all();
        accepting_.join();
        for (auto& thread : serving_) thread.join();
    }
    SmtpSink(const SmtpSink&) = delete;
    SmtpSink& operator=(const SmtpSink&) = delete;

    [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string url() const { return (tls_at_once_ ? "smtps://" : "smtp://") + address(); }

    /// `reply` to what begins with `said`, so many times (0: always).
    void answer(std::string said, std::string_view reply, unsigned times = 0) {
        const std::lock_guard lock(mutex_);
        rules_.push_back({std::move(said), std::string(reply), times, times == 0});
    }
    [[nodiscard]] std::vector<SinkMail> mails() const {
        const std::lock_guard lock(mutex_);
        return mails_;
    }
    /// Everything that clients said, data left out.
    [[nodiscard]] std::vector<std::string> lines() const {
        const std::lock_guard lock(mutex_);
        return lines_;
    }
    [[nodiscard]] unsigned connections() const {
        const std::lock_guard lock(mutex_);
        return count_;
    }

  private:
    using tcp = boost::asio::ip::tcp;
    using TlsStream = boost::asio::ssl::stream<tcp::socket&>;

    struct Rule {
        std::string said;
        std::string reply;
        unsigned times = 0;
        bool always = false;
    };
    struct Connection {
        explicit Connection(tcp::socket taken) : socket(std::move(taken)) {}
        tcp::socket socket;
        std::optional<TlsStream> tls;
        std::string buffer;
        SinkMail mail;
    };

    void accept() {
        for (;;) {
            boost::system::error_code failed;
            tcp::socket socket(context_);
            acceptor_.accept(socket, failed);
            const std::lock_guard lock(mutex_);
            if (ending_ || failed) return;
            auto& connection = connections_.emplace_back(std::move(socket));
            connection.mail.connection = ++count_;
            serving_.emplace_back([this, &connection] { serve_and_close(connection); });
        }
    }

    void serve_and_close(Connection& connection) {
        try {
            if (tls_at_once_) start_tls(connection);
            if (reply(connection, "CONNECT", "220 sink.example ESMTP")) serve(connection);
        } catch (const boost::system::system_error&) {
            // The client, or the test, hung up.
        }
        const std::lock_guard lock(mutex_);
        boost::system::error_code ignored;
        connection.socket.close(ignored);
    }

    void serve(Connection& connection) {
        for (;;) {
            const auto line = read_until(connection, "\r\n");
            {
                const std::lock_guard lock(mutex_);
                lines_.push_back(line);
            }
            if (!take(connection, line)) return;
        }
    }

    bool take(Connection& connection, const std::string& line) {
        const auto is = [&](std::string_view verb) { return text::istarts_with(line, verb); };
        if (is("EHLO")) return reply(connection, line, greeting(connection));
        if (is("STARTTLS")) {
            if (!tls_) return reply(connection, line, "502 no TLS here");
            if (!reply(connection, line, "220 go on")) return false;
            start_tls(connection);
            return true;
        }
        if (is("AUTH PLAIN")) return take_login(connection, line);
        if (is("MAIL FROM:")) connection.mail.from = line.substr(10);
        if (is("RCPT TO:")) connection.mail.recipient = line.substr(8);
        if (is("DATA")) return take_mail(connection, line);
        if (is("QUIT")) {
            reply(connection, line, "221 bye");
            return false;
        }
        return reply(connection, line, "250 2.0.0 ok");
    }

    bool take_login(Connection& connection, const std::string& line) {
        if (!reply(connection, line, "334 ")) return false;
        connection.mail.login = read_until(connection, "\r\n");
        return reply(connection, "LOGIN", "235 2.7.0 ok");
    }

    bool take_mail(Connection& connection, const std::string& line) {
        const auto before = reply_to(line, "354 go on");
        if (!say(connection, before)) return false;
        if (before.front() != '3') return true;
        std::string message;
        for (auto got = read_until(connection, "\r\n"); got != "."; got = read_until(connection, "\r\n")) {
            message += (got.starts_with('.') ? got.substr(1) : got) + "\r\n";
        }
        const auto after = reply_to(".", "250 2.0.0 taken");
        if (after.front() == '2' || after == hang_up) {
            const std::lock_guard lock(mutex_);
            connection.mail.message = std::move(message);
            connection.mail.tls = connection.tls.has_value();
            mails_.push_back(connection.mail);
        }
        return say(connection, after);
    }

    std::string greeting(const Connection& connection) {
        std::string out = "250-sink.example";
        for (const auto& feature : features_) {
            if (feature == "STARTTLS" && connection.tls) continue;
            out += "\r\n250-" + feature;
        }
        return out + "\r\n250 HELP";
    }

    std::string reply_to(std::string_view said, std::string_view usual) {
        const std::lock_guard lock(mutex_);
        for (auto& rule : rules_) {
            if (!text::istarts_with(said, rule.said) || (!rule.always && rule.times == 0)) continue;
            if (!rule.always) --rule.times;
            return rule.reply;
        }
        return std::string(usual);
    }

    bool reply(Connection& connection, std::string_view said, std::string_view usual) {
        return say(connection, reply_to(said, usual));
    }

    /// False where the connection is to end.
    bool say(Connection& connection, const std::string& reply) {
        if (reply == hang) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return ending_; });
        }
        if (reply == hang || reply == hang_up) return false;
        const std::string whole = reply + "\r\n";
        if (connection.tls) {
            boost::asio::write(*connection.tls, boost::asio::buffer(whole));
        } else {
            boost::asio::write(connection.socket, boost::asio::buffer(whole));
        }
        return !reply.starts_with("421");
    }

    std::string read_until(Connection& connection, const std::string& end) {
        auto buffer = boost::asio::dynamic_buffer(connection.buffer);
        const auto size = connection.tls ? boost::asio::read_until(*connection.tls, buffer, end)
                                         : boost::asio::read_until(connection.socket, buffer, end);
        std::string out = connection.buffer.substr(0, size - end.size());
        connection.buffer.erase(0, size);
        return out;
    }

    void start_tls(Connection& connection) {
        connection.tls.emplace(connection.socket, *tls_);
        connection.tls->handshake(boost::asio::ssl::stream_base::server);
    }

    std::vector<std::string> features_;
    bool tls_at_once_ = false;
    std::optional<boost::asio::ssl::context> tls_;
    boost::asio::io_context context_;
    tcp::acceptor acceptor_{context_};
    unsigned short port_ = 0;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool ending_ = false;
    unsigned count_ = 0;
    std::vector<Rule> rules_;
    std::vector<SinkMail> mails_;
    std::vector<std::string> lines_;
    std::list<Connection> connections_;
    std::list<std::thread> serving_;
    std::thread accepting_;
};

}  // namespace defender::test
