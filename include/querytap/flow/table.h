// The flows of one worker: found by key, created on first sight, expired by packet time. All memory
// is taken by the constructor; a full table evicts the least valuable flow it finds nearby, and a
// TDS session only where nothing else is left.
//
// A flow that idles costs 100 bytes: its line, 20 bytes of details, 8 in the wheel, 8 in the index.
// IPv6 takes 24 more, VLANs or a tunnel 48. What ends together is put in order in 24 bytes each:
// live so few, except at shutdown.
//
// One thread. Nothing here knows what a flow carries: the owner hangs its own state on
// `Flow::attachment` and gives it back in the on_end callback.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <querytap/base/counter.h>
#include <querytap/base/time.h>
#include <querytap/flow/key.h>

namespace querytap::flow {

enum class State : std::uint8_t {
    kNew,          ///< one direction seen, no handshake finished
    kEstablished,  ///< handshake complete, or picked up mid-stream with data both ways
    kClosing,      ///< FIN seen
    kClosed,       ///< RST, or FIN both ways
    kUdp,
};

/// Why a flow ended; EVE flow.reason.
enum class EndReason : std::uint8_t { kTimeout, kClosed, kEvicted, kShutdown };

struct DirectionCounters {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  ///< of whole frames
};

/// The same in twelve bytes: 48 bits each, enough for a month at 100 Gbit/s.
class PackedCounters {
  public:
    void add(std::uint32_t frame_size) noexcept {
        const DirectionCounters now = read();
        set(now.packets + 1, now.bytes + frame_size);
    }
    DirectionCounters read() const noexcept {
        return {.packets = packets_low_ | std::uint64_t{packets_high_} << 32,
                .bytes = bytes_low_ | std::uint64_t{bytes_high_} << 32};
    }
    bool any() const noexcept { return (packets_low_ | packets_high_) != 0; }

  private:
    void set(std::uint64_t packets, std::uint64_t bytes) noexcept {
        packets_low_ = static_cast<std::uint32_t>(packets);
        packets_high_ = static_cast<std::uint16_t>(packets >> 32);
        bytes_low_ = static_cast<std::uint32_t>(bytes);
        bytes_high_ = static_cast<std::uint16_t>(bytes >> 32);
    }

    std::uint32_t packets_low_ = 0;
    std::uint32_t bytes_low_ = 0;
    std::uint16_t packets_high_ = 0;
    std::uint16_t bytes_high_ = 0;
};

inline constexpr std::uint32_t kNoAttachment = UINT32_MAX;

/// How much a flow is worth keeping when the table is full, lowest first. UDP and what is closed is
/// kUninteresting at most.
enum class Value : std::uint8_t { kHalfOpen, kUninteresting, kUndecided, kSql };

/// What every packet touches, on one cache line: enough to know the flow by (IPv4 wholly; IPv6
/// addresses are compared once more where they stand), its counters, its state, and what the owner
/// needs to leave an uninteresting flow alone. All else is asked for with Table::details().
struct alignas(64) Flow {
    std::uint64_t addresses = 0;  ///< the table's: both of IPv4, or half of the second
    Timestamp last;
    std::uint32_t network = 0;                 ///< of the key
    std::uint32_t attachment = kNoAttachment;  ///< the owner's
    PackedCounters from_a;
    PackedCounters from_b;
    std::uint16_t port_a = 0;  ///< of the key
    std::uint16_t port_b = 0;
    std::uint8_t tcp_flags_a = 0;  ///< all flags seen, ORed
    std::uint8_t tcp_flags_b = 0;
    packet::IpProtocol protocol = packet::IpProtocol::kTcp;
    State state = State::kNew;
    Value value = Value::kUndecided;    ///< the owner's
    Side client = Side::kFromA;         ///< who opened it, or the best guess
    std::uint8_t app = 0;               ///< the owner's: protocol::Protocol
    std::uint8_t verdict = 0;           ///< the owner's: verdict::Level, once nothing is attached
    std::uint8_t attempts = 0;          ///< the owner's: packets looked at without a decision
    std::uint8_t window_scales = 0xff;  ///< of a in the low four bits, of b in the high ones
    bool data_from_a : 1 = false;       ///< payload was seen from a
    bool data_from_b : 1 = false;
    bool start_known_a : 1 = false;  ///< where the stream from a begins: its SYN was seen, or the
    bool start_known_b : 1 = false;  ///< SYN-ACK that answers it
    bool ended_a : 1 = false;        ///< a has sent the FIN or RST that counts
    bool ended_b : 1 = false;
    bool beginning_lost : 1 = false;  ///< the owner's: it is to be picked up mid-stream
    bool client_known : 1 = false;    ///< a SYN was seen: `client` is no guess
    bool ipv6 : 1 = false;
    bool enveloped : 1 = false;        ///< there were VLANs or a tunnel
    bool handshake_timed : 1 = false;  ///< its round trip is known
    bool told : 1 = false;             ///< the owner's: it had an event, so it has a record, too
    bool shed : 1 = false;  ///< the owner's: payload was left out before it was looked at

    bool start_known(Side side) const noexcept {
        return side == Side::kFromA ? start_known_a : start_known_b;
    }
    bool ended(Side side) const noexcept { return side == Side::kFromA ? ended_a : ended_b; }
    // clang 14 takes no bit-field of two by a condition.
    void set_start_known(Side side) noexcept {
        if (side == Side::kFromA) start_known_a = true;
        if (side == Side::kFromB) start_known_b = true;
    }
    void set_ended(Side side, bool yes) noexcept {
        if (side == Side::kFromA) ended_a = yes;
        if (side == Side::kFromB) ended_b = yes;
    }
    void set_data(Side side) noexcept {
        if (side == Side::kFromA) data_from_a = true;
        if (side == Side::kFromB) data_from_b = true;
    }
};
static_assert(sizeof(Flow) == 64, "one cache line");

/// What is said of a flow when it matters or ends.
struct Details {
    Key key;
    std::uint64_t id = 0;  ///< EVE flow_id: from the key and the first packet, the same in each run
    Timestamp first;
    packet::Envelope envelope;  ///< of the first packet
    std::uint32_t start_a = 0;  ///< sequence of the first byte from a, if Flow::start_known_a
    std::uint32_t start_b = 0;
    /// From the SYN that was answered to the client's answer, as the tap saw them.
    std::optional<Duration> handshake;
};

struct Timeouts {
    Duration half_open = std::chrono::seconds(30);
    Duration established = std::chrono::minutes(60);
    Duration closing = std::chrono::seconds(30);
    /// For late segments and repeated FINs, which begin no new flow so; short, because a closed TDS
    /// session keeps its place as long.
    Duration closed = std::chrono::seconds(5);
    Duration udp = std::chrono::seconds(30);
    /// Live: twice as many as a burst can make. A million that end in one second are spread over
    /// 16,000 bursts so, or 35 ms of 10GbE at line rate.
    static constexpr std::size_t kAtOnceLive = 64;
    /// So many flows does one advance() look at; the next ones go on. Live, a burst of packets must
    /// not wait for a million flows that end in one second. No bound: all come out in order.
    std::size_t at_once = SIZE_MAX;
};

struct TableCounters {
    Counter created;
    Counter active;
    Counter capacity;
    Counter ended_timeout;
    Counter ended_closed;
    Counter ended_evicted;
    // The evicted, by what they were.
    Counter evicted_half_open;  ///< connections that never said anything
    Counter evicted_udp;
    Counter evicted_closed;
    Counter evicted_uninteresting;  ///< known to be no SQL
    Counter evicted_undecided;      ///< not known yet
    Counter evicted_sql;            ///< TDS sessions, which go when nothing else is found
    Counter ended_shutdown;
    Counter syns_ignored;  ///< SYNs in the middle of a connection, which its peer did not answer
};

class Table {
  public:
    static constexpr std::uint32_t kNoPlace = UINT32_MAX;

    /// Called once for each flow as it leaves, before its slot is reused. `when` is the time of the
    /// event: of the closing packet, of the evicting packet, or of the deadline (whole seconds)
    /// that a timed-out flow reached. Must not call back into the table.
    using OnEnd = std::function<void(Flow& flow, EndReason reason, Timestamp when)>;

    /// capacity: flows; rounded up to a power of two.
    Table(std::size_t capacity, const Timeouts& timeouts, std::uint64_t secret, OnEnd on_end);
    ~Table();
    Table(const Table&) = delete;
    Table& operator=(const Table&) = delete;

    std::uint64_t hash(const Key& key) const noexcept;
    /// First pass over a burst: the places where the key may stand.
    void prefetch(std::uint64_t hash) const noexcept;
    /// Second pass, when the first has arrived: the flow itself. Says where it probably stands.
    std::uint32_t prefetch_flow(std::uint64_t hash) const noexcept;

    /// A full table evicts. `created` says whether the flow is new. A flow
    /// whose deadline has passed by `now` is ended first and a new one begun. place: what
    /// prefetch_flow() said; a wrong one costs time only.
    Flow& find_or_create(const Lookup& lookup, std::uint64_t hash, const packet::PacketView& packet,
                         Timestamp now, bool& created, std::uint32_t place = kNoPlace) noexcept;

    /// Counters, flags, state and deadline of the flow after this packet. ends: a RST or FIN in it
    /// may be what it seems; a forged one ends nothing. False: it is a SYN of another connection
    /// than this, whose peer has not answered it; nothing in it counts.
    bool account(Flow& flow, Side side, const packet::PacketView& packet, Timestamp now,
                 bool ends = true) noexcept;
    /// The side has sent all, as FIN or RST said before their turn came.
    void end_side(Flow& flow, Side side) noexcept;
    /// The side goes on behind its FIN or RST.
    void reopen_side(Flow& flow, Side side) noexcept;

    /// How much the sender of this packet takes, in bytes; UINT32_MAX where it is not known how its
    /// windows are scaled.
    static std::uint32_t window_of(const Flow& flow, Side side,
                                   const packet::PacketView& packet) noexcept;

    Key key(const Flow& flow) const noexcept;
    Details details(const Flow& flow) const noexcept;

    /// Ends all flows whose deadline has come, in order of deadline; or Timeouts::at_once of them,
    /// in what order they come. Call before the first packet that is at or after `now`, so that
    /// events come out in order of time. A flow that is late to end takes no more packets.
    void advance(Timestamp now);

    /// Ends every flow with kShutdown, in order of Flow::first, at time `now`.
    void end_all(Timestamp now);

    const TableCounters& counters() const noexcept;
    std::size_t capacity() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace querytap::flow
