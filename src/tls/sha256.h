// SHA-256 without a heap: OpenSSL's newer interface allocates its state, this one does not
// (room_arguments in meson.build silence its deprecation).
#pragma once

#include <array>
#include <cstdint>
#include <openssl/sha.h>
#include <string_view>

namespace querytap::tls {

class Sha256 {
  public:
    Sha256() noexcept { SHA256_Init(&state_); }
    void add(std::string_view text) noexcept { SHA256_Update(&state_, text.data(), text.size()); }
    std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest() noexcept {
        std::array<std::uint8_t, SHA256_DIGEST_LENGTH> bytes;
        SHA256_Final(bytes.data(), &state_);
        return bytes;
    }

  private:
    SHA256_CTX state_;
};

}  // namespace querytap::tls
