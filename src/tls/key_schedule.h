// Keys from secrets (RFC 5246 5 and 6.3; RFC 8446 7.1 to 7.3), computed by OpenSSL.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <querytap/base/bytes.h>

namespace querytap::tls {

using Key = std::vector<std::uint8_t>;

/// TLS 1.2: PRF(secret, label, seed). Empty when OpenSSL refuses.
Key prf(const char* digest, Bytes secret, std::string_view label, Bytes seed, std::size_t size);

/// TLS 1.3: HKDF-Expand-Label(secret, label, "", size).
Key expand_label(const char* digest, Bytes secret, std::string_view label, std::size_t size);

}  // namespace querytap::tls
