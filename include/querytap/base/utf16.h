// UTF-16LE -> UTF-8, the fast way for what SQL mostly is (ASCII), correct for the rest: surrogate
// pairs become four bytes, a lone surrogate U+FFFD. SIMD through Highway, chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
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

/// The same of a whole text that is short, with room for kShortBytes: false, and `out` worth
/// nothing, where it is longer or is not ASCII. Inline, for most values of results are a word or
/// two: four units at a time in a register cost less than a call.
inline constexpr std::size_t kShortBytes = 48;
inline bool narrow_short(Bytes in, char* out) noexcept {
    constexpr std::size_t kStep = 8;
    constexpr std::uint64_t kNotAscii = 0xff80'ff80'ff80'ff80;
    if (in.size() < kStep || in.size() > kShortBytes || in.size() % 2 != 0) return false;
    std::uint64_t seen = 0;
    const auto step = [&](std::size_t at) {
        std::uint64_t four;
        std::memcpy(&four, in.data() + at, sizeof four);
        seen |= four;
        four = (four | four >> 8) & 0x0000'ffff'0000'ffff;
        const auto narrowed = static_cast<std::uint32_t>(four | four >> 16);
        std::memcpy(out + at / 2, &narrowed, sizeof narrowed);
    };
    for (std::size_t at = 0; at + kStep < in.size(); at += kStep)
        step(at);
    step(in.size() - kStep);  // the last four, some of them again
    return (seen & kNotAscii) == 0;
}

/// What narrow_end may write.
inline constexpr std::size_t kNarrowEndMax = 6;

/// End of text: what waits is broken, and becomes U+FFFD.
std::size_t narrow_end(char* out, NarrowState& state) noexcept;

/// A whole short text at once (names, logins, errors), cut at `out_max` on a character's border.
std::size_t narrow_text(Bytes utf16le, char* out, std::size_t out_max) noexcept;

}  // namespace querytap
