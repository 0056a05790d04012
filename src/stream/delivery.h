// One call of the reassembler on one half: where a segment belongs, what of it is new, what becomes
// of holes.
#pragma once

#include "held_list.h"
#include "sequence.h"

namespace querytap::stream {

class Delivery {
  public:
    Delivery(const Limits& limits, const HeldBound& bound, Counters& counters, BlockPool& pool,
             Half& half, Consumer& consumer) noexcept
        : limits_(limits),
          counters_(counters),
          pool_(pool),
          half_(half),
          held_(pool, half, bound),
          consumer_(consumer) {}

    ~Delivery() { counters_.blocks_in_use.set(pool_.in_use()); }
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    /// False: this segment says nothing about where the stream stands.
    bool starts_at(const Segment& segment, std::uint32_t sequence) noexcept;
    /// Counts and refuses what cannot belong to the stream, until it proves to be the stream.
    bool is_near(const Piece& piece) noexcept;
    /// Data of the SYN (TCP Fast Open, RFC 7413): held until the receiver says that it took it.
    void add_early(Piece piece, Timestamp now);
    void add(Piece piece, Timestamp now);
    /// A FIN, or a RST that the receiver believes. Neither moves next_sequence: a forged one then
    /// costs nothing, data that goes on at its number is still in order.
    void end_at(std::uint32_t sequence) noexcept;
    void give_up_old_holes(Timestamp now);
    void give_up_all_holes();

  private:
    void drop_old(Piece& piece);
    bool hold(Piece& piece, Timestamp now);
    bool make_room_before(std::uint32_t sequence) noexcept;
    bool receiver_lacks(std::uint32_t end) const noexcept;
    void settle_early() noexcept;
    void pass_in_order(Piece piece, Timestamp now);
    void pass(Bytes bytes);
    void pass_first_held();
    void pass_contiguous_held();
    void give_up_first_hole();
    void let_go_of_held() noexcept;
    void skip_to(std::uint32_t sequence);
    void note_overlap(std::size_t bytes, bool differed);
    void note_end() noexcept;

    const Limits& limits_;
    Counters& counters_;
    BlockPool& pool_;
    Half& half_;
    HeldList held_;
    Consumer& consumer_;
    bool told_conflict_ = false;
    bool told_late_ = false;
};

}  // namespace querytap::stream
