// The segments of one half that wait for bytes before them: blocks sorted by sequence number, never
// overlapping, contiguous ones merged as far as a block has room.
#pragma once

#include "block_pool.h"
#include "sequence.h"

namespace querytap::stream {

/// A piece of a stream on its way into it.
struct Piece {
    std::uint32_t sequence = 0;
    Bytes bytes;

    void drop_front(std::size_t size) noexcept {
        sequence += static_cast<std::uint32_t>(size);
        bytes = bytes.subspan(size);
    }
};

inline bool same(Bytes a, Bytes b) noexcept {
    return as_text(a) == as_text(b);
}

struct HeldOverlap {
    std::size_t bytes = 0;  ///< that were held already
    bool differed = false;
};

/// How much one half may hold.
struct HeldBound {
    std::size_t bytes;
    std::size_t blocks;
};

class HeldList {
  public:
    HeldList(BlockPool& pool, Half& half, const HeldBound& bound = {}) noexcept
        : pool_(pool), half_(half), bound_(bound) {}

    bool empty() const noexcept { return half_.held_first == kNoBlock; }
    const Block& first() const noexcept { return pool_[half_.held_first]; }
    Bytes first_bytes() const noexcept { return pool_.bytes_of(half_.held_first); }
    std::uint32_t last_sequence() const noexcept { return pool_[half_.held_last].sequence; }
    std::uint32_t last_size() const noexcept { return pool_[half_.held_last].size; }
    void pop_first() noexcept;
    /// Not empty. Walks the whole list: for when a bound is reached.
    void pop_last() noexcept;

    /// Copies what is not held yet, or, where the last copy wins, all. Stops when the bound is
    /// reached or the pool has no block left; `piece` is then what did not get in, else empty.
    HeldOverlap insert(Piece& piece, Overlap policy, Timestamp now) noexcept;

    /// Its first bytes become these.
    void overwrite_first(Bytes bytes) noexcept { pool_.overwrite(half_.held_first, 0, bytes); }

  private:
    /// Where an insertion stands: between two neighbours.
    struct Cursor {
        std::uint32_t previous;
        std::uint32_t current;
    };

    Cursor start_for(std::uint32_t sequence) const noexcept;
    bool store(Piece& piece, std::size_t size, Cursor& cursor, Timestamp now) noexcept;
    void link_after(std::uint32_t previous, std::uint32_t index) noexcept;
    bool may_take_block() const noexcept;

    BlockPool& pool_;
    Half& half_;
    HeldBound bound_;
};

}  // namespace querytap::stream
