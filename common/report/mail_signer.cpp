#include "common/report/mail_signer.hpp"

// The library's header is C99 and clang's <stdbool.h> knows no _Bool in standard C++.
#ifndef _Bool
#define _Bool bool
#endif
extern "C" {
#include <opendkim/dkim.h>
}
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <vector>

#include "common/base/domain_name.hpp"
#include "common/base/text.hpp"

namespace defender::report {
namespace {

constexpr std::size_t largest_key_file = 65536;
constexpr ssize_t whole_body = -1;
constexpr int smallest_rsa_key = 1024;  // bits; RFC 8301 section 3.2

struct LibraryDeleter {
    void operator()(DKIM_LIB* library) const noexcept { dkim_close(library); }
};
struct MessageDeleter {
    void operator()(DKIM* message) const noexcept { dkim_free(message); }
};
using Library = std::unique_ptr<DKIM_LIB, LibraryDeleter>;
using Message = std::unique_ptr<DKIM, MessageDeleter>;

/// The library never changes what it is given here, though its prototypes do not say so.
u_char* octets_of(std::string_view s) {
    return reinterpret_cast<u_char*>(const_cast<char*>(s.data()));
}

Error failed(const char* step, DKIM_STAT status) {
    // The library has no words for some of its own results.
    const char* words = dkim_getresultstr(status);
    return Error{std::string("libopendkim: ") + step + ": " +
                 (words ? std::string(words) : "result " + std::to_string(status))};
}

/// What all our mail has (RFC 6376 section 5.4.1).
constexpr std::array signed_fields{"From",       "To",           "Subject",     "Date",
                                   "Message-ID", "MIME-Version", "Content-Type"};

/// A library for one signature: the time of signing is an option of the library, not of the message.
Result<Library> make_library(UtcSeconds signed_at) {
    Library library(dkim_init(nullptr, nullptr));
    if (!library) return Error{"libopendkim does not start"};
    std::vector<const char*> covered(signed_fields.begin(), signed_fields.end());
    covered.push_back(nullptr);
    std::array<const char*, 2> once_more{"From", nullptr};
    auto at = static_cast<std::uint64_t>(signed_at);
    const auto set = [&](dkim_opts_t option, void* value, std::size_t size) {
        return dkim_options(library.get(), DKIM_OP_SETOPT, option, value, size);
    };
    // The lists are passed by their own address, of which the library takes the size of a pointer.
    const char** covered_list = covered.data();
    const char** once_more_list = once_more.data();
    for (const auto status : {set(DKIM_OPTS_SIGNHDRS, covered_list, sizeof covered_list),
                              set(DKIM_OPTS_OVERSIGNHDRS, once_more_list, sizeof once_more_list),
                              set(DKIM_OPTS_FIXEDTIME, &at, sizeof at)}) {
        if (status != DKIM_STAT_OK) return failed("an option", status);
    }
    return library;
}

/// Header fields, unfolded no further than the library needs: each from its name to before its last CRLF.
std::vector<std::string_view> fields_of(std::string_view header) {
    std::vector<std::string_view> fields;
    std::size_t begin = 0;
    while (begin < header.size()) {
        auto end = header.find("\r\n", begin);
        while (end != std::string_view::npos && end + 2 < header.size() && text::is_blank(header[end + 2]))
            end = header.find("\r\n", end + 2);
        end = std::min(end, header.size());
        fields.push_back(header.substr(begin, end - begin));
        begin = end + 2;
    }
    return fields;
}

DKIM_STAT feed(DKIM* message, std::string_view text) {
    const auto end = text.find("\r\n\r\n");
    const auto header = text.substr(0, end);
    const auto body = end == std::string_view::npos ? std::string_view() : text.substr(end + 4);
    DKIM_STAT status = DKIM_STAT_OK;
    for (const auto field : fields_of(header)) {
        if (status == DKIM_STAT_OK) status = dkim_header(message, octets_of(field), field.size());
    }
    if (status == DKIM_STAT_OK) status = dkim_eoh(message);
    if (status == DKIM_STAT_OK && !body.empty()) status = dkim_body(message, octets_of(body), body.size());
    return status;
}

class OpendkimSigner : public MailSigner {
  public:
    OpendkimSigner(std::string domain, std::string selector, std::string key)
        : domain_(std::move(domain)), selector_(std::move(selector)), key_(std::move(key)) {}

    [[nodiscard]] Result<std::string> sign(std::string_view message, UtcSeconds signed_at) const override {
        auto library = make_library(signed_at);
        if (!library) return library.error();
        DKIM_STAT status = DKIM_STAT_OK;
        const Message handle(dkim_sign(library->get(), octets_of("report"), nullptr, octets_of(key_),
                                       octets_of(selector_), octets_of(domain_), DKIM_CANON_RELAXED,
                                       DKIM_CANON_RELAXED, DKIM_SIGN_RSASHA256, whole_body, &status));
        if (!handle) return failed("to begin", status);
        status = feed(handle.get(), message);
        if (status != DKIM_STAT_OK) return failed("to read the message", status);
        status = dkim_eom(handle.get(), nullptr);
        if (status != DKIM_STAT_OK) return failed("to sign", status);
        u_char* value = nullptr;
        std::size_t length = 0;
        status = dkim_getsighdr_d(handle.get(), std::string_view("DKIM-Signature: ").size(), &value, &length);
        if (status != DKIM_STAT_OK) return failed("to give the signature", status);
        return "DKIM-Signature: " + std::string(reinterpret_cast<const char*>(value), length) + "\r\n" +
               std::string(message);
    }

  private:
    std::string domain_;
    std::string selector_;
    std::string key_;  ///< PEM
};

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::string text(largest_key_file, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) return std::nullopt;
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

/// Looked at before the library sees the key: the library leaks memory for each that it refuses, and asks a
/// terminal for the passphrase of one that is encrypted.
bool is_rsa_key(std::string_view pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> in(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    const auto no_passphrase = [](char*, int, int, void*) { return -1; };
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        in ? PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr) : nullptr, EVP_PKEY_free);
    ERR_clear_error();
    return key && EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA &&
           EVP_PKEY_get_bits(key.get()) >= smallest_rsa_key;
}

bool is_selector(std::string_view selector) {
    return DomainName::parse(selector).has_value();
}

}  // namespace

Result<std::unique_ptr<MailSigner>> MailSigner::load(std::string_view domain, std::string_view selector,
                                                     const std::string& key_file) {
    const auto name = DomainName::parse(domain);
    if (!name) return Error{"report.dkim_domain is no domain: " + text::printable(domain, 255)};
    if (!is_selector(selector))
        return Error{"report.dkim_selector is no selector: " + text::printable(selector, 255)};
    auto key = read_file(key_file);
    if (!key) return Error{key_file + ": cannot be read; let the reporter's account read it"};
    if (!is_rsa_key(*key)) {
        return Error{key_file + ": no RSA key of " + std::to_string(smallest_rsa_key) +
                     " bits or more in PEM form, without a passphrase; make one with: openssl genrsa -out " +
                     key_file + " 2048"};
    }
    auto signer = std::make_unique<OpendkimSigner>(name->text(), std::string(selector), std::move(*key));
    // A signature now, so that what does not work is found at the start and not with the first report.
    const auto tried = signer->sign("From: <a@example.com>\r\n\r\n", 1);
    if (!tried) return Error{key_file + ": " + tried.error().message};
    return std::unique_ptr<MailSigner>(std::move(signer));
}

}  // namespace defender::report
