/// Signs messages for tests of DKIM verification, with OpenSSL and canonicalization of its own.
///
/// Nothing is shared with the code under test or with libopendkim, so that a mistake cannot cancel itself
/// out. Keys are made anew at each run. Failures throw.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "common/mail/header_field.hpp"

namespace defender::test {

inline std::string base64_of(std::string_view octets) {
    std::string out((octets.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                       reinterpret_cast<const unsigned char*>(octets.data()),
                                       static_cast<int>(octets.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

inline std::string digest_of(std::string_view text, const EVP_MD* md) {
    std::string out(EVP_MAX_MD_SIZE, '\0');
    unsigned length = 0;
    if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(out.data()), &length, md,
                   nullptr) != 1)
        throw std::runtime_error("EVP_Digest");
    out.resize(length);
    return out;
}

class DkimSigningKey {
  public:
    static DkimSigningKey rsa(unsigned bits) { return DkimSigningKey(EVP_RSA_gen(bits), "rsa"); }
    static DkimSigningKey ed25519() {
        return DkimSigningKey(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), "ed25519");
    }

    [[nodiscard]] const std::string& type() const { return type_; }
    /// p= of the key record.
    [[nodiscard]] std::string public_key() const {
        return base64_of(type_ == "rsa" ? subject_key_info() : raw());
    }
    [[nodiscard]] std::string record() const { return "v=DKIM1; k=" + type_ + "; p=" + public_key(); }
    /// The private key as PEM (PKCS #8).
    [[nodiscard]] std::string pem() const {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
        if (PEM_write_bio_PrivateKey(out.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
            throw std::runtime_error("no PEM");
        char* octets = nullptr;
        const long length = BIO_get_mem_data(out.get(), &octets);
        return {octets, static_cast<std::size_t>(length)};
    }
    /// p= in the form of RFC 8017's RSAPublicKey.
    [[nodiscard]] std::string bare_rsa_public_key() const { return base64_of(der(i2d_PublicKey)); }

    [[nodiscard]] std::string sign(std::string_view text, const EVP_MD* md) const {
        const std::string digest = digest_of(text, md);
        const bool ed = type_ == "ed25519";
        const std::string_view input = ed ? std::string_view(digest) : text;
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                              EVP_MD_CTX_free);
        std::string out(1024, '\0');
        std::size_t length = out.size();
        const auto* octets = reinterpret_cast<const unsigned char*>(input.data());
        if (EVP_DigestSignInit(context.get(), nullptr, ed ? nullptr : md, nullptr, key_.get()) != 1 ||
            EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length, octets,
                           input.size()) != 1)
            throw std::runtime_error("EVP_DigestSign");
        out.resize(length);
        return out;
    }

  private:
    DkimSigningKey(EVP_PKEY* key, std::string type) : key_(key, EVP_PKEY_free), type_(std::move(type)) {
        if (!key) throw std::runtime_error("no " + type_ + " key");
    }
    template <typename Function>
    [[nodiscard]] std::string der(Function write) const {
        unsigned char* octets = nullptr;
        const int length = write(key_.get(), &octets);
        if (length < 0) throw std::runtime_error("no DER");
        std::string out(reinterpret_cast<const char*>(octets), static_cast<std::size_t>(length));
        OPENSSL_free(octets);
        return out;
    }
    [[nodiscard]] std::string subject_key_info() const { return der(i2d_PUBKEY); }
    [[nodiscard]] std::string raw() const {
        std::string out(32, '\0');
        std::size_t length = out.size();
        EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(out.data()), &length);
        return out;
    }

    std::shared_ptr<EVP_PKEY> key_;
    std::string type_;
};

struct DkimSigning {
    std::string domain = "example.com";
    std::string selector = "s1";
    std::string algorithm;  ///< empty: the one that fits the key
    std::string header = "relaxed";
    std::string body = "relaxed";
    std::vector<std::string> signed_fields = {"from", "to", "subject", "date"};
    std::optional<std::size_t> length;  ///< l=
    std::string more_tags;              ///< " t=1; i=@x;" or the like
};

class DkimSigner {
  public:
    static std::string relaxed_text(std::string_view s) {
        std::string out;
        bool blank = false;
        for (const char c : s) {
            if (c == '\r' || c == '\n') continue;
            if (c == ' ' || c == '\t') {
                blank = true;
                continue;
            }
            if (blank && !out.empty()) out += ' ';
            blank = false;
            out += c;
        }
        return out;
    }

    static std::string canonical_field(const mail::HeaderField& field, const std::string& mode) {
        if (mode == "simple") return field.name + ":" + field.value;
        return relaxed_text(lower(field.name)) + ":" + relaxed_text(field.value);
    }

    static std::string canonical_body(std::string body, const std::string& mode) {
        if (!body.empty() && !body.ends_with("\r\n")) body += "\r\n";
        std::string out;
        for (std::size_t at = 0; at < body.size();) {
            const auto end = body.find("\r\n", at);
            out += mode == "simple" ? body.substr(at, end - at) : relaxed_line(body.substr(at, end - at));
            out += "\r\n";
            at = end + 2;
        }
        while (out.ends_with("\r\n\r\n")) out.resize(out.size() - 2);
        if (out == "\r\n") out.clear();
        return out.empty() && mode == "simple" ? "\r\n" : out;
    }

    /// The fields that `names` lists, each name from the bottom up, each with its line end.
    static std::string signed_text(const std::vector<std::string>& names, const std::string& mode,
                                   const mail::HeaderFields& fields) {
        std::vector<bool> used(fields.size(), false);
        std::string text;
        for (const auto& name : names) {
            for (std::size_t at = fields.size(); at-- > 0;) {
                if (used[at] || lower(fields[at].name) != lower(name)) continue;
                used[at] = true;
                text += canonical_field(fields[at], mode) + "\r\n";
                break;
            }
        }
        return text;
    }

    static std::string joined(const std::vector<std::string>& names) {
        std::string out;
        for (const auto& name : names) out += (out.empty() ? "" : ":") + name;
        return out;
    }

    static std::string folded(const std::string& base64) {
        std::string out;
        for (std::size_t at = 0; at < base64.size(); at += 64)
            out += (at == 0 ? "" : "\r\n\t ") + base64.substr(at, 64);
        return out;
    }

    /// The DKIM-Signature field to be put in front of `fields`.
    static mail::HeaderField sign(const DkimSigningKey& key, const DkimSigning& how,
                                  const mail::HeaderFields& fields, const std::string& body) {
        const std::string algorithm = how.algorithm.empty() ? key.type() + "-sha256" : how.algorithm;
        const EVP_MD* md = algorithm == "rsa-sha1" ? EVP_sha1() : EVP_sha256();
        std::string canonical = canonical_body(body, how.body);
        if (how.length) canonical.resize(std::min(*how.length, canonical.size()));
        mail::HeaderField field{"DKIM-Signature", " v=1; a=" + algorithm + "; c=" + how.header + "/" +
                                                      how.body + "; d=" + how.domain + "; s=" + how.selector +
                                                      ";" + how.more_tags +
                                                      "\r\n\th=" + joined(how.signed_fields) + ";"};
        if (how.length) field.value += " l=" + std::to_string(*how.length) + ";";
        field.value += "\r\n\tbh=" + base64_of(digest_of(canonical, md)) + ";\r\n\tb=";
        const auto text =
            signed_text(how.signed_fields, how.header, fields) + canonical_field(field, how.header);
        field.value += folded(base64_of(key.sign(text, md)));
        return field;
    }

  private:
    static std::string lower(std::string s) {
        std::transform(s.begin(), s.end(), s.begin(), [](unsigned char c) { return std::tolower(c); });
        return s;
    }
    static std::string relaxed_line(const std::string& line) {
        std::string out;
        bool blank = false;
        for (const char c : line) {
            if (c == ' ' || c == '\t') {
                blank = true;
                continue;
            }
            if (blank) out += ' ';
            blank = false;
            out += c;
        }
        return out;
    }
};

}  // namespace defender::test
