/// What libopendkim makes of the signatures of a message: a second opinion on ours.
///
/// It shares no code with what verifies signatures here, and has verified the world's mail for long.
/// Thread-safety: any thread; nothing is shared. Failures throw.
#pragma once

// The library's header is C99 and clang's <stdbool.h> knows no _Bool in standard C++.
#ifndef _Bool
#define _Bool bool
#endif
extern "C" {
#include <opendkim/dkim.h>
}

#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/auth/dkim_signature.hpp"
#include "common/mail/header_field.hpp"
#include "tests/support/dkim_signer.hpp"

namespace defender::test {

class Libopendkim {
  public:
    /// `key_record` is the record of every key; RSA keys in it are SubjectPublicKeyInfos.
    explicit Libopendkim(std::string key_record)
        : key_record_(std::move(key_record)), library_(dkim_init(nullptr, nullptr), dkim_close) {
        if (!library_) throw std::runtime_error("libopendkim cannot be set up");
        // A signature that it cannot read keeps its place, and keys and times are not its business here.
        set(DKIM_OPTS_FLAGS, static_cast<u_int>(DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES));
        set(DKIM_OPTS_MINKEYBITS, u_int{0});
        set(DKIM_OPTS_CLOCKDRIFT, std::uint64_t{1'000'000'000});
        dkim_set_key_lookup(library_.get(), give_key);
    }

    /// A record of the key whose octets are as auth::VerifyingKey::read() takes them.
    static std::string key_record(auth::DkimAlgorithm algorithm, std::string_view octets) {
        if (algorithm == auth::DkimAlgorithm::ed25519_sha256)
            return "v=DKIM1; k=ed25519; p=" + base64_of(octets);
        const auto* at = reinterpret_cast<const unsigned char*>(octets.data());
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
            d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(octets.size())), EVP_PKEY_free);
        unsigned char* der = nullptr;
        const int length = key ? i2d_PUBKEY(key.get(), &der) : -1;
        if (length < 0) return {};
        const std::string info(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
        OPENSSL_free(der);
        return "v=DKIM1; k=rsa; p=" + base64_of(info);
    }

    /// Of each DKIM-Signature field, in the header's order: whether it passes.
    [[nodiscard]] std::vector<bool> passes(const mail::HeaderFields& fields, std::string body) const {
        DKIM_STAT status = DKIM_STAT_OK;
        const Message message(dkim_verify(library_.get(), octets_of("message"), nullptr, &status), dkim_free);
        if (!message) throw std::runtime_error("libopendkim takes no message");
        dkim_set_user_context(message.get(), const_cast<std::string*>(&key_record_));
        for (const auto& field : fields) give_field(message.get(), field.name + ":" + field.value);
        // It writes past its list of fields where a signature covers all of them and names one more.
        give_field(message.get(), "not signed: ");
        dkim_eoh(message.get());
        if (!body.empty() && !body.ends_with("\r\n")) body += "\r\n";
        if (!body.empty()) dkim_body(message.get(), octets_of(body), body.size());
        dkim_eom(message.get(), nullptr);
        return verdicts(message.get());
    }

  private:
    using Message = std::unique_ptr<DKIM, decltype(&dkim_free)>;

    template <typename T>
    void set(dkim_opts_t option, T value) {
        if (dkim_options(library_.get(), DKIM_OP_SETOPT, option, &value, sizeof value) != DKIM_STAT_OK)
            throw std::runtime_error("libopendkim does not take an option");
    }

    /// The library never changes what it is given here, though its prototypes do not say so.
    static u_char* octets_of(std::string_view s) {
        return reinterpret_cast<u_char*>(const_cast<char*>(s.data()));
    }

    static void give_field(DKIM* message, std::string_view field) {
        dkim_header(message, octets_of(field), field.size());
    }

    static DKIM_CBSTAT give_key(DKIM* message, DKIM_SIGINFO*, u_char* buffer, std::size_t size) noexcept {
        const auto& record = *static_cast<const std::string*>(dkim_get_user_context(message));
        if (record.size() >= size) return DKIM_CBSTAT_NOTFOUND;
        std::memcpy(buffer, record.c_str(), record.size() + 1);
        return DKIM_CBSTAT_CONTINUE;
    }

    static std::vector<bool> verdicts(DKIM* message) {
        DKIM_SIGINFO** infos = nullptr;
        int count = 0;
        std::vector<bool> passed;
        if (dkim_getsiglist(message, &infos, &count) != DKIM_STAT_OK) return passed;
        for (int at = 0; at < count; ++at) {
            // Where nothing was processed the body hash reads "match": all three must agree.
            passed.push_back((dkim_sig_getflags(infos[at]) & DKIM_SIGFLAG_PASSED) != 0 &&
                             dkim_sig_getbh(infos[at]) == DKIM_SIGBH_MATCH &&
                             dkim_sig_geterror(infos[at]) == DKIM_SIGERROR_OK);
        }
        return passed;
    }

    std::string key_record_;
    std::unique_ptr<DKIM_LIB, decltype(&dkim_close)> library_;
};

}  // namespace defender::test
