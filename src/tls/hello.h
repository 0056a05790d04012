// ClientHello and ServerHello (RFC 8446 4.1.2, 4.1.3; RFC 5246 7.4.1), without their message
// headers.
#pragma once

#include "exchange.h"

namespace querytap::tls {

/// False when the message contradicts itself; then nothing of it is kept.
bool read_client_hello(Bytes message, Exchange& exchange) noexcept;

enum class ServerHelloRead : std::uint8_t { kBad, kRetry, kHello };
/// kRetry: a HelloRetryRequest, which looks like a ServerHello but is none.
ServerHelloRead read_server_hello(Bytes message, Exchange& exchange) noexcept;

}  // namespace querytap::tls
