// What the table is made of. The flows stand in arrays by slot; the index finds slots, the wheel
// knows when to look at them.
#pragma once

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
    std::uint64_t id;
    Starts starts;
    std::uint32_t handshake_us;  // half-way: of the last SYN, from `first` on
    std::uint32_t next_free;
};
static_assert(sizeof(Cold) == 32);

struct Ipv6Pair {
    IpAddress a;
    IpAddress b;
};

struct Table::Impl {
    static constexpr std::uint32_t kNone = Wheel::kNone;

    Impl(std::size_t capacity, const Timeouts& timeouts_, std::uint64_t secret_, OnEnd on_end_)
        : timeouts(timeouts_),
          secret(secret_),
          on_end(std::move(on_end_)),
          flows(capacity),
          cold(capacity),
          ipv6(capacity),
          envelopes(capacity),
          index(capacity),
          wheel(capacity),
          ending(capacity) {
        counters.capacity.set(capacity);
        ending[0] = kNone;  // live, no more than its first page is used: it comes now
    }

    Timeouts timeouts;
    std::uint64_t secret;
    OnEnd on_end;
    TableCounters counters;

    MappedArray<Flow> flows;
    MappedArray<Cold> cold;
    // Memory is taken by flows that have such.
    MappedArray<Ipv6Pair> ipv6;
    MappedArray<packet::Envelope> envelopes;
    Index index;
    Wheel wheel;
    MappedArray<std::uint32_t> ending;  // slots to be ended together, in order
    std::size_t ending_count = 0;

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
    void jump(Tick now) noexcept;
    void end_collected() noexcept;
};

}  // namespace querytap::flow
