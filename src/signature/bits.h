// A row of bits in memory that somebody else owns.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace querytap::signature {

using BitRow = std::span<std::uint64_t>;

constexpr std::size_t words_for_bits(std::size_t bits) noexcept {
    return (bits + 63) / 64;
}
inline void set_bit(BitRow row, std::size_t bit) noexcept {
    row[bit / 64] |= std::uint64_t{1} << (bit % 64);
}
inline bool test_bit(std::span<const std::uint64_t> row, std::size_t bit) noexcept {
    return (row[bit / 64] >> (bit % 64) & 1) != 0;
}
/// Calls `visit(bit)` for each bit that is set, in ascending order.
template <typename Visit>
void for_each_bit(std::span<const std::uint64_t> row, Visit&& visit) {
    for (std::size_t i = 0; i < row.size(); ++i) {
        for (std::uint64_t word = row[i]; word != 0; word &= word - 1) {
            visit(static_cast<std::uint32_t>(i * 64 +
                                             static_cast<std::size_t>(std::countr_zero(word))));
        }
    }
}

}  // namespace querytap::signature
