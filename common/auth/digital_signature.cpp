#include "common/auth/digital_signature.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace defender::auth {
namespace {

constexpr int min_rsa_bits = 1024;

void require(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("libcrypto cannot ") + what);
}

const unsigned char* octets_of(std::string_view s) {
    return reinterpret_cast<const unsigned char*>(s.data());
}
unsigned char* octets_of(std::string& s) {
    return reinterpret_cast<unsigned char*>(s.data());
}

struct FreeKey {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct FreeContext {
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

/// Looked for once: what looks it up by name takes longer than hashing a header field.
const EVP_MD* sha256() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    require(algorithm != nullptr, "compute SHA-256");
    return algorithm;
}

/// Of RSA the bare key, as libcrypto takes a hundred times as long to read the same in a
/// SubjectPublicKeyInfo.
Key read_public_key(DkimAlgorithm algorithm, std::string_view octets) {
    if (algorithm == DkimAlgorithm::ed25519_sha256) {
        return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(octets), octets.size()));
    }
    const auto* at = octets_of(octets);
    Key key(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, static_cast<long>(octets.size())));
    return at == octets_of(octets) + octets.size() ? std::move(key) : nullptr;
}

/// Null where libcrypto will not verify by this key.
KeyContext rsa_verification(EVP_PKEY* key) {
    KeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    require(context != nullptr, "verify a signature");
    const bool ready = EVP_PKEY_verify_init(context.get()) == 1 &&
                       EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_signature_md(context.get(), sha256()) == 1;
    return ready ? std::move(context) : nullptr;
}

bool verify_ed25519(EVP_PKEY* key, std::string_view digest, std::string_view signature) {
    const DigestContext context(EVP_MD_CTX_new());
    require(context != nullptr, "verify a signature");
    return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), octets_of(signature), signature.size(), octets_of(digest),
                            digest.size()) == 1;
}

std::string sign_rsa(EVP_PKEY* key, std::string_view digest) {
    const KeyContext context(EVP_PKEY_CTX_new(key, nullptr));
    std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(key));
    std::string signature(length, '\0');
    require(context && EVP_PKEY_sign_init(context.get()) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(context.get(), sha256()) == 1 &&
                EVP_PKEY_sign(context.get(), octets_of(signature), &length, octets_of(digest),
                              digest.size()) == 1,
            "sign by RSA");
    signature.resize(length);
    return signature;
}

std::string sign_ed25519(EVP_PKEY* key, std::string_view digest) {
    const DigestContext context(EVP_MD_CTX_new());
    std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(key));
    std::string signature(length, '\0');
    require(context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
                EVP_DigestSign(context.get(), octets_of(signature), &length, octets_of(digest),
                               digest.size()) == 1,
            "sign by Ed25519");
    signature.resize(length);
    return signature;
}

/// A key with a password is refused instead of asking for it on the terminal.
int no_password(char*, int, int, void*) {
    return -1;
}

}  // namespace

void Sha256::Free::operator()(EVP_MD_CTX* context) const noexcept {
    EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    require(context_ && EVP_DigestInit_ex(context_.get(), sha256(), nullptr) == 1, "compute SHA-256");
}

Sha256::Sha256(const Sha256& other) : context_(EVP_MD_CTX_new()) {
    require(context_ && EVP_MD_CTX_copy_ex(context_.get(), other.context_.get()) == 1, "compute SHA-256");
}

Sha256& Sha256::operator=(const Sha256& other) {
    Sha256 copy(other);
    std::swap(context_, copy.context_);
    return *this;
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view octets) {
    require(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1, "compute SHA-256");
}

std::string Sha256::digest() const {
    const Sha256 copy(*this);
    std::string out(static_cast<std::size_t>(EVP_MD_get_size(sha256())), '\0');
    require(EVP_DigestFinal_ex(copy.context_.get(), octets_of(out), nullptr) == 1, "compute SHA-256");
    return out;
}

/// A key with contexts that have verified by it: to set one up is a fifth of a verification.
class VerifyingKey::State {
  public:
    State(Key key, DkimAlgorithm algorithm) : key_(std::move(key)), algorithm_(algorithm) {}

    bool verifies(std::string_view digest, std::string_view signature) {
        return algorithm_ == DkimAlgorithm::rsa_sha256 ? verifies_by_rsa(digest, signature)
                                                       : verify_ed25519(key_.get(), digest, signature);
    }

  private:
    /// As many as are likely to be used at once.
    static constexpr std::size_t most_idle = 2;

    bool verifies_by_rsa(std::string_view digest, std::string_view signature) {
        auto context = idle_context();
        if (!context) context = rsa_verification(key_.get());
        const bool good = context && EVP_PKEY_verify(context.get(), octets_of(signature), signature.size(),
                                                     octets_of(digest), digest.size()) == 1;
        if (good) keep(std::move(context));
        return good;
    }

    KeyContext idle_context() {
        const std::lock_guard lock(mutex_);
        if (idle_.empty()) return nullptr;
        auto context = std::move(idle_.back());
        idle_.pop_back();
        return context;
    }

    void keep(KeyContext context) {
        const std::lock_guard lock(mutex_);
        if (idle_.size() < most_idle) idle_.push_back(std::move(context));
    }

    const Key key_;
    const DkimAlgorithm algorithm_;
    std::mutex mutex_;
    std::vector<KeyContext> idle_;  // guarded by mutex_
};

std::optional<VerifyingKey> VerifyingKey::read(DkimAlgorithm algorithm, std::string_view octets) {
    auto key = read_public_key(algorithm, octets);
    ERR_clear_error();  // of this thread; what is no key leaves something there
    if (!key) return std::nullopt;
    return VerifyingKey(std::make_shared<State>(std::move(key), algorithm));
}

bool VerifyingKey::verifies(std::string_view digest, std::string_view signature) const {
    const bool good = state_->verifies(digest, signature);
    ERR_clear_error();
    return good;
}

Result<SigningKey> SigningKey::parse(const std::string& pem) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> text(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    require(text != nullptr, "read a key");
    Key key(PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr));
    ERR_clear_error();
    if (!key) return Error{"it holds no private key in PEM, or one with a password"};
    const int type = EVP_PKEY_get_base_id(key.get());
    if (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key.get()) < min_rsa_bits)
        return Error{"its RSA key has fewer than 1024 bits"};
    if (type != EVP_PKEY_RSA && type != EVP_PKEY_ED25519) return Error{"its key is neither RSA nor Ed25519"};
    const auto algorithm = type == EVP_PKEY_RSA ? DkimAlgorithm::rsa_sha256 : DkimAlgorithm::ed25519_sha256;
    return SigningKey(std::shared_ptr<EVP_PKEY>(std::move(key)), algorithm);
}

std::string SigningKey::sign(std::string_view digest) const {
    return algorithm_ == DkimAlgorithm::rsa_sha256 ? sign_rsa(key_.get(), digest)
                                                   : sign_ed25519(key_.get(), digest);
}

}  // namespace defender::auth
