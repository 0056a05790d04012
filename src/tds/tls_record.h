// The header of a TLS record (RFC 8446 5.1): enough to step over records.
#pragma once

#include <querytap/base/reader.h>

namespace querytap::tds {

inline constexpr std::size_t kTlsHeaderSize = 5;

/// change_cipher_spec, alert, handshake, application_data. No TDS packet type.
constexpr bool is_tls_content(std::uint8_t byte) noexcept {
    return byte >= 20 && byte <= 23;
}

struct TlsHeader {
    std::uint8_t content_type;
    std::uint16_t size;  ///< of what follows
    bool good;
};

inline TlsHeader read_tls_header(Bytes bytes) noexcept {
    constexpr std::uint16_t kSizeMax = 16384 + 2048;  // RFC 5246 6.2.3, the larger of the two
    Reader reader(bytes);
    TlsHeader header{};
    header.content_type = reader.u8();
    const std::uint8_t major = reader.u8();
    const std::uint8_t minor = reader.u8();
    header.size = reader.u16be();
    header.good = reader.ok() && is_tls_content(header.content_type) && major == 3 && minor <= 4 &&
                  header.size > 0 && header.size <= kSizeMax;
    return header;
}

}  // namespace querytap::tds
