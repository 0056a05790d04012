#include "held_list.h"

#include <algorithm>

namespace querytap::stream {
namespace {

// A half may hold so many blocks as long as the pool has one, and more while it has twice as many:
// the fewer are left, the less any one takes of them.
constexpr std::size_t kBlocksAlways = 16;

}  // namespace

bool HeldList::may_take_block() const noexcept {
    const std::size_t held = half_.held_blocks;
    return held < bound_.blocks && (held < kBlocksAlways || held < pool_.left() / 2);
}

void HeldList::pop_first() noexcept {
    const std::uint32_t index = half_.held_first;
    half_.held_bytes -= pool_[index].size;
    --half_.held_blocks;
    half_.held_first = pool_[index].next;
    if (half_.held_first == kNoBlock) half_.held_last = kNoBlock;
    pool_.release(index);
}

void HeldList::pop_last() noexcept {
    std::uint32_t previous = kNoBlock;
    for (std::uint32_t index = half_.held_first; index != half_.held_last;
         index = pool_[index].next) {
        previous = index;
    }
    const std::uint32_t last = half_.held_last;
    half_.held_bytes -= pool_[last].size;
    --half_.held_blocks;
    half_.held_last = previous;
    (previous == kNoBlock ? half_.held_first : pool_[previous].next) = kNoBlock;
    pool_.release(last);
}

HeldList::Cursor HeldList::start_for(std::uint32_t sequence) const noexcept {
    // After one loss everything arrives behind the last block: no walk for that.
    if (!empty() && !is_before(sequence, pool_[half_.held_last].end())) {
        return {.previous = half_.held_last, .current = kNoBlock};
    }
    return {.previous = kNoBlock, .current = half_.held_first};
}

HeldOverlap HeldList::insert(Piece& piece, Overlap policy, Timestamp now) noexcept {
    HeldOverlap overlap;
    Cursor cursor = start_for(piece.sequence);
    while (!piece.bytes.empty()) {
        while (cursor.current != kNoBlock &&
               !is_before(piece.sequence, pool_[cursor.current].end())) {
            cursor = {.previous = cursor.current, .current = pool_[cursor.current].next};
        }
        std::size_t size = piece.bytes.size();
        if (cursor.current != kNoBlock) {
            const Block& block = pool_[cursor.current];
            if (!is_before(piece.sequence, block.sequence)) {
                const std::size_t offset = piece.sequence - block.sequence;
                const Bytes held = pool_.bytes_of(cursor.current).subspan(offset);
                const std::size_t common = std::min(held.size(), size);
                overlap.bytes += common;
                overlap.differed |= !same(held.first(common), piece.bytes.first(common));
                if (policy == Overlap::kLastWins) {
                    pool_.overwrite(cursor.current, offset, piece.bytes.first(common));
                }
                piece.drop_front(common);
                continue;
            }
            size = std::min<std::size_t>(size, block.sequence - piece.sequence);
        }
        if (!store(piece, size, cursor, now)) break;
    }
    return overlap;
}

/// The next `size` bytes, which nobody holds, between the cursor's neighbours.
bool HeldList::store(Piece& piece, std::size_t size, Cursor& cursor, Timestamp now) noexcept {
    size = std::min(size, bound_.bytes - std::min<std::size_t>(bound_.bytes, half_.held_bytes));
    if (size == 0) return false;
    while (size != 0) {
        const bool continues = cursor.previous != kNoBlock &&
                               pool_[cursor.previous].end() == piece.sequence &&
                               pool_[cursor.previous].size < kBlockSize;
        if (!continues) {
            if (!may_take_block()) return false;
            const std::uint32_t index = pool_.acquire(piece.sequence, now);
            if (index == kNoBlock) return false;
            link_after(cursor.previous, index);
            cursor.previous = index;
        }
        const std::size_t stored = pool_.append(cursor.previous, piece.bytes.first(size));
        half_.held_bytes += static_cast<std::uint32_t>(stored);
        piece.drop_front(stored);
        size -= stored;
    }
    return true;
}

void HeldList::link_after(std::uint32_t previous, std::uint32_t index) noexcept {
    std::uint32_t& link = previous == kNoBlock ? half_.held_first : pool_[previous].next;
    pool_[index].next = link;
    link = index;
    if (half_.held_last == previous) half_.held_last = index;
    ++half_.held_blocks;
}

}  // namespace querytap::stream
