// The fast path on the bits of a block: what its bytes are, and how far it may go.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace querytap::sql::plain {

inline constexpr std::size_t kBlock = 64;
inline constexpr std::size_t kPrefix = 3;  // bytes of a word that are compared at once

/// One bit for each byte of a block.
struct Masks {
    std::uint64_t word = 0;
    std::uint64_t digit = 0;
    std::uint64_t blank = 0;
    std::uint64_t quote = 0;  // ' and "
    std::uint64_t open = 0;   // [
    std::uint64_t close = 0;  // ]
    std::uint64_t dash = 0;
    std::uint64_t slash = 0;
    std::uint64_t star = 0;
    std::uint64_t n = 0;          // n N
    std::uint64_t beyond = 0;     // not ASCII
    std::uint64_t candidate = 0;  // perhaps the first byte of a word that matters
};

/// The first three letters of the words that matter, in up to eight buckets; a byte fits a bucket
/// if both its halves do. The buckets are chosen so that few words of ordinary SQL fit by chance
/// (one in two thousand); those are sorted out one by one.
struct Prefixes {
    alignas(16) std::uint8_t low[kPrefix][16] = {};
    alignas(16) std::uint8_t high[kPrefix][16] = {};
};

inline constexpr Prefixes kPrefixes = [] {
    struct {
        const char* letters;
        int bucket;
    } constexpr kWords[] = {{"sp_", 0}, {"xp_", 0}, {"rev", 0}, {"rep", 0}, {"upp", 0}, {"stu", 0},
                            {"lef", 1}, {"sub", 1}, {"spa", 1}, {"try", 2}, {"rig", 2}, {"rtr", 2},
                            {"tri", 2}, {"tra", 2}, {"exe", 3}, {"dec", 3}, {"ope", 3}, {"cha", 4},
                            {"con", 4}, {"coa", 4}, {"isn", 4}, {"nch", 5}, {"cas", 5}, {"for", 6},
                            {"low", 6}, {"ltr", 6}, {"set", 7}, {"sel", 7}};
    Prefixes prefixes;
    for (const auto& word : kWords) {
        for (std::size_t i = 0; i < kPrefix; ++i) {
            const auto letter = static_cast<unsigned char>(word.letters[i]);
            const auto bit = static_cast<std::uint8_t>(1 << word.bucket);
            prefixes.low[i][letter & 15] |= bit;
            prefixes.high[i][letter >> 4] |= bit;
            if (letter != '_') prefixes.high[i][(letter >> 4) - 2] |= bit;  // upper case
        }
    }
    return prefixes;
}();

/// Every ASCII byte, as often as the smallest vector has room.
struct alignas(16) Sixteen {
    std::uint8_t bytes[16];
};
inline constexpr std::array<Sixteen, 128> kFilled = [] {
    std::array<Sixteen, 128> table{};
    for (std::size_t i = 0; i < table.size(); ++i)
        std::fill_n(table[i].bytes, sizeof(Sixteen), static_cast<std::uint8_t>(i));
    return table;
}();

constexpr std::uint64_t below(std::size_t bit) noexcept {
    return bit >= kBlock ? ~std::uint64_t{0} : (std::uint64_t{1} << bit) - 1;
}
constexpr std::size_t first_bit(std::uint64_t mask) noexcept {
    return static_cast<std::size_t>(std::countr_zero(mask));
}
constexpr std::size_t last_bit(std::uint64_t mask) noexcept {
    return kBlock - 1 - static_cast<std::size_t>(std::countl_zero(mask));
}

/// Where the word begins whose last byte stands just before `end`; `end` if none does.
constexpr std::size_t word_begin(std::uint64_t word, std::size_t end) noexcept {
    const std::uint64_t gaps = ~word & below(end);
    return gaps == 0 ? 0 : last_bit(gaps) + 1;
}

/// Where the runs of `run` end that begin at `starts`: the bit behind each.
constexpr std::uint64_t run_ends(std::uint64_t starts, std::uint64_t run) noexcept {
    return (starts + run) & ~run;
}

/// How much of a block can be passed, and whether the slow path has to look at what follows.
struct Cut {
    std::size_t size;
    bool stop;
};

/// `block` has `size` (up to kBlock) bytes of text. Brackets around a plain name mean nothing but
/// the borders of a word: they become blanks in `masks`.
Cut cut_mixed(Masks& masks, const char* block, std::size_t size) noexcept;

/// The same, quickly for what most blocks are: whole, and only words, blanks and punctuation.
inline Cut cut_of(Masks& masks, const char* block, std::size_t size) noexcept {
    const std::uint64_t starts = masks.word & ~(masks.word << 1);
    const std::uint64_t odd_numbers = run_ends(starts & masks.digit, masks.digit) & masks.word;
    const std::uint64_t special = masks.quote | masks.open | masks.close | masks.dash |
                                  masks.slash | masks.beyond | (masks.candidate & starts);
    if (size < kBlock || (odd_numbers | special) != 0) return cut_mixed(masks, block, size);
    return {word_begin(masks.word, kBlock), false};
}

}  // namespace querytap::sql::plain
