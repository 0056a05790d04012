#include "cipher_suite.h"

#include <algorithm>
#include <iterator>

namespace querytap::tls {
namespace {

constexpr CipherSuite gcm128(std::uint16_t id) {
    return {id, Protection::kGcm, "AES-128-GCM", 16, "SHA256", nullptr, 0};
}
constexpr CipherSuite gcm256(std::uint16_t id) {
    return {id, Protection::kGcm, "AES-256-GCM", 32, "SHA384", nullptr, 0};
}
constexpr CipherSuite chacha(std::uint16_t id) {
    return {id, Protection::kChaCha, "ChaCha20-Poly1305", 32, "SHA256", nullptr, 0};
}
constexpr CipherSuite cbc128_sha1(std::uint16_t id) {
    return {id, Protection::kCbc, "AES-128-CBC", 16, "SHA256", "SHA1", 20};
}
constexpr CipherSuite cbc256_sha1(std::uint16_t id) {
    return {id, Protection::kCbc, "AES-256-CBC", 32, "SHA256", "SHA1", 20};
}
constexpr CipherSuite cbc128_sha256(std::uint16_t id) {
    return {id, Protection::kCbc, "AES-128-CBC", 16, "SHA256", "SHA256", 32};
}
constexpr CipherSuite cbc256_sha256(std::uint16_t id) {
    return {id, Protection::kCbc, "AES-256-CBC", 32, "SHA256", "SHA256", 32};
}
constexpr CipherSuite cbc256_sha384(std::uint16_t id) {
    return {id, Protection::kCbc, "AES-256-CBC", 32, "SHA384", "SHA384", 48};
}

// Key exchange, in the order of the lines: RSA, DHE, ECDHE with ECDSA, ECDHE with RSA; TLS 1.3.
constexpr CipherSuite kSuites[] = {
    gcm128(0x009c),        gcm128(0x009e),        gcm128(0xc02b),        gcm128(0xc02f),
    gcm256(0x009d),        gcm256(0x009f),        gcm256(0xc02c),        gcm256(0xc030),
    chacha(0xccaa),        chacha(0xcca9),        chacha(0xcca8),        cbc128_sha1(0x002f),
    cbc128_sha1(0x0033),   cbc128_sha1(0xc009),   cbc128_sha1(0xc013),   cbc256_sha1(0x0035),
    cbc256_sha1(0x0039),   cbc256_sha1(0xc00a),   cbc256_sha1(0xc014),   cbc128_sha256(0x003c),
    cbc128_sha256(0x0067), cbc128_sha256(0xc023), cbc128_sha256(0xc027), cbc256_sha256(0x003d),
    cbc256_sha256(0x006b), cbc256_sha384(0xc024), cbc256_sha384(0xc028), gcm128(0x1301),
    gcm256(0x1302),        chacha(0x1303),
};

}  // namespace

const CipherSuite* find_cipher_suite(std::uint16_t id) noexcept {
    const auto* suite = std::find_if(std::begin(kSuites), std::end(kSuites),
                                     [id](const CipherSuite& at) { return at.id == id; });
    return suite != std::end(kSuites) ? suite : nullptr;
}

}  // namespace querytap::tls
