#include "common/report/smtp_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>

#include "common/base/text.hpp"
#include "common/config/host_name.hpp"
#include "common/report/smtp_dialogue.hpp"

namespace defender::report {
namespace {

struct EndHandle {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct EndList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// libcurl wants to be started once, by one thread.
void start_curl() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw std::runtime_error("libcurl cannot be started");
}

/// The mail on its way out.
struct Upload {
    std::string_view rest;
};

std::size_t give_octets(char* out, std::size_t size, std::size_t count, void* upload) noexcept {
    auto& rest = static_cast<Upload*>(upload)->rest;
    const auto taken = std::min(size * count, rest.size());
    std::memcpy(out, rest.data(), taken);
    rest.remove_prefix(taken);
    return taken;
}

/// What a server says to a command that is no mail.
std::size_t drop_octets(char*, std::size_t size, std::size_t count, void*) noexcept {
    return size * count;
}

int listen_in(CURL*, curl_infotype kind, char* octets, std::size_t count, void* dialogue) noexcept {
    auto& said = *static_cast<SmtpDialogue*>(dialogue);
    if (kind == CURLINFO_HEADER_OUT) said.sent({octets, count});
    if (kind == CURLINFO_HEADER_IN) said.received({octets, count});
    return 0;
}

bool is_ascii(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string bracketed(std::string_view address) {
    return "<" + std::string(address) + ">";
}

class CurlClient : public SmtpClient {
  public:
    CurlClient(const config::ReportSettings& settings, const std::string& password)
        : handle_(curl_easy_init()), login_(!settings.smtp_user.empty()) {
        if (!handle_) throw std::runtime_error("libcurl has no memory");
        set(CURLOPT_NOSIGNAL, 1L);
        set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
        set(CURLOPT_PROXY, "");  // whatever the environment says
        set(CURLOPT_URL, (settings.smtp + "/" + config::host_name()).c_str());
        set(CURLOPT_ERRORBUFFER, problem_.data());
        set(CURLOPT_VERBOSE, 1L);
        set(CURLOPT_DEBUGFUNCTION, listen_in);
        set(CURLOPT_DEBUGDATA, &dialogue_);
        set(CURLOPT_READFUNCTION, give_octets);
        set(CURLOPT_READDATA, &upload_);
        set(CURLOPT_WRITEFUNCTION, drop_octets);
        set_times(settings);
        set_tls(settings);
        if (login_) {
            set(CURLOPT_USERNAME, settings.smtp_user.c_str());
            set(CURLOPT_PASSWORD, password.c_str());
        }
    }

    SmtpAnswer send(std::string_view mail_from, std::string_view recipient,
                    std::string_view message) override {
        if (!is_ascii(recipient)) {
            if (auto answer = refuse_without_smtputf8()) return *answer;
        }
        const std::unique_ptr<curl_slist, EndList> recipients(
            curl_slist_append(nullptr, bracketed(recipient).c_str()));
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_CUSTOMREQUEST, nullptr);
        set(CURLOPT_MAIL_FROM, bracketed(mail_from).c_str());
        set(CURLOPT_MAIL_RCPT, recipients.get());
        set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(message.size()));
        auto answer = perform(message);
        set(CURLOPT_MAIL_RCPT, nullptr);
        return answer;
    }

  private:
    template <typename Value>
    void set(CURLoption option, Value value) {
        const auto code = curl_easy_setopt(handle_.get(), option, value);
        if (code != CURLE_OK) throw std::runtime_error(curl_easy_strerror(code));
    }

    void set_times(const config::ReportSettings& settings) {
        const auto seconds = static_cast<long>(settings.smtp_timeout.count());
        set(CURLOPT_CONNECTTIMEOUT, seconds);
        set(CURLOPT_SERVER_RESPONSE_TIMEOUT, seconds);
        set(CURLOPT_TIMEOUT, 2 * seconds);  // counted from the start of connecting
    }

    void set_tls(const config::ReportSettings& settings) {
        const bool smtps = settings.smtp.starts_with("smtps://");
        const bool required = smtps || settings.smtp_tls == config::SmtpTls::required;
        if (!smtps) {
            set(CURLOPT_USE_SSL,
                static_cast<long>(required                                     ? CURLUSESSL_ALL
                                  : settings.smtp_tls == config::SmtpTls::none ? CURLUSESSL_NONE
                                                                               : CURLUSESSL_TRY));
        }
        // Opportunistic TLS looks at no certificate: without TLS the mail would go out all the same.
        set(CURLOPT_SSL_VERIFYPEER, required ? 1L : 0L);
        set(CURLOPT_SSL_VERIFYHOST, required ? 2L : 0L);
        if (!settings.smtp_ca_file.empty()) {
            set(CURLOPT_CAINFO, settings.smtp_ca_file.c_str());
            set(CURLOPT_CAPATH, nullptr);
        }
    }

    /// What is to be answered instead of sending to an address that is not ASCII; nothing where it can be
    /// sent.
    std::optional<SmtpAnswer> refuse_without_smtputf8() {
        set(CURLOPT_UPLOAD, 0L);
        set(CURLOPT_CUSTOMREQUEST, "NOOP");
        const auto answer = perform({});
        if (answer.outcome != SmtpOutcome::accepted) return answer;
        if (dialogue_.offers_smtputf8()) return std::nullopt;
        return SmtpAnswer{SmtpOutcome::refused, 0,
                          "the address is not ASCII, and the mail server has no SMTPUTF8", false};
    }

    SmtpAnswer perform(std::string_view message) {
        auto answer = perform_once(message);
        long connects = 0;
        curl_easy_getinfo(handle_.get(), CURLINFO_NUM_CONNECTS, &connects);
        // A kept connection may have ended meanwhile. While no recipient was named, nothing was handed over.
        if (!answer.server_is_at_fault || connects > 0) return answer;
        set(CURLOPT_FRESH_CONNECT, 1L);
        answer = perform_once(message);
        set(CURLOPT_FRESH_CONNECT, 0L);
        return answer;
    }

    SmtpAnswer perform_once(std::string_view message) {
        dialogue_.begin();
        upload_.rest = message;
        problem_.fill('\0');
        const auto code = curl_easy_perform(handle_.get());
        if (code == CURLE_OK) return dialogue_.success();
        const char* problem = problem_[0] != '\0' ? problem_.data() : curl_easy_strerror(code);
        return dialogue_.failure(problem, login_);
    }

    SmtpDialogue dialogue_;
    Upload upload_;
    std::array<char, CURL_ERROR_SIZE> problem_{};
    std::unique_ptr<CURL, EndHandle> handle_;
    bool login_;
};

/// The first line of the file.
Result<std::string> read_password(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!file || !std::getline(file, line)) {
        return Error{"report.smtp_password_file " + path + " cannot be read or is empty"};
    }
    while (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty())
        return Error{"report.smtp_password_file " + path + " has no password on its first line"};
    return line;
}

}  // namespace

Result<std::unique_ptr<SmtpClient>> SmtpClient::make(const config::ReportSettings& settings) {
    std::string password;
    if (!settings.smtp_user.empty()) {
        auto read = read_password(settings.smtp_password_file);
        if (!read) return read.error();
        password = std::move(*read);
    }
    if (!settings.smtp_ca_file.empty() && !std::ifstream(settings.smtp_ca_file)) {
        return Error{"report.smtp_ca_file " + settings.smtp_ca_file + " cannot be read"};
    }
    start_curl();
    return std::unique_ptr<SmtpClient>(std::make_unique<CurlClient>(settings, password));
}

}  // namespace defender::report
