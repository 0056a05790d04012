#include <algorithm>

#include <querytap/packet/decode.h>
#include <querytap/stream/reassembler.h>

#include "held_list.h"

namespace querytap::stream {
namespace {

// Far segments in a row, each beginning where the one before ended, after which the stream is taken
// up there. One guessed segment is easy to forge; a tap that lost 64 MiB sees nothing else any
// more.
constexpr std::uint8_t kFarSegmentsMax = 3;

// Blocks that a half may hold even with a tiny bound of bytes.
constexpr std::size_t kHeldBlocksMin = 16;

}  // namespace

struct Reassembler::Impl {
    explicit Impl(const Limits& limits_)
        : limits(limits_),
          // Twice what full blocks need: room for segments smaller than a block, and an end to the
          // walk that a sender of many tiny ones can cause (256 headers by default).
          held_blocks_max(std::max(kHeldBlocksMin, 2 * limits.held_bytes_max / kBlockSize)),
          pool(limits.pool_blocks) {}

    Limits limits;
    std::size_t held_blocks_max;
    Counters counters;
    BlockPool pool;
};

namespace {

/// One call of the reassembler on one half.
class Delivery {
  public:
    Delivery(const Limits& limits, std::size_t held_blocks_max, Counters& counters, BlockPool& pool,
             Half& half, Consumer& consumer) noexcept
        : limits_(limits),
          held_blocks_max_(held_blocks_max),
          counters_(counters),
          pool_(pool),
          half_(half),
          held_(pool, half),
          consumer_(consumer) {}

    ~Delivery() { counters_.blocks_in_use.set(pool_.in_use()); }
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    bool starts_at(const Segment& segment, std::uint32_t sequence) noexcept;
    bool is_near(const Piece& piece) noexcept;
    void end_at(std::uint32_t sequence) noexcept;
    void add(Piece piece, Timestamp now);
    void give_up_old_holes(Timestamp now);
    void give_up_all_holes();

  private:
    void drop_old(Piece& piece) noexcept;
    bool fits(std::size_t size) const noexcept;
    bool receiver_may_have(std::uint32_t end) const noexcept;
    bool hold(Piece& piece, Timestamp now);
    void pass_in_order(Piece piece, Timestamp now);
    void pass(Bytes bytes);
    void pass_first_held();
    void pass_contiguous_held();
    void give_up_first_hole();
    void skip_to(std::uint32_t sequence);
    void note_overlap(std::size_t bytes, bool differed);
    void note_end() noexcept;

    const Limits& limits_;
    const std::size_t held_blocks_max_;
    Counters& counters_;
    BlockPool& pool_;
    Half& half_;
    HeldList held_;
    Consumer& consumer_;
    bool told_conflict_ = false;
};

/// False: this segment says nothing about where the stream stands.
bool Delivery::starts_at(const Segment& segment, std::uint32_t sequence) noexcept {
    if (half_.started) return true;
    const bool syn = (segment.flags & packet::kSyn) != 0;
    // Picked up mid-stream: the first data seen is the start. A single byte without PSH is the
    // keep-alive of a Windows host, a byte that was acknowledged long ago.
    const bool probe = segment.payload.size() <= 1 && (segment.flags & packet::kPsh) == 0;
    if (!syn && (probe || (segment.flags & packet::kRst) != 0)) return false;
    half_.started = true;
    half_.next_sequence = sequence;
    return true;
}

/// Counts and refuses what cannot belong to the stream, until it proves to be the stream.
bool Delivery::is_near(const Piece& piece) noexcept {
    const std::int32_t ahead = distance(half_.next_sequence, piece.sequence);
    constexpr auto kLimit = static_cast<std::int32_t>(kPlausibleDistance);
    if (ahead <= kLimit && ahead >= -kLimit) {
        if (!piece.bytes.empty()) half_.far_segments = 0;
        return true;
    }
    counters_.segments_far.add();
    if (piece.bytes.empty()) return false;
    const bool continues = half_.far_segments != 0 && piece.sequence == half_.far_next;
    half_.far_segments = continues ? static_cast<std::uint8_t>(half_.far_segments + 1) : 1;
    half_.far_next = piece.sequence + static_cast<std::uint32_t>(piece.bytes.size());
    if (half_.far_segments < kFarSegmentsMax) return false;

    give_up_all_holes();
    counters_.gaps.add();
    counters_.resynchronised.add();
    consumer_.on_gap(0);
    half_.far_segments = 0;
    half_.fin_seen = false;
    half_.next_sequence = piece.sequence;
    return true;
}

// Neither FIN nor RST moves next_sequence. A forged one then costs nothing: data that goes on at
// its number is still in order.
void Delivery::end_at(std::uint32_t sequence) noexcept {
    if (!half_.fin_seen) {
        half_.fin_seen = true;
        half_.fin_sequence = sequence;
    }
    note_end();
}

void Delivery::note_end() noexcept {
    if (half_.fin_seen && !is_before(half_.next_sequence, half_.fin_sequence)) {
        half_.finished = true;
    }
}

void Delivery::add(Piece piece, Timestamp now) {
    // Each turn of the loop passes on at least one held block, or makes the piece the next in
    // order.
    for (;;) {
        drop_old(piece);
        if (piece.bytes.empty()) return;
        if (piece.sequence == half_.next_sequence) {
            pass_in_order(piece, now);
            return;
        }
        if (hold(piece, now)) return;
        if (held_.empty() || is_before(piece.sequence, held_.first().sequence)) {
            skip_to(piece.sequence);
        } else {
            give_up_first_hole();
        }
    }
}

void Delivery::drop_old(Piece& piece) noexcept {
    const std::int32_t behind = distance(piece.sequence, half_.next_sequence);
    if (behind <= 0) return;
    const std::size_t old = std::min(piece.bytes.size(), static_cast<std::size_t>(behind));
    // Keep-alives and zero-window probes repeat the last byte (RFC 9293 sections 3.8.4, 3.8.6.1).
    const bool probe = behind == 1 && piece.bytes.size() <= 1;
    if (!probe) counters_.retransmitted_bytes.add(old);
    piece.drop_front(old);
}

bool Delivery::fits(std::size_t size) const noexcept {
    const std::size_t blocks = (size + kBlockSize - 1) / kBlockSize;
    return half_.held_bytes + size <= limits_.held_bytes_max &&
           half_.held_blocks + blocks <= held_blocks_max_;
}

/// False when not all of the piece got in; the piece is then what is left.
bool Delivery::hold(Piece& piece, Timestamp now) {
    if (!fits(piece.bytes.size())) return false;
    if (held_.empty()) half_.hole_since = now;
    const HeldOverlap overlap = held_.insert(piece, limits_.overlap, now);
    note_overlap(overlap.bytes, overlap.differed);
    if (!piece.bytes.empty()) {
        counters_.pool_exhausted.add();
        return false;
    }
    counters_.segments_held.add();
    return true;
}

/// The piece begins at next_sequence. Blocks that are held came first.
void Delivery::pass_in_order(Piece piece, Timestamp now) {
    counters_.segments_in_order.add();
    while (!piece.bytes.empty()) {
        std::size_t lead = piece.bytes.size();
        if (!held_.empty()) {
            lead = std::min<std::size_t>(lead, held_.first().sequence - half_.next_sequence);
        }
        if (lead != 0) {
            pass(piece.bytes.first(lead));
            piece.drop_front(lead);
            continue;
        }
        const Bytes first_copy = held_.first_bytes();
        const std::size_t common = std::min(first_copy.size(), piece.bytes.size());
        note_overlap(common, !same(first_copy.first(common), piece.bytes.first(common)));
        if (limits_.overlap == Overlap::kLastWins) held_.overwrite_first(piece.bytes.first(common));
        pass_first_held();
        piece.drop_front(common);
    }
    pass_contiguous_held();
    half_.hole_since = now;  // the sender is alive: what is left of a hole may still come
    note_end();
}

void Delivery::pass(Bytes bytes) {
    half_.next_sequence += static_cast<std::uint32_t>(bytes.size());
    consumer_.on_stream(bytes);
}

void Delivery::pass_first_held() {
    pass(held_.first_bytes());
    held_.pop_first();
}

void Delivery::pass_contiguous_held() {
    while (!held_.empty() && held_.first().sequence == half_.next_sequence)
        pass_first_held();
}

void Delivery::skip_to(std::uint32_t sequence) {
    const std::uint32_t size = sequence - half_.next_sequence;
    counters_.gaps.add();
    counters_.gap_bytes.add(size);
    half_.next_sequence = sequence;
    consumer_.on_gap(size);
}

void Delivery::give_up_first_hole() {
    skip_to(held_.first().sequence);
    pass_contiguous_held();
    if (!held_.empty()) half_.hole_since = held_.first().arrived;
    note_end();
}

void Delivery::give_up_old_holes(Timestamp now) {
    while (!held_.empty() && receiver_may_have(held_.first().sequence) &&
           later_by(half_.hole_since, limits_.gap_timeout) <= now) {
        give_up_first_hole();
    }
}

// A segment that the tap sees and the receiver does not (forged, with a TTL too small) would else
// move the stream past all that is really sent, which would then look like retransmissions.
bool Delivery::receiver_may_have(std::uint32_t end) const noexcept {
    return !half_.acknowledgement_seen || !is_before(half_.acknowledged, end);
}

void Delivery::give_up_all_holes() {
    while (!held_.empty())
        give_up_first_hole();
}

void Delivery::note_overlap(std::size_t bytes, bool differed) {
    counters_.retransmitted_bytes.add(bytes);
    if (!differed) return;
    counters_.conflicting_overlaps.add();
    if (!told_conflict_) consumer_.on_conflicting_overlap();
    told_conflict_ = true;
}

}  // namespace

Reassembler::Reassembler(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
Reassembler::~Reassembler() = default;

void Reassembler::push(Half& half, const Segment& segment, Timestamp now, Consumer& consumer) {
    Delivery delivery(impl_->limits, impl_->held_blocks_max, impl_->counters, impl_->pool, half,
                      consumer);
    // SYN takes a number of its own (RFC 9293 section 3.4); data with it (TCP Fast Open, RFC 7413)
    // stands behind it.
    const bool syn = (segment.flags & packet::kSyn) != 0;
    const bool rst = (segment.flags & packet::kRst) != 0;
    const std::uint32_t sequence = segment.sequence + (syn ? 1 : 0);
    if (!delivery.starts_at(segment, sequence)) return;

    // What stands in a RST explains it (RFC 9293 section 3.5.3) and is no part of the stream.
    const Piece piece{.sequence = sequence, .bytes = rst ? Bytes{} : segment.payload};
    if (!delivery.is_near(piece)) return;
    delivery.add(piece, now);
    if (rst || (segment.flags & packet::kFin) != 0) {
        delivery.end_at(sequence + static_cast<std::uint32_t>(piece.bytes.size()));
    }
    delivery.give_up_old_holes(now);
}

void Reassembler::acknowledge(Half& half, std::uint32_t acknowledgement) noexcept {
    if (!half.started) return;
    // Old acknowledgements arrive late, and numbers from nowhere are no news.
    const std::int32_t ahead = distance(half.next_sequence, acknowledgement);
    constexpr auto kLimit = static_cast<std::int32_t>(kPlausibleDistance);
    if (ahead > kLimit || ahead < -kLimit) return;
    if (half.acknowledgement_seen && !is_before(half.acknowledged, acknowledgement)) return;
    half.acknowledged = acknowledgement;
    half.acknowledgement_seen = true;
}

void Reassembler::check_hole(Half& half, Timestamp now, Consumer& consumer) {
    if (half.held_first == kNoBlock) return;
    Delivery(impl_->limits, impl_->held_blocks_max, impl_->counters, impl_->pool, half, consumer)
        .give_up_old_holes(now);
}

void Reassembler::flush(Half& half, Consumer& consumer) {
    if (half.held_first == kNoBlock) return;
    Delivery(impl_->limits, impl_->held_blocks_max, impl_->counters, impl_->pool, half, consumer)
        .give_up_all_holes();
}

bool Reassembler::may_reset(const Half& half, std::uint32_t sequence) noexcept {
    if (!half.started) return true;
    const bool fin = half.fin_seen && sequence == half.fin_sequence + 1;
    return sequence == half.next_sequence || fin ||
           (half.acknowledgement_seen && sequence == half.acknowledged);
}

void Reassembler::restart(Half& half) noexcept {
    HeldList held(impl_->pool, half);
    while (!held.empty())
        held.pop_first();
    impl_->counters.blocks_in_use.set(impl_->pool.in_use());
    half = {};
}

const Counters& Reassembler::counters() const noexcept {
    return impl_->counters;
}

}  // namespace querytap::stream
