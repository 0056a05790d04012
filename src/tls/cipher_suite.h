// The cipher suites that can be decrypted: what SQL Server and its drivers agree on (RFC 5246, RFC
// 5288, RFC 5289, RFC 7905, RFC 8446).
#pragma once

#include <cstdint>

namespace querytap::tls {

enum class Protection : std::uint8_t {
    kGcm,     ///< AES-GCM; TLS 1.2 writes half of the nonce into the record
    kChaCha,  ///< ChaCha20-Poly1305; the nonce is never written
    kCbc,     ///< AES-CBC with an HMAC
};

struct CipherSuite {
    std::uint16_t id;
    Protection protection;
    const char* cipher;     ///< as OpenSSL names it
    std::uint8_t key_size;  ///< bytes
    const char* digest;     ///< of the key schedule
    const char* mac;        ///< kCbc: digest of the HMAC
    std::uint8_t mac_size;
};

/// nullptr for the others.
const CipherSuite* find_cipher_suite(std::uint16_t id) noexcept;

}  // namespace querytap::tls
