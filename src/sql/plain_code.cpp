#include "plain_code.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "plain_code_masks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "src/sql/plain_code.cpp"
#define HWY_WANT_AVX3_DL  // a byte-wise compress in one instruction
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace querytap::sql {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR  // blocks of one byte: the slow path is faster

std::size_t pass_plain_code_blocks(const char*, std::size_t, char*, PlainCode&) {
    return 0;
}

#else

namespace hn = hwy::HWY_NAMESPACE;
using plain::kBlock;
using plain::kPrefix;
using plain::Masks;

using Tag = hn::CappedTag<std::uint8_t, kBlock>;
using Vector = hn::Vec<Tag>;

/// Turns lane masks of one vector after the other into the 64 bits of a block.
template <typename Mask>
HWY_INLINE void put_bits(std::uint64_t& bits, std::size_t at, Mask mask) {
    std::array<std::uint8_t, 8> bytes{};
    hn::StoreMaskBits(Tag(), mask, bytes.data());
    std::uint64_t part;
    std::memcpy(&part, bytes.data(), sizeof part);
    bits |= part << at;
}

/// Vectors of one byte, from memory. GCC would make each of them anew in every round, from an
/// immediate, in three steps; so it is not told what stands in the table.
class Filled {
  public:
    HWY_INLINE Filled() : table_(plain::kFilled.data()) { asm("" : "+r"(table_)); }
    HWY_INLINE Vector operator()(char c) const {
        return hn::LoadDup128(Tag(), table_[static_cast<std::uint8_t>(c)].bytes);
    }

  private:
    const plain::Sixteen* table_;
};

HWY_INLINE auto is_upper(Vector text, Filled filled) {
    return hn::Lt(hn::Sub(text, filled('A')), filled(26));
}

HWY_INLINE auto may_matter(const std::uint8_t* at, Filled filled) {
    const Tag tag;
    Vector buckets = hn::Set(tag, std::uint8_t{0xff});
    for (std::size_t i = 0; i < kPrefix; ++i) {
        const Vector text = hn::LoadU(tag, at + i);
        const Vector low = hn::LoadDup128(tag, plain::kPrefixes.low[i]);
        const Vector high = hn::LoadDup128(tag, plain::kPrefixes.high[i]);
        buckets = hn::And(buckets, hn::And(hn::TableLookupBytes(low, hn::And(text, filled(15))),
                                           hn::TableLookupBytes(high, hn::ShiftRight<4>(text))));
    }
    return hn::Ne(buckets, hn::Zero(tag));
}

HWY_INLINE Masks classify(const char* block, Filled filled) {
    const Tag tag;
    Masks masks;
    for (std::size_t at = 0; at < kBlock; at += hn::Lanes(tag)) {
        const auto* const from = reinterpret_cast<const std::uint8_t*>(block) + at;
        const Vector text = hn::LoadU(tag, from);
        const Vector lowered = hn::Or(text, filled(0x20));
        const auto digit = hn::Lt(hn::Sub(text, filled('0')), filled(10));
        const auto letter = hn::Lt(hn::Sub(lowered, filled('a')), filled(26));
        const auto sign = hn::Or(hn::Lt(hn::Sub(text, filled('#')), filled(2)),  // # $
                                 hn::Or(hn::Eq(text, filled('_')), hn::Eq(text, filled('@'))));
        put_bits(masks.word, at, hn::Or(hn::Or(digit, letter), sign));
        put_bits(masks.digit, at, digit);
        put_bits(masks.blank, at, hn::Or(hn::Lt(text, filled(0x21)), hn::Eq(text, filled(0x7f))));
        put_bits(masks.quote, at, hn::Or(hn::Eq(text, filled('\'')), hn::Eq(text, filled('"'))));
        put_bits(masks.open, at, hn::Eq(text, filled('[')));
        put_bits(masks.close, at, hn::Eq(text, filled(']')));
        put_bits(masks.dash, at, hn::Eq(text, filled('-')));
        put_bits(masks.slash, at, hn::Eq(text, filled('/')));
        put_bits(masks.star, at, hn::Eq(text, filled('*')));
        put_bits(masks.n, at, hn::Eq(lowered, filled('n')));
        put_bits(masks.beyond, at, hn::Gt(text, filled(0x7f)));
        put_bits(masks.candidate, at, may_matter(from, filled));
    }
    return masks;
}

/// Writes the bytes of `keep` in lower case, blanks as ' '; returns how many.
HWY_INLINE std::size_t write_block(const char* block, std::uint64_t keep, std::uint64_t blank,
                                   char* out, Filled filled) {
    const Tag tag;
    std::size_t written = 0;
    for (std::size_t at = 0; at < kBlock; at += hn::Lanes(tag)) {
        const Vector text = hn::LoadU(tag, reinterpret_cast<const std::uint8_t*>(block) + at);
        Vector lowered = hn::Or(text, hn::IfThenElseZero(is_upper(text, filled), filled(' ')));
        std::array<std::uint8_t, 8> bits;
        const std::uint64_t blank_part = blank >> at;
        std::memcpy(bits.data(), &blank_part, sizeof blank_part);
        lowered = hn::IfThenElse(hn::LoadMaskBits(tag, bits.data()), filled(' '), lowered);
        const std::uint64_t keep_part = keep >> at;
        std::memcpy(bits.data(), &keep_part, sizeof keep_part);
        // Compress and store, not CompressStore: that instruction is slow where it writes memory.
        hn::StoreU(hn::Compress(lowered, hn::LoadMaskBits(tag, bits.data())), tag,
                   reinterpret_cast<std::uint8_t*>(out + written));
        const std::uint64_t lanes = plain::below(std::min(kBlock, at + hn::Lanes(tag)) - at);
        written += static_cast<std::size_t>(std::popcount(keep_part & lanes));
    }
    return written;
}

std::size_t pass_plain_code_blocks(const char* in, std::size_t size, char* out, PlainCode& code) {
    const Filled filled;
    char* to = out;
    std::size_t done = 0;
    while (done < size) {
        const std::size_t left = size - done;
        const char* block = in + done;
        std::array<char, kBlock + kPrefix> padded;
        if (left < padded.size()) {
            padded.fill(0);
            std::memcpy(padded.data(), block, left);
            block = padded.data();
        }
        Masks masks = classify(block, filled);
        const plain::Cut cut = plain::cut_of(masks, block, std::min(left, kBlock));
        if (cut.size == 0) break;
        const std::uint64_t range = plain::below(cut.size);
        const std::uint64_t blank = masks.blank & range;
        const std::uint64_t word = masks.word & range;
        const std::uint64_t text = range & ~blank;
        if (text != 0) {
            if (code.after_word && (word >> plain::first_bit(text) & 1) != 0) *to++ = ' ';
            // One blank stays of a run with a word on either side: its last.
            const std::uint64_t after_words = plain::run_ends(blank & word << 1, blank);
            to += write_block(block, text | (after_words & word) >> 1, blank, to, filled);
            const std::size_t last = plain::last_bit(text);
            code.after_word = (word >> last & 1) != 0;
            code.punctuation = code.after_word ? '\0' : block[last];
            code.any = true;
        }
        done += cut.size;
        if (cut.stop) break;
    }
    code.written = static_cast<std::size_t>(to - out);
    return done;
}

#endif

}  // namespace HWY_NAMESPACE
}  // namespace querytap::sql
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace querytap::sql {

HWY_EXPORT(pass_plain_code_blocks);

std::size_t pass_plain_code(const char* in, std::size_t size, char* out, PlainCode& code) noexcept {
    return HWY_DYNAMIC_DISPATCH(pass_plain_code_blocks)(in, size, out, code);
}

}  // namespace querytap::sql
#endif  // HWY_ONCE
