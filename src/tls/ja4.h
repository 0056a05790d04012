// JA4 and JA4S (FoxIO, technical_details/JA4.md and JA4S.md): what a client offers and a server
// chooses, as short text that compares.
#pragma once

#include <querytap/base/bytes.h>
#include <querytap/tls/handshake.h>

namespace querytap::tls {

/// What of a ClientHello goes into its fingerprint, as it stands on the wire.
struct Ja4Input {
    Version version = 0;           ///< highest offered, without GREASE
    Bytes ciphers{};               ///< u16be each
    Bytes extensions{};            ///< the whole list
    Bytes signature_algorithms{};  ///< u16be each
    Bytes alpn{};                  ///< the first name offered; empty: none
};
void ja4(const Ja4Input& input, BoundedText<36>& out) noexcept;

struct Ja4sInput {
    Version version = 0;
    std::uint16_t cipher = 0;
    Bytes extensions{};
    Bytes alpn{};  ///< chosen; empty: none
};
void ja4s(const Ja4sInput& input, BoundedText<26>& out) noexcept;

}  // namespace querytap::tls
