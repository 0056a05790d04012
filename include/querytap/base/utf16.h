// UTF-16LE -> UTF-8, the fast way for what SQL mostly is (ASCII), correct for the rest: surrogate
// pairs become four bytes, a lone surrogate U+FFFD. SIMD through Highway, chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <querytap/base/bytes.h>

namespace querytap {

/// What a cut left over: half a unit, or a high surrogate that waits for its low one.
struct NarrowState {
    std::uint8_t odd_byte = 0;
    bool has_odd_byte = false;
    std::uint16_t high_surrogate = 0;
};

/// Bytes that `narrow` may write for `size` input bytes, state included.
constexpr std::size_t narrow_bound(std::size_t size) noexcept {
    return size * 3 / 2 + 8;
}

/// Writes to `out` (at least narrow_bound(in.size()) bytes); returns bytes written.
std::size_t narrow(Bytes in, char* out, NarrowState& state) noexcept;

/// What narrow_end may write.
inline constexpr std::size_t kNarrowEndMax = 6;

/// End of text: what waits is broken, and becomes U+FFFD.
std::size_t narrow_end(char* out, NarrowState& state) noexcept;

/// A whole short text at once (names, logins, errors), cut at `out_max` on a character's border.
std::size_t narrow_text(Bytes utf16le, char* out, std::size_t out_max) noexcept;

}  // namespace querytap
