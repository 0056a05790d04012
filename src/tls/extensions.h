// The extensions of a hello (RFC 8446 4.2): a list of type, size, data; and lists of numbers in
// them.
#pragma once

#include <querytap/base/reader.h>

namespace querytap::tls {

enum ExtensionType : std::uint16_t {
    kServerName = 0,
    kSignatureAlgorithms = 13,
    kAlpn = 16,
    kEncryptThenMac = 22,
    kEarlyData = 42,
    kSupportedVersions = 43,
};

struct Extension {
    std::uint16_t type = 0;
    Bytes data;
};

/// The next extension; false at the end of the list, or when it is cut (then the reader failed).
inline bool next_extension(Reader& list, Extension& extension) noexcept {
    if (list.remaining() == 0) return false;
    extension.type = list.u16be();
    extension.data = list.bytes(list.u16be());
    return list.ok();
}

/// Values that clients put in lists to keep servers tolerant (RFC 8701).
constexpr bool is_grease(std::uint16_t value) noexcept {
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

}  // namespace querytap::tls
