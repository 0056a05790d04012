// Little-endian numbers at the end of a vector, for builders of test messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace querytap::test {

using ByteVector = std::vector<std::uint8_t>;

inline void le16(ByteVector& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
}

inline void le32(ByteVector& out, std::size_t value) {
    le16(out, value & 0xffff);
    le16(out, value >> 16);
}

inline void le64(ByteVector& out, std::size_t value) {
    le32(out, value & 0xffffffff);
    le32(out, value >> 32);
}

inline void append(ByteVector& out, const ByteVector& more) {
    out.insert(out.end(), more.begin(), more.end());
}

}  // namespace querytap::test
