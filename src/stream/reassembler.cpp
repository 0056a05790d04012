#include <algorithm>

#include <querytap/packet/decode.h>
#include <querytap/stream/reassembler.h>

#include "delivery.h"

namespace querytap::stream {
namespace {

// Blocks that a half may hold even with a tiny bound of bytes.
constexpr std::size_t kHeldBlocksMin = 16;

}  // namespace

struct Reassembler::Impl {
    explicit Impl(const Limits& limits_)
        : limits(limits_),
          // Twice what full blocks need: room for segments smaller than a block, and an end to the
          // walk that a sender of many tiny ones can cause (256 headers by default).
          bound{limits.held_bytes_max,
                std::max(kHeldBlocksMin, 2 * limits.held_bytes_max / kBlockSize)},
          pool(limits.pool_blocks) {}

    Delivery deliver(Half& half, Consumer& consumer) noexcept {
        return {limits, bound, counters, pool, half, consumer};
    }

    Limits limits;
    HeldBound bound;
    Counters counters;
    BlockPool pool;
};

Reassembler::Reassembler(const Limits& limits) : impl_(std::make_unique<Impl>(limits)) {}
Reassembler::~Reassembler() = default;

void Reassembler::push(Half& half, const Segment& segment, Timestamp now, Consumer& consumer) {
    const bool syn = (segment.flags & packet::kSyn) != 0;
    const bool rst = (segment.flags & packet::kRst) != 0;
    // RFC 9293 section 3.10.7.4: once a connection stands, what has no ACK is dropped.
    if (!syn && !rst && (segment.flags & packet::kAck) == 0) {
        if (!segment.payload.empty()) impl_->counters.segments_refused.add();
        return;
    }
    Delivery delivery = impl_->deliver(half, consumer);
    // SYN takes a number of its own (RFC 9293 section 3.4); data with it stands behind it.
    const std::uint32_t sequence = segment.sequence + (syn ? 1 : 0);
    if (!delivery.starts_at(segment, sequence)) return;
    if (syn) {
        if (!segment.payload.empty()) delivery.add_early({sequence, segment.payload}, now);
        return;
    }
    if (rst && !may_reset(half, segment.sequence)) return;

    // What stands in a RST explains it (RFC 9293 section 3.5.3) and is no part of the stream.
    const Piece piece{.sequence = sequence, .bytes = rst ? Bytes{} : segment.payload};
    if (!delivery.is_near(piece)) return;
    delivery.add(piece, now);
    if (rst || (segment.flags & packet::kFin) != 0) {
        delivery.end_at(sequence + static_cast<std::uint32_t>(piece.bytes.size()));
    }
    delivery.give_up_old_holes(now);
}

void Reassembler::acknowledge(Half& half, std::uint32_t acknowledgement,
                              std::uint32_t window) noexcept {
    if (!half.started) return;
    if (window != kWindowUnknown) half.window_max = std::max(half.window_max, window);
    // Old acknowledgements arrive late. Numbers from nowhere are no news, unless the stream is
    // there.
    const std::int32_t ahead = distance(half.next_sequence, acknowledgement);
    constexpr auto kLimit = static_cast<std::int32_t>(kPlausibleDistance);
    if (ahead > kLimit || ahead < -kLimit) {
        half.far_acknowledged = acknowledgement;
        half.far_acknowledgement_seen = true;
        return;
    }
    if (half.acknowledgement_seen && !is_before(half.acknowledged, acknowledgement)) return;
    half.acknowledged = acknowledgement;
    half.acknowledgement_seen = true;
}

void Reassembler::check_hole(Half& half, Timestamp now, Consumer& consumer) {
    if (half.held_first == kNoBlock) return;
    impl_->deliver(half, consumer).give_up_old_holes(now);
}

void Reassembler::flush(Half& half, Consumer& consumer) {
    if (half.held_first == kNoBlock) return;
    impl_->deliver(half, consumer).give_up_all_holes();
}

bool Reassembler::may_reset(const Half& half, std::uint32_t sequence) noexcept {
    if (!half.started) return true;
    const bool fin = half.fin_seen && sequence == half.fin_sequence + 1;
    // What the receiver has and the tap has not. What the tap has, the receiver is about to have.
    const bool receiver_ahead =
        half.acknowledgement_seen && is_before(half.next_sequence, half.acknowledged);
    return sequence == half.next_sequence || fin ||
           (receiver_ahead && sequence == half.acknowledged);
}

bool Reassembler::may_finish(const Half& half, const Segment& segment) noexcept {
    if (!half.started) return true;
    const std::uint32_t end = segment.sequence + static_cast<std::uint32_t>(segment.payload.size());
    return (segment.flags & packet::kAck) != 0 &&
           !is_before(half.next_sequence, segment.sequence) && !is_before(end, half.next_sequence);
}

bool Reassembler::went_on(const Half& half) noexcept {
    return half.fin_seen && is_before(half.fin_sequence, half.next_sequence);
}

void Reassembler::restart(Half& half) noexcept {
    HeldList held(impl_->pool, half);
    while (!held.empty())
        held.pop_first();
    impl_->counters.blocks_in_use.set(impl_->pool.in_use());
    half = {};
    half.moved = true;
}

const Counters& Reassembler::counters() const noexcept {
    return impl_->counters;
}

}  // namespace querytap::stream
