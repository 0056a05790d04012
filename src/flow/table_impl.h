// What the table is made of. The flows stand in arrays by slot; the index finds slots, the wheel
// knows when to look at them.
#pragma once

#include <array>
#include <span>
#include <tuple>

#include <querytap/flow/table.h>

#include "index.h"
#include "key_hash.h"
#include "tcp_state.h"
#include "wheel.h"

namespace querytap::flow {

/// What a flow is known by, in one word.
struct Identity {
    std::uint64_t addresses;
    bool ipv6;
};

/// What few packets touch.
struct Cold {
    Timestamp first;
    Starts starts;
};
static_assert(sizeof(Cold) == 16);

/// Of two IPv6 addresses, what is not in Flow::addresses.
struct Ipv6Rest {
    std::array<std::uint8_t, 16> a;
    std::array<std::uint8_t, 8> b;  // the network's half
    bool operator==(const Ipv6Rest&) const noexcept = default;
};

/// A flow that is to end, and its place among those that end together.
struct Ending {
    std::int64_t time;
    std::uint64_t id;
    std::uint32_t slot;
    bool operator<(const Ending& other) const noexcept {
        return std::tie(time, id) < std::tie(other.time, other.id);
    }
};

struct Table::Impl {
    static constexpr std::uint32_t kNone = Wheel::kNone;

    Impl(std::size_t capacity, const Timeouts& timeouts_, std::uint64_t secret_, OnEnd on_end_)
        : timeouts(timeouts_),
          secret(secret_),
          on_end(std::move(on_end_)),
          flows(capacity),
          cold(capacity),
          handshake_us(capacity),
          ipv6(capacity),
          envelopes(capacity),
          index(capacity),
          wheel(capacity),
          ending(capacity) {
        counters.capacity.set(capacity);
        ending[0] = {};  // live, no more than its first page is used: it comes now
    }

    Timeouts timeouts;
    std::uint64_t secret;
    OnEnd on_end;
    TableCounters counters;

    MappedArray<Flow> flows;
    MappedArray<Cold> cold;
    MappedArray<std::uint32_t> handshake_us;  // half-way: of the last SYN, from the first packet on
    // Memory is taken by flows that have such.
    MappedArray<Ipv6Rest> ipv6;
    MappedArray<packet::Envelope> envelopes;
    Index index;
    Wheel wheel;
    MappedArray<Ending> ending;  // together, in order
    std::size_t ending_count = 0;

    // Free places are chained through Flow::attachment.
    std::uint32_t free_head = kNone;
    std::uint32_t untouched = 0;    // slots from here on were never used
    std::uint32_t victim_hand = 0;  // where the last sample for a victim stopped
    std::uint32_t newest = kNone;   // the flow created last
    // advance() had nothing left to do from here to there.
    Timestamp advanced_from = Timestamp::max();
    Timestamp advanced_until = Timestamp::min();

    std::uint32_t slot_of(const Flow& flow) const noexcept {
        return static_cast<std::uint32_t>(&flow - flows.data());
    }
    bool full() const noexcept { return free_head == kNone && untouched == flows.size(); }

    Key key_of(const Flow& flow) const noexcept;
    std::uint64_t id_of(const Flow& flow) const noexcept {
        return flow_id_of(key_of(flow), cold[slot_of(flow)].first);
    }
    bool is(const Flow& flow, const Identity& wanted, const Key& key) const noexcept;
    Duration timeout_of(State state) const noexcept;
    Tick deadline_of(const Flow& flow) const noexcept {
        return tick_at_or_after(later_by(flow.last, timeout_of(flow.state)));
    }

    /// The division only when it may matter.
    bool is_over(const Flow& flow, Timestamp now) const noexcept {
        return later_by(flow.last, timeout_of(flow.state)) <= now &&
               time_of(deadline_of(flow)) <= now;
    }

    std::uint32_t take_slot() noexcept;
    Flow& create(const Lookup& lookup, std::uint64_t hash, const packet::PacketView& packet,
                 Timestamp now) noexcept;
    void end(std::uint32_t slot, EndReason reason, Timestamp when) noexcept;
    void end_at_deadline(std::uint32_t slot) noexcept;
    void fetch_neighbours(std::uint64_t hash) const noexcept;
    std::uint32_t least_worth(std::uint32_t a, std::uint32_t b) const noexcept;
    std::uint32_t least_neighbour(std::uint64_t hash) const noexcept;
    void evict_for(std::uint64_t hash, Timestamp now) noexcept;
    void evict_neighbour(std::uint64_t hash, Timestamp now) noexcept;
    void evict(std::uint32_t victim, Timestamp now) noexcept;
    void count_evicted(const Flow& flow) noexcept;
    bool make_room(std::uint64_t hash) noexcept;
    void note_syn(Flow& flow, Side side, const packet::PacketView& packet) noexcept;
    void time_handshake(Flow& flow) noexcept;
    void enter(Flow& flow, State next) noexcept;
    void set_state(Flow& flow, State next) noexcept;
    void end_or_arm(std::uint32_t slot, Tick due) noexcept;
    void collect_due(std::size_t& looks) noexcept;
    void collect_all() noexcept;
    std::span<const Ending> take_collected() noexcept;
    void jump(Tick now) noexcept;
    void end_collected() noexcept;
};

}  // namespace querytap::flow
