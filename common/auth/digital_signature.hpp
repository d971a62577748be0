/// Digests and signatures: SHA-256, RSA (PKCS #1 v1.5) and Ed25519, through libcrypto.
///
/// Source: RFC 6376 section 3.3, RFC 8463 section 3. Both algorithms sign a SHA-256 digest, so everything
/// here goes by digests. Failure: where libcrypto has no memory or lacks an algorithm, an exception; a
/// signature that is no such thing does not verify. Thread-safety: Sha256 is a value for one thread at a
/// time; keys may be used by any number of threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/auth/dkim_signature.hpp"
#include "common/base/result.hpp"

// libcrypto's types, without its headers.
struct evp_md_ctx_st;
struct evp_pkey_st;

namespace defender::auth {

class Sha256 {
  public:
    Sha256();
    /// A copy goes on from the same octets.
    Sha256(const Sha256& other);
    Sha256& operator=(const Sha256& other);
    Sha256(Sha256&&) noexcept = default;
    Sha256& operator=(Sha256&&) noexcept = default;
    ~Sha256();

    void add(std::string_view octets);
    /// The 32 octets of the digest of all that was added; more may be added afterwards.
    [[nodiscard]] std::string digest() const;

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// A public key.
class VerifyingKey {
  public:
    /// From the DER of an RSAPublicKey (RFC 8017 appendix A.1.1), or the 32 octets of an Ed25519 key. Nothing
    /// where the octets are no such key.
    [[nodiscard]] static std::optional<VerifyingKey> read(DkimAlgorithm algorithm, std::string_view octets);

    [[nodiscard]] bool verifies(std::string_view digest, std::string_view signature) const;

  private:
    class State;
    explicit VerifyingKey(std::shared_ptr<State> state) : state_(std::move(state)) {}

    std::shared_ptr<State> state_;
};

/// A private key: RSA of 1024 bits or more, or Ed25519.
class SigningKey {
  public:
    /// From the text of a PEM file without a password. The error says what is wrong with it, not where it is.
    [[nodiscard]] static Result<SigningKey> parse(const std::string& pem);

    [[nodiscard]] DkimAlgorithm algorithm() const noexcept { return algorithm_; }
    [[nodiscard]] std::string sign(std::string_view digest) const;

  private:
    SigningKey(std::shared_ptr<evp_pkey_st> key, DkimAlgorithm algorithm)
        : key_(std::move(key)), algorithm_(algorithm) {}

    std::shared_ptr<evp_pkey_st> key_;
    DkimAlgorithm algorithm_;
};

}  // namespace defender::auth
