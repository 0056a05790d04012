// What a TLS handshake says before it turns encrypted: the nouns of RFC 8446, RFC 5246 and RFC
// 5280, the fingerprints JA4 and JA4S. Text is bounded and as sent; an X.509 name is UTF-8.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <querytap/base/bounded_text.h>

namespace querytap::tls {

/// Who sent it.
enum class Side : std::uint8_t { kClient, kServer };

/// ProtocolVersion as on the wire: 0x0303 is TLS 1.2.
using Version = std::uint16_t;
inline constexpr Version kTls12 = 0x0303;
inline constexpr Version kTls13 = 0x0304;
/// "TLS 1.2", "TLSv1", "SSLv3": as Suricata writes it.
std::string_view name(Version version) noexcept;

struct ClientHello {
    bool seen = false;
    bool offers_tds8 = false;  ///< ALPN has tds/8.0 (MS-TDS 2.2.1)
    bool early_data = false;
    Version version = 0;  ///< the highest that is offered
    BoundedText<256> sni;
    BoundedText<128> alpn;  ///< what is offered, in order, with commas
    BoundedText<36> ja4;
};

struct ServerHello {
    bool seen = false;
    Version version = 0;       ///< chosen, also where supported_versions says it (TLS 1.3)
    std::uint16_t cipher = 0;  ///< suite, as registered by IANA
    BoundedText<32> alpn;      ///< chosen; TLS 1.3 hides it
    BoundedText<26> ja4s;
};

/// The server's own certificate (the leaf). TLS 1.3 hides it.
struct Certificate {
    bool seen = false;
    bool self_signed = false;          ///< subject and issuer are the same
    bool sql_server_fallback = false;  ///< what SQL Server makes itself when it was given none
    BoundedText<256> subject;          ///< "C=US, O=Contoso, CN=db01"
    BoundedText<256> issuer;
    std::chrono::sys_seconds not_before{};
    std::chrono::sys_seconds not_after{};
};

struct Handshake {
    ClientHello client;
    ServerHello server;
    Certificate certificate;
};

}  // namespace querytap::tls
