#include "common/store/digest.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace defender::store {

std::string sha256(std::string_view octets) {
    std::string digest(static_cast<std::size_t>(EVP_MD_get_size(EVP_sha256())), '\0');
    auto* out = reinterpret_cast<unsigned char*>(digest.data());
    if (EVP_Digest(octets.data(), octets.size(), out, nullptr, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("libcrypto cannot compute SHA-256");
    }
    return digest;
}

}  // namespace defender::store
