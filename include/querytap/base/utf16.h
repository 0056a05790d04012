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
/// two: some units at a time in a register cost less than a call.
inline constexpr std::size_t kShortBytes = 48;

namespace detail {

/// `Units` is a register of them, `Chars` one of as many characters.
template <typename Units, typename Chars>
inline bool narrow_steps(Bytes in, char* out) noexcept {
    Units seen{};
    const auto step = [&](std::size_t at) {
        Units units;
        std::memcpy(&units, in.data() + at, sizeof units);
        seen |= units;
        const auto chars = __builtin_convertvector(units, Chars);
        std::memcpy(out + at / 2, &chars, sizeof chars);
    };
    for (std::size_t at = 0; at + sizeof(Units) < in.size(); at += sizeof(Units))
        step(at);
    step(in.size() - sizeof(Units));  // the last ones, some of them again
    seen &= 0xff80;
    std::uint64_t left[sizeof(Units) / 8];
    std::memcpy(left, &seen, sizeof left);
    std::uint64_t any = 0;
    for (const std::uint64_t part : left)
        any |= part;
    return any == 0;
}

}  // namespace detail

inline bool narrow_short(Bytes in, char* out) noexcept {
    using Units8 [[gnu::vector_size(16)]] = std::uint16_t;
    using Units4 [[gnu::vector_size(8)]] = std::uint16_t;
    using Chars8 [[gnu::vector_size(8)]] = std::uint8_t;
    using Chars4 [[gnu::vector_size(4)]] = std::uint8_t;
    if (in.size() < sizeof(Units4) || in.size() > kShortBytes || in.size() % 2 != 0) return false;
    return in.size() < sizeof(Units8) ? detail::narrow_steps<Units4, Chars4>(in, out)
                                      : detail::narrow_steps<Units8, Chars8>(in, out);
}

/// What narrow_end may write.
inline constexpr std::size_t kNarrowEndMax = 6;

/// End of text: what waits is broken, and becomes U+FFFD.
std::size_t narrow_end(char* out, NarrowState& state) noexcept;

/// A whole short text at once (names, logins, errors), cut at `out_max` on a character's border.
std::size_t narrow_text(Bytes utf16le, char* out, std::size_t out_max) noexcept;

}  // namespace querytap
