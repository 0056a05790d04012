// The loops over text that are worth SIMD (Highway, chosen at run time).
#pragma once

#include <cstddef>
#include <cstdint>

namespace querytap::sql {

/// Copies to `out` in upper (ASCII) case up to the first quote ('); returns how many bytes. `out`
/// has room for `size`.
std::size_t copy_upper_to_quote(const char* in, std::size_t size, char* out) noexcept;

/// How many bytes stand before the first that equals `a` or `b`; `size` if none does.
std::size_t find_either(const char* in, std::size_t size, char a, char b) noexcept;

/// How many bytes stand before the first that is not of base64's alphabet; `size` if all are.
std::size_t find_non_base64(const char* in, std::size_t size) noexcept;

/// Where in normalised text a literal, number or variable begins: at a quote, or at a digit, '@' or
/// '$' that no word precedes (`after_word`: of the first byte). `size` if nowhere.
std::size_t find_value(const char* in, std::size_t size, bool after_word) noexcept;

/// Latin-1 -> UTF-8: each byte >= 0x80 becomes two. `out` has room for 2 * size; returns the bytes
/// written.
std::size_t widen_latin1(const std::uint8_t* in, std::size_t size, char* out) noexcept;

}  // namespace querytap::sql
