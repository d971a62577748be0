/// TlsCertificate: a key and a certificate signed by itself, for servers of tests.
///
/// Good for the address 127.0.0.1 and a name, for a day. Thread-safety: immutable.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace defender::test {

class TlsCertificate {
  public:
    explicit TlsCertificate(const std::string& name = "sink.example",
                            const std::string& address = "127.0.0.1") {
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
        const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
        if (!key || !made) throw std::runtime_error("no certificate");
        X509_set_version(made.get(), 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
        X509_set_pubkey(made.get(), key.get());
        X509_NAME* subject = X509_get_subject_name(made.get());
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(made.get(), subject);
        add_extension(made.get(), NID_subject_alt_name, "DNS:" + name + ",IP:" + address);
        add_extension(made.get(), NID_basic_constraints, "critical,CA:TRUE");
        if (X509_sign(made.get(), key.get(), EVP_sha256()) == 0) throw std::runtime_error("no signature");
        certificate_ = pem([&](BIO* out) { return PEM_write_bio_X509(out, made.get()); });
        key_ = pem([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }

    [[nodiscard]] const std::string& certificate() const noexcept { return certificate_; }
    [[nodiscard]] const std::string& key() const noexcept { return key_; }

  private:
    static void add_extension(X509* certificate, int kind, const std::string& value) {
        const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> made(
            X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), X509_EXTENSION_free);
        if (!made || X509_add_ext(certificate, made.get(), -1) == 0) throw std::runtime_error("no extension");
    }

    template <typename Write>
    static std::string pem(Write write) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
        if (write(out.get()) == 0) throw std::runtime_error("no PEM");
        char* octets = nullptr;
        const auto size = BIO_get_mem_data(out.get(), &octets);
        return {octets, static_cast<std::size_t>(size)};
    }

    std::string certificate_;
    std::string key_;
};

}  // namespace defender::test
