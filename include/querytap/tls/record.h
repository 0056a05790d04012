// The header of a TLS record (RFC 8446 5.1): enough to step over records.
#pragma once

#include <querytap/base/reader.h>

namespace querytap::tls {

inline constexpr std::size_t kRecordHeaderSize = 5;

enum ContentType : std::uint8_t {
    kChangeCipherSpec = 20,
    kAlert = 21,
    kHandshake = 22,
    kApplicationData = 23,
};

/// A byte that a record can begin with. No TDS packet type.
constexpr bool is_content_type(std::uint8_t byte) noexcept {
    return byte >= kChangeCipherSpec && byte <= kApplicationData;
}

struct RecordHeader {
    std::uint8_t content_type;
    std::uint16_t size;  ///< of what follows
    bool good;
};

/// `bytes`: kRecordHeaderSize of them.
inline RecordHeader read_record_header(Bytes bytes) noexcept {
    constexpr std::uint16_t kSizeMax = 16384 + 2048;  // RFC 5246 6.2.3, the larger of the two
    Reader reader(bytes);
    RecordHeader header{};
    header.content_type = reader.u8();
    const std::uint8_t major = reader.u8();
    const std::uint8_t minor = reader.u8();
    header.size = reader.u16be();
    header.good = reader.ok() && is_content_type(header.content_type) && major == 3 && minor <= 4 &&
                  header.size > 0 && header.size <= kSizeMax;
    return header;
}

}  // namespace querytap::tls
