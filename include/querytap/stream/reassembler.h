// TCP reassembly for a passive tap (RFC 9293 section 3.4 for sequence numbers). In-order payload is
// handed on in place, without a copy; segments from the future are copied into a bounded pool and
// handed on when the hole closes. Of two copies of a byte that waits, the first wins, or the last
// where so configured; that they differed is counted (conflicting overlap). A hole that does not
// close in time, or in the bound, is a gap.
//
// Not all that a tap sees reaches the receiver, or is taken by it. What RFC 9293 makes a receiver
// drop is no data here: a segment without ACK, a SYN in the middle of a stream, text in a RST,
// numbers beyond the window. Where the receiver's acknowledgements are seen, nothing but they move
// the stream over a hole.
//
// One thread. All memory is taken by the constructor.
#pragma once

#include <cstdint>
#include <memory>

#include <querytap/base/bytes.h>
#include <querytap/base/counter.h>
#include <querytap/base/time.h>

namespace querytap::stream {

/// Bytes of one block of the pool. A tail of full segments fills its blocks; a segment that stands
/// alone takes one.
inline constexpr std::size_t kBlockSize = 2048;

/// A sequence number further ahead or behind than this belongs to no window in use (RFC 7323 allows
/// 1 GiB; hosts offer a few MiB): forged, or the tap lost so much that the stream starts anew.
inline constexpr std::uint32_t kPlausibleDistance = 64u * 1024 * 1024;

/// Window of a receiver that did not say how its windows are scaled.
inline constexpr std::uint32_t kWindowUnknown = UINT32_MAX;

/// Which copy of a byte counts, of those that wait; hosts differ. What was handed on stays.
enum class Overlap : std::uint8_t { kFirstWins, kLastWins };

struct Limits {
    std::size_t pool_blocks = 16384;  ///< of kBlockSize bytes each, for all flows of a worker
    std::size_t held_bytes_max = 256 * 1024;         ///< of one direction
    Duration gap_timeout = std::chrono::seconds(2);  ///< a hole older than this is a gap
    Overlap overlap = Overlap::kFirstWins;
};

struct Counters {
    Counter segments_in_order;
    Counter segments_held;
    Counter retransmitted_bytes;
    Counter conflicting_overlaps;
    Counter gaps;
    Counter gap_bytes;
    Counter pool_exhausted;
    Counter blocks_in_use;
    Counter segments_far;        ///< beyond the receiver's window or kPlausibleDistance, not used
    Counter resynchronised;      ///< streams that were taken up again far from where they stood
    Counter segments_refused;    ///< data that no receiver takes: without ACK, on a stray SYN
    Counter held_dropped_bytes;  ///< held, then let go: the bound was reached before a hole that
                                 ///< the receiver has as well, or nobody ever filled it
    Counter late_bytes;  ///< for holes that had been given up
};

/// One direction of one flow. Owned by the flow's state; opaque but for the accessors.
struct Half {
    std::uint32_t next_sequence = 0;
    bool started = false;
    bool finished = false;          ///< FIN or RST reached
    bool fin_seen = false;          ///< `fin_sequence` means something
    std::uint8_t far_segments = 0;  ///< in a row, each continuing the one before
    bool moved = false;             ///< something was handed on: no SYN is its own any more
    bool early = false;             ///< data of the SYN is held, not yet acknowledged
    bool acknowledgement_seen = false;
    bool far_acknowledgement_seen = false;
    std::uint32_t held_first = UINT32_MAX;  ///< index of the first held block; UINT32_MAX = none
    std::uint32_t held_last = UINT32_MAX;
    std::uint32_t held_blocks = 0;
    std::uint32_t held_bytes = 0;
    std::uint32_t fin_sequence = 0;
    std::uint32_t far_next = 0;          ///< where the next far segment would continue
    std::uint32_t acknowledged = 0;      ///< by the receiver, once `acknowledgement_seen`
    std::uint32_t far_acknowledged = 0;  ///< beyond what is plausible, the last such number
    std::uint32_t window_max = 0;        ///< the largest that the receiver offered; 0: none yet
    std::uint32_t skipped_from = 0;      ///< the last hole that was given up without the receiver's
    std::uint32_t skipped_to = 0;        ///< having been seen to get over it; equal: none
    Timestamp hole_since{};              ///< the first hole was seen, or last shrank
};

/// Where contiguous bytes go.
class Consumer {
  public:
    virtual ~Consumer() = default;
    virtual void on_stream(Bytes bytes) = 0;
    /// `size` bytes were lost (or their number is not known: 0) before what follows.
    virtual void on_gap(std::uint32_t size) = 0;
    /// Two copies of the same bytes differed.
    virtual void on_conflicting_overlap() = 0;
    /// Bytes came for a hole that had been given up: a receiver may have taken what was not
    /// inspected.
    virtual void on_late_bytes() = 0;
};

struct Segment {
    std::uint32_t sequence = 0;
    std::uint8_t flags = 0;
    Bytes payload;
};

class Reassembler {
  public:
    explicit Reassembler(const Limits& limits);
    ~Reassembler();
    Reassembler(const Reassembler&) = delete;
    Reassembler& operator=(const Reassembler&) = delete;

    void push(Half& half, const Segment& segment, Timestamp now, Consumer& consumer);

    /// What the receiver of this half says it has, and how much more it takes: acknowledgement
    /// number and (scaled) window of a packet the other way. Optional. Once told, no hole is given
    /// up that the receiver has not got over itself: either the sender will repeat it, or what is
    /// held behind it was never sent.
    void acknowledge(Half& half, std::uint32_t acknowledgement,
                     std::uint32_t window = kWindowUnknown) noexcept;

    /// Would the receiver of this half believe a RST of this number? RFC 5961 section 3.2: only if
    /// it is the next that it waits for. A tap may be behind the receiver.
    static bool may_reset(const Half& half, std::uint32_t sequence) noexcept;

    /// Is a FIN behind these bytes the end of what was handed on? One that comes before its data,
    /// or from nowhere, is not; should its data come, `finished` says so.
    static bool may_finish(const Half& half, const Segment& segment) noexcept;

    /// Data was handed on beyond its FIN or RST: that was forged, or never arrived.
    static bool went_on(const Half& half) noexcept;

    /// Declares holes older than the time-out as gaps. Called on later packets of the same flow,
    /// either direction.
    void check_hole(Half& half, Timestamp now, Consumer& consumer);

    /// End of flow: everything held is handed on, holes as gaps. The half is empty afterwards.
    void flush(Half& half, Consumer& consumer);

    /// What is held is forgotten, and so is where the stream stands: the next data seen is its
    /// start.
    void restart(Half& half) noexcept;

    const Counters& counters() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::stream
