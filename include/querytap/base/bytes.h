// Bytes that somebody else owns: frames, segments, messages. A view, never longer-lived than its
// source; on the packet path that is the current call.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace querytap {

using Bytes = std::span<const std::uint8_t>;

/// The same bytes as text. The one place where the element type changes.
inline std::string_view as_text(Bytes bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes as_bytes(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace querytap
