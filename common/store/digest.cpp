#include "common/store/digest.hpp"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace defender::store {
namespace {

/// Looked up once: libcrypto's own look-up at each digest costs more than a short digest.
const EVP_MD* algorithm() {
    static const std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> found(
        EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free);
    if (!found) throw std::runtime_error("libcrypto has no SHA-256");
    return found.get();
}

}  // namespace

std::string sha256(std::string_view octets) {
    std::string digest(static_cast<std::size_t>(EVP_MD_get_size(algorithm())), '\0');
    auto* out = reinterpret_cast<unsigned char*>(digest.data());
    if (EVP_Digest(octets.data(), octets.size(), out, nullptr, algorithm(), nullptr) != 1) {
        throw std::runtime_error("libcrypto cannot compute SHA-256");
    }
    return digest;
}

}  // namespace defender::store
