// Sequence numbers are a circle (RFC 9293 section 3.4): only differences have an order.
#pragma once

#include <cstdint>

namespace querytap::stream {

/// How far `to` is ahead of `from`; negative: behind.
inline std::int32_t distance(std::uint32_t from, std::uint32_t to) noexcept {
    return static_cast<std::int32_t>(to - from);
}

inline bool is_before(std::uint32_t a, std::uint32_t b) noexcept {
    return distance(a, b) > 0;
}

}  // namespace querytap::stream
