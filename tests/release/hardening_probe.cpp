// A program with something in it for every flag of cmake/Hardening.cmake to protect; hardening_test.py looks
// at it.
#include <cstdio>
#include <cstring>

namespace {

/// A frame of several pages, which -fstack-clash-protection touches page by page, with a buffer on it, which
/// -fstack-protector-strong guards. The copy has a size that only _FORTIFY_SOURCE knows the bound of.
std::size_t copied(const char* text, std::size_t octets) {
    char buffer[4 * 4096];
    std::memcpy(buffer, text, octets);
    return static_cast<std::size_t>(std::fwrite(buffer, 1, octets, stdout));
}

}  // namespace

int main(int count, char** words) {
    const char* text = words[count - 1];
    return copied(text, std::strlen(text)) > 0 ? 0 : 1;
}
