#include "delivery.h"

#include <algorithm>

#include <querytap/packet/decode.h>

namespace querytap::stream {
namespace {

// Far segments in a row, each beginning where the one before ended, after which the stream is taken
// up there. One guessed segment is easy to forge; a tap that lost 64 MiB sees nothing else any
// more.
constexpr std::uint8_t kFarSegmentsMax = 3;

// A window is at least taken for this: of two ports of a tap, one may run so far ahead.
constexpr std::uint32_t kNearMin = 1u << 20;

// A hole that nobody fills for so many time-outs (two minutes), though the receiver waits for it:
// senders give up by then, so what is held behind it was never sent.
constexpr int kTimeoutsStuck = 60;

/// How far ahead of what the receiver has, or the tap, a segment may begin. A sender fills one
/// window; a tap whose ports are skewed sees the next one before the acknowledgement that opens it.
std::int32_t plausible_distance(const Half& half) noexcept {
    if (half.window_max == 0 || half.window_max >= kPlausibleDistance / 2) {
        return static_cast<std::int32_t>(kPlausibleDistance);
    }
    return static_cast<std::int32_t>(std::max(2 * half.window_max, kNearMin));
}

bool within(std::int32_t distance, std::int32_t limit) noexcept {
    return distance <= limit && distance >= -limit;
}

}  // namespace

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

bool Delivery::is_near(const Piece& piece) noexcept {
    constexpr auto kBehind = static_cast<std::int32_t>(kPlausibleDistance);
    const bool receiver_ahead =
        half_.acknowledgement_seen && is_before(half_.next_sequence, half_.acknowledged);
    const std::uint32_t from = receiver_ahead ? half_.acknowledged : half_.next_sequence;
    const std::int32_t ahead = distance(from, piece.sequence);
    if (ahead <= plausible_distance(half_) && ahead >= -kBehind) {
        if (!piece.bytes.empty()) half_.far_segments = 0;
        return true;
    }
    counters_.segments_far.add();
    if (piece.bytes.empty()) return false;
    const bool continues = half_.far_segments != 0 && piece.sequence == half_.far_next;
    half_.far_segments =
        continues
            ? static_cast<std::uint8_t>(std::min<int>(half_.far_segments + 1, kFarSegmentsMax))
            : 1;
    half_.far_next = piece.sequence + static_cast<std::uint32_t>(piece.bytes.size());
    if (half_.far_segments < kFarSegmentsMax) return false;
    // Three forged segments are no more than one, to a receiver that goes on elsewhere.
    const bool confirmed = half_.far_acknowledgement_seen &&
                           within(distance(half_.far_acknowledged, piece.sequence), kBehind);
    if (half_.acknowledgement_seen && !confirmed) return false;

    give_up_all_holes();
    counters_.gaps.add();
    counters_.resynchronised.add();
    consumer_.on_gap(0);
    half_.far_segments = 0;
    half_.fin_seen = false;
    half_.moved = true;
    half_.acknowledged = half_.far_acknowledged;
    half_.far_acknowledgement_seen = false;
    half_.skipped_to = half_.skipped_from;
    half_.next_sequence = piece.sequence;
    return true;
}

void Delivery::add_early(Piece piece, Timestamp now) {
    const bool taken = !half_.acknowledgement_seen || is_before(piece.sequence, half_.acknowledged);
    if (half_.moved || !held_.empty() || !taken || piece.sequence != half_.next_sequence) {
        counters_.segments_refused.add();
        return;
    }
    hold(piece, now);
    half_.early = true;
}

/// Were the bytes of the SYN taken? Its acknowledgement tells; where none is seen, what follows.
void Delivery::settle_early() noexcept {
    if (!half_.early) return;
    const bool waiting = !held_.empty() && held_.first().sequence == half_.next_sequence;
    half_.early = waiting && !half_.acknowledgement_seen;
    if (!waiting || half_.early) return;
    // A server that does not do Fast Open acknowledges the SYN alone, and forgets its data.
    if (!is_before(half_.next_sequence, half_.acknowledged)) {
        counters_.held_dropped_bytes.add(held_.first().size);
        held_.pop_first();
        return;
    }
    pass_contiguous_held();
}

void Delivery::end_at(std::uint32_t sequence) noexcept {
    const bool passed = half_.fin_seen && is_before(half_.fin_sequence, half_.next_sequence);
    if (!half_.fin_seen || passed || is_before(sequence, half_.fin_sequence)) {
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
    settle_early();
    // Each turn of the loop passes on or lets go of at least one held block, or makes the piece the
    // next in order.
    for (;;) {
        drop_old(piece);
        if (piece.bytes.empty()) return;
        if (piece.sequence == half_.next_sequence) {
            pass_in_order(piece, now);
            return;
        }
        if (hold(piece, now)) {
            if (half_.early && !half_.acknowledgement_seen) pass_contiguous_held();
            return;
        }
        const bool is_first = held_.empty() || is_before(piece.sequence, held_.first().sequence);
        if (receiver_lacks(is_first ? piece.sequence : held_.first().sequence)) {
            if (make_room_before(piece.sequence)) continue;
            counters_.held_dropped_bytes.add(piece.bytes.size());
            return;
        }
        if (is_first) {
            skip_to(piece.sequence);
        } else {
            give_up_first_hole();
        }
    }
}

void Delivery::drop_old(Piece& piece) {
    const std::int32_t behind = distance(piece.sequence, half_.next_sequence);
    if (behind <= 0) return;
    const std::size_t old = std::min(piece.bytes.size(), static_cast<std::size_t>(behind));
    // Keep-alives and zero-window probes repeat the last byte (RFC 9293 sections 3.8.4, 3.8.6.1).
    const bool probe = behind == 1 && piece.bytes.size() <= 1;
    const std::uint32_t end = piece.sequence + static_cast<std::uint32_t>(old);
    if (half_.skipped_from != half_.skipped_to && is_before(piece.sequence, half_.skipped_to) &&
        is_before(half_.skipped_from, end)) {
        counters_.late_bytes.add(old);
        if (!told_late_) consumer_.on_late_bytes();
        told_late_ = true;
    } else if (!probe) {
        counters_.retransmitted_bytes.add(old);
    }
    piece.drop_front(old);
}

/// False when not all of the piece got in; the piece is then what is left.
bool Delivery::hold(Piece& piece, Timestamp now) {
    if (held_.empty()) half_.hole_since = now;
    const HeldOverlap overlap = held_.insert(piece, limits_.overlap, now);
    note_overlap(overlap.bytes, overlap.differed);
    if (!piece.bytes.empty()) {
        if (pool_.left() == 0) counters_.pool_exhausted.add();
        return false;
    }
    counters_.segments_held.add();
    return true;
}

/// Of what waits for the same hole, the nearest is worth most: the last makes room, if it is behind
/// this.
bool Delivery::make_room_before(std::uint32_t sequence) noexcept {
    if (held_.empty() || !is_before(sequence, held_.last_sequence())) return false;
    counters_.held_dropped_bytes.add(held_.last_size());
    held_.pop_last();
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
    half_.moved = true;
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
    if (size == 0) return;
    counters_.gaps.add();
    counters_.gap_bytes.add(size);
    const bool receiver_over =
        half_.acknowledgement_seen && !is_before(half_.acknowledged, sequence);
    if (!receiver_over) {
        half_.skipped_from = half_.next_sequence;
        half_.skipped_to = sequence;
    }
    half_.next_sequence = sequence;
    half_.moved = true;
    consumer_.on_gap(size);
}

void Delivery::give_up_first_hole() {
    skip_to(held_.first().sequence);
    pass_contiguous_held();
    if (!held_.empty()) half_.hole_since = held_.first().arrived;
    note_end();
}

void Delivery::give_up_old_holes(Timestamp now) {
    settle_early();
    if (half_.early) return;
    while (!held_.empty() && later_by(half_.hole_since, limits_.gap_timeout) <= now) {
        if (!receiver_lacks(held_.first().sequence)) {
            give_up_first_hole();
            continue;
        }
        if (later_by(half_.hole_since, kTimeoutsStuck * limits_.gap_timeout) <= now)
            let_go_of_held();
        break;
    }
}

/// Nothing is skipped: what is really sent goes on at next_sequence. Should acknowledgements come
/// no longer, age decides again.
void Delivery::let_go_of_held() noexcept {
    counters_.held_dropped_bytes.add(half_.held_bytes);
    while (!held_.empty())
        held_.pop_first();
    half_.acknowledgement_seen = false;
}

// A segment that the tap sees and the receiver does not (forged, with a TTL too small) would else
// move the stream past all that is really sent, which would then look like retransmissions.
bool Delivery::receiver_lacks(std::uint32_t end) const noexcept {
    return half_.acknowledgement_seen && is_before(half_.acknowledged, end);
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

}  // namespace querytap::stream
