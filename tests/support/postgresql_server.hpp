/// A PostgreSQL server of the tests' own: Debian's programs, a temporary folder, a socket and a loopback
/// port.
///
/// One for each test program, started when the first test asks for it and ended with the program, also where
/// that is killed. Each test takes a database of its own. Nothing of it is safe against a crash of the
/// machine (fsync is off). PostgreSQL refuses to run as root, so root runs it as nobody.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace defender::test {

class PostgresqlServer {
  public:
    /// The one of this program. A database of each encoding and any number of roles can be made on it.
    static PostgresqlServer& instance() {
        static PostgresqlServer server;
        return server;
    }
    PostgresqlServer(const PostgresqlServer&) = delete;
    PostgresqlServer& operator=(const PostgresqlServer&) = delete;
    ~PostgresqlServer() {
        // At once, without the checkpoint that writes what is removed next.
        end(SIGQUIT);
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    /// A new, empty database; its connection string, over the socket.
    std::string make_database(const std::string& encoding = "UTF8") {
        start();
        const auto name = "test_" + std::to_string(++databases_);
        sql("postgres", "CREATE DATABASE " + name + " TEMPLATE template0 ENCODING '" + encoding +
                            "' LC_COLLATE 'C' LC_CTYPE 'C'");
        return socket_string(name);
    }
    [[nodiscard]] std::string socket_string(const std::string& database) const {
        return "host=" + folder_ + " port=" + std::to_string(port_) + " user=defender dbname=" + database;
    }
    /// Over TCP, where roles other than "defender" need their password.
    [[nodiscard]] std::string tcp_string(const std::string& database, const std::string& user,
                                         const std::string& password) const {
        return "postgresql://" + user + ":" + password + "@127.0.0.1:" + std::to_string(port_) + "/" +
               database;
    }
    [[nodiscard]] int port() const noexcept { return port_; }
    /// The socket that it listens on.
    [[nodiscard]] std::string socket_path() const { return folder_ + "/.s.PGSQL." + std::to_string(port_); }

    /// Runs statements as the server's owner; the first column of the first row, where there is one.
    std::string sql(const std::string& database, const std::string& statements) const {
        const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(
            PQconnectdb(socket_string(database).c_str()), PQfinish);
        const std::unique_ptr<PGresult, decltype(&PQclear)> result(
            PQexec(connection.get(), statements.c_str()), PQclear);
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_TUPLES_OK) {
            return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
        }
        if (status == PGRES_COMMAND_OK) return "";
        throw std::runtime_error(std::string(PQerrorMessage(connection.get())) + " in: " + statements);
    }
    /// Ends all connections to a database.
    void kill_connections(const std::string& database) const {
        sql("postgres", "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
                            database + "'");
    }

    void start() {
        if (process_ > 0) return;
        process_ = launch({"postgres", "-D", folder_ + "/data", "-p", std::to_string(port_), "-k", folder_,
                           "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c",
                           "full_page_writes=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60"});
        const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        while (PQping(socket_string("postgres").c_str()) != PQPING_OK) {
            if (::waitpid(process_, nullptr, WNOHANG) != 0 || std::chrono::steady_clock::now() > give_up) {
                throw std::runtime_error("PostgreSQL did not start, see " + folder_ + "/log");
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    /// Ends all connections at once; what was committed stays.
    void stop() { end(SIGINT); }

  private:
    void end(int signal) {
        if (process_ <= 0) return;
        ::kill(process_, signal);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }

    PostgresqlServer() : programs_(find_programs()), port_(free_port()) {
        std::string folder = (std::filesystem::temp_directory_path() / "defender-pg-XXXXXX").string();
        if (!::mkdtemp(folder.data())) throw std::runtime_error("no temporary folder");
        folder_ = folder;
        if (::geteuid() == 0) {
            const auto* nobody = ::getpwnam("nobody");
            if (!nobody) throw std::runtime_error("no account named nobody");
            user_ = nobody->pw_uid;
            group_ = nobody->pw_gid;
            if (::chown(folder_.c_str(), user_, group_) != 0) throw std::runtime_error("chown " + folder_);
        }
        int status = 0;
        ::waitpid(launch({"initdb", "-D", folder_ + "/data", "-U", "defender", "-A", "trust", "-E", "UTF8",
                          "--locale=C", "--no-sync", "--no-instructions"}),
                  &status, 0);
        if (status != 0) throw std::runtime_error("initdb failed, see " + folder_ + "/log");
        std::ofstream(folder_ + "/data/pg_hba.conf") << "local all all trust\n"
                                                        "host all defender 127.0.0.1/32 trust\n"
                                                        "host all all 127.0.0.1/32 scram-sha-256\n";
        start();
    }

    static std::string find_programs() {
        std::string newest;
        std::error_code ignored;
        for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
            const auto programs = version.path() / "bin";
            if (std::filesystem::exists(programs / "initdb")) newest = std::max(newest, programs.string());
        }
        if (newest.empty()) throw std::runtime_error("PostgreSQL is not installed");
        return newest;
    }

    static int free_port() {
        const int handle = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        const bool bound = ::bind(handle, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                           ::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &length) == 0;
        ::close(handle);
        if (!bound) throw std::runtime_error("no free port");
        return ntohs(address.sin_port);
    }

    /// Starts a program of PostgreSQL's, its words going to the log; its process id.
    [[nodiscard]] pid_t launch(const std::vector<std::string>& words) const {
        const auto program = programs_ + "/" + words.front();
        const auto log = folder_ + "/log";
        std::vector<char*> arguments;
        for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        const pid_t parent = ::getpid();
        const pid_t child = ::fork();
        if (child != 0) return child;
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(out, STDERR_FILENO);
        const bool other_user = ::geteuid() == 0;
        if (other_user && (::setgroups(0, nullptr) != 0 || ::setgid(group_) != 0 || ::setuid(user_) != 0)) {
            ::_exit(126);
        }
        // After the change of user, which would take it back.
        ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
        if (::getppid() != parent) ::_exit(126);
        if (::chdir(folder_.c_str()) != 0) ::_exit(126);
        ::execv(program.c_str(), arguments.data());
        ::_exit(127);
    }

    std::string programs_;
    int port_;
    std::string folder_;
    uid_t user_ = 0;
    gid_t group_ = 0;
    pid_t process_ = -1;
    std::atomic<int> databases_{0};
};

/// The name of the database in a connection string that make_database() gave.
inline std::string database_of(const std::string& connection_string) {
    return connection_string.substr(connection_string.rfind('=') + 1);
}

}  // namespace defender::test
