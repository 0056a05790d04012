// The flows of one worker: found by key, created on first sight, expired by packet time. All memory
// is taken by the constructor; a full table evicts the least valuable flow of the neighbourhood.
//
// One thread. Nothing here knows what a flow carries: the owner hangs its own state on
// `Flow::attachment` and gives it back in the on_end callback.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

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

inline constexpr std::uint32_t kNoAttachment = UINT32_MAX;

/// How much a flow is worth keeping when the table is full, lowest first.
enum class Value : std::uint8_t { kHalfOpen, kUninteresting, kUndecided, kSql };

struct Flow {
    Key key;
    std::uint8_t verdict = 0;  ///< the owner's: verdict::Level, once nothing is attached any more
    std::uint64_t id = 0;  ///< EVE flow_id: from the key and the first packet, the same in each run
    Timestamp first;
    Timestamp last;
    DirectionCounters from_a;
    DirectionCounters from_b;
    std::uint32_t attachment = kNoAttachment;  ///< the owner's
    std::uint8_t tcp_flags_a = 0;              ///< all flags seen, ORed
    std::uint8_t tcp_flags_b = 0;
    State state = State::kNew;
    Value value = Value::kUndecided;  ///< the owner's
    Side client = Side::kFromA;       ///< who opened it, or the best guess
    bool client_known = false;        ///< a SYN was seen: `client` is no guess
    bool enveloped = false;           ///< Table::envelope() has something to say
    // The owner's, kept here because every flow has them, with or without an attachment:
    std::uint8_t app = 0;       ///< protocol::Protocol
    std::uint8_t attempts = 0;  ///< packets that were looked at without a decision
    bool data_from_a = false;   ///< the table's: payload was seen from a
    bool data_from_b = false;
    std::uint32_t start_a = 0;  ///< sequence of the first byte from a, once its SYN was seen
    std::uint32_t start_b = 0;
};
static_assert(sizeof(Flow) == 128, "two cache lines");

struct Timeouts {
    Duration half_open = std::chrono::seconds(30);
    Duration established = std::chrono::minutes(60);
    Duration closing = std::chrono::seconds(30);
    Duration udp = std::chrono::seconds(30);
};

struct TableCounters {
    Counter created;
    Counter active;
    Counter ended_timeout;
    Counter ended_closed;
    Counter ended_evicted;
    Counter ended_shutdown;
};

class Table {
  public:
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
    /// Second pass, when the first has arrived: the flow itself.
    void prefetch_flow(std::uint64_t hash) const noexcept;

    /// Never null: a full neighbourhood evicts. `created` says whether the flow is new. A flow
    /// whose deadline has passed by `now` is ended first and a new one begun.
    Flow& find_or_create(const Lookup& lookup, std::uint64_t hash, const packet::PacketView& packet,
                         Timestamp now, bool& created) noexcept;

    /// Counters, flags, state and deadline of the flow after this packet.
    void account(Flow& flow, Side side, const packet::PacketView& packet, Timestamp now) noexcept;

    /// VLANs and tunnel of the flow's first packet.
    packet::Envelope envelope(const Flow& flow) const noexcept;

    /// Ends all flows whose deadline has come, in order of deadline. Call before the first packet
    /// that is at or after `now`, so that events come out in order of time.
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
