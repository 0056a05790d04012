#include <algorithm>
#include <bit>
#include <tuple>

#include <querytap/flow/table.h>

#include "index.h"
#include "key_hash.h"
#include "tcp_state.h"
#include "wheel.h"

namespace querytap::flow {
namespace {

constexpr std::uint32_t kNone = Wheel::kNone;

// Flows looked at for a victim when the table is full and, by chance, none stands in the new key's
// neighbourhood: as many as a full neighbourhood has.
constexpr std::size_t kVictimSample = Index::kNeighbourhood;

constexpr std::size_t kFlowsMin = 8;

/// A connection that has not said anything yet counts as half-open even where its owner has no
/// opinion: a flood of SYNs then displaces itself and not the conversations.
Value worth_of(const Flow& flow) noexcept {
    const bool silent = flow.state == State::kNew && !flow.data_from_a && !flow.data_from_b;
    return flow.value == Value::kUndecided && silent ? Value::kHalfOpen : flow.value;
}

}  // namespace

/// What the table knows of a flow beside the flow itself: not touched by most packets.
struct Record {
    Index::Place place;
    std::uint32_t next_free;
    InitialSequences initial;
};

struct Table::Impl {
    Impl(std::size_t capacity, const Timeouts& timeouts_, std::uint64_t secret_, OnEnd on_end_)
        : timeouts(timeouts_),
          secret(secret_),
          on_end(std::move(on_end_)),
          flows(capacity),
          envelopes(capacity),
          records(capacity),
          index(capacity),
          wheel(capacity),
          ending(capacity) {}

    Timeouts timeouts;
    std::uint64_t secret;
    OnEnd on_end;
    TableCounters counters;

    MappedArray<Flow> flows;
    MappedArray<packet::Envelope> envelopes;  // memory is taken by flows that have one
    MappedArray<Record> records;
    Index index;
    Wheel wheel;
    MappedArray<std::uint32_t> ending;  // slots to be ended together, in order
    std::size_t ending_count = 0;

    std::uint32_t free_head = kNone;
    std::uint32_t untouched = 0;    // slots from here on were never used
    std::uint32_t victim_hand = 0;  // where the last sample for a victim stopped

    std::uint32_t slot_of(const Flow& flow) const noexcept {
        return static_cast<std::uint32_t>(&flow - flows.data());
    }
    bool full() const noexcept { return free_head == kNone && untouched == flows.size(); }

    Duration timeout_of(State state) const noexcept;
    Tick deadline_of(const Flow& flow) const noexcept {
        return tick_at_or_after(later_by(flow.last, timeout_of(flow.state)));
    }

    std::uint32_t take_slot() noexcept;
    Flow& create(const Lookup& lookup, std::uint64_t hash, const packet::PacketView& packet,
                 Timestamp now) noexcept;
    void end(std::uint32_t slot, EndReason reason, Timestamp when) noexcept;
    void end_at_deadline(std::uint32_t slot) noexcept;
    void evict_neighbour(std::uint64_t hash, Timestamp now) noexcept;
    void set_state(Flow& flow, State next) noexcept;
    void collect_due(Tick tick, Tick now) noexcept;
    void end_collected() noexcept;
};

Duration Table::Impl::timeout_of(State state) const noexcept {
    switch (state) {
        case State::kNew:
            return timeouts.half_open;
        case State::kEstablished:
            return timeouts.established;
        case State::kClosing:
        case State::kClosed:
            return timeouts.closing;
        case State::kUdp:
            return timeouts.udp;
    }
    return timeouts.half_open;
}

std::uint32_t Table::Impl::take_slot() noexcept {
    if (free_head == kNone) return untouched++;
    const std::uint32_t slot = free_head;
    free_head = records[slot].next_free;
    return slot;
}

Flow& Table::Impl::create(const Lookup& lookup, std::uint64_t hash,
                          const packet::PacketView& packet, Timestamp now) noexcept {
    if (full()) evict_neighbour(hash, now);
    const std::uint32_t slot = take_slot();
    std::optional<Index::Place> place = index.insert(hash, slot);
    if (!place) {
        evict_neighbour(hash, now);
        place = index.insert(hash, slot);
    }

    Flow& flow = *new (&flows[slot]) Flow{};
    flow.key = lookup.key;
    flow.id = flow_id_of(lookup.key, now);
    flow.first = now;
    flow.last = now;
    flow.enveloped = !packet.envelope.empty();
    if (flow.enveloped) envelopes[slot] = packet.envelope;
    flow.state = packet.protocol == packet::IpProtocol::kUdp ? State::kUdp : State::kNew;
    guess_client(flow, lookup.side, packet);
    records[slot] = {.place = *place, .next_free = kNone, .initial = {}};

    wheel.start(tick_at_or_before(now));
    wheel.arm(slot, deadline_of(flow));
    counters.created.add();
    counters.active.add();
    return flow;
}

/// The flow must be out of the wheel.
void Table::Impl::end(std::uint32_t slot, EndReason reason, Timestamp when) noexcept {
    Flow& flow = flows[slot];
    switch (reason) {
        case EndReason::kTimeout:
            counters.ended_timeout.add();
            break;
        case EndReason::kClosed:
            counters.ended_closed.add();
            break;
        case EndReason::kEvicted:
            counters.ended_evicted.add();
            break;
        case EndReason::kShutdown:
            counters.ended_shutdown.add();
            break;
    }
    counters.active.sub();
    on_end(flow, reason, when);
    index.erase(records[slot].place);
    records[slot].next_free = free_head;
    free_head = slot;
}

void Table::Impl::end_at_deadline(std::uint32_t slot) noexcept {
    const Flow& flow = flows[slot];
    const bool closed = flow.state == State::kClosed;
    end(slot, closed ? EndReason::kClosed : EndReason::kTimeout, time_of(deadline_of(flow)));
}

void Table::Impl::evict_neighbour(std::uint64_t hash, Timestamp now) noexcept {
    std::uint32_t victim = kNone;
    const auto consider = [&](std::uint32_t slot) {
        const auto worth = [this](std::uint32_t of) {
            return std::tuple(worth_of(flows[of]), flows[of].last, flows[of].id);
        };
        if (victim == kNone || worth(slot) < worth(victim)) victim = slot;
    };
    index.for_each_neighbour(hash, consider);
    if (victim == kNone) {
        // Only when full() holds: then every slot has a flow.
        for (std::size_t i = 0; i < std::min(kVictimSample, flows.size()); ++i) {
            consider(victim_hand);
            victim_hand = (victim_hand + 1) & static_cast<std::uint32_t>(flows.size() - 1);
        }
    }
    wheel.disarm(victim);
    end(victim, EndReason::kEvicted, now);
}

void Table::Impl::set_state(Flow& flow, State next) noexcept {
    flow.state = next;
    const std::uint32_t slot = slot_of(flow);
    // A later deadline is found out when the armed tick comes; an earlier one would be missed.
    const Tick deadline = deadline_of(flow);
    if (deadline >= wheel.armed_at(slot)) return;
    wheel.disarm(slot);
    wheel.arm(slot, deadline);
}

/// Moves what was armed at `tick` to `ending` when its deadline is not after `now`, else back.
void Table::Impl::collect_due(Tick tick, Tick now) noexcept {
    std::uint32_t slot = wheel.take(tick);
    while (slot != kNone) {
        const std::uint32_t next = wheel.next_of(slot);
        const Tick deadline = deadline_of(flows[slot]);
        if (deadline <= now) {
            ending[ending_count++] = slot;
        } else {
            wheel.arm(slot, deadline);
        }
        slot = next;
    }
}

void Table::Impl::end_collected() noexcept {
    std::uint32_t* const first = ending.data();
    std::uint32_t* const last = first + ending_count;
    std::sort(first, last, [this](std::uint32_t a, std::uint32_t b) {
        return std::tuple(deadline_of(flows[a]), flows[a].id) <
               std::tuple(deadline_of(flows[b]), flows[b].id);
    });
    ending_count = 0;
    for (const std::uint32_t* slot = first; slot != last; ++slot)
        end_at_deadline(*slot);
}

Table::Table(std::size_t capacity, const Timeouts& timeouts, std::uint64_t secret, OnEnd on_end)
    : impl_(std::make_unique<Impl>(std::bit_ceil(std::max(capacity, kFlowsMin)), timeouts, secret,
                                   std::move(on_end))) {}

Table::~Table() = default;

std::uint64_t Table::hash(const Key& key) const noexcept {
    return hash_of(key, impl_->secret);
}

void Table::prefetch(std::uint64_t hash) const noexcept {
    impl_->index.prefetch(hash);
}

void Table::prefetch_flow(std::uint64_t hash) const noexcept {
    impl_->index.prefetch_elements(hash, impl_->flows.data());
}

Flow& Table::find_or_create(const Lookup& lookup, std::uint64_t hash,
                            const packet::PacketView& packet, Timestamp now,
                            bool& created) noexcept {
    Impl& table = *impl_;
    const auto found = table.index.find(
        hash, [&](std::uint32_t slot) { return table.flows[slot].key == lookup.key; });
    created = true;
    if (!found) return table.create(lookup, hash, packet, now);

    Flow& flow = table.flows[*found];
    if (time_of(table.deadline_of(flow)) <= now) {
        table.wheel.disarm(*found);
        table.end_at_deadline(*found);
        return table.create(lookup, hash, packet, now);
    }
    if (packet.protocol == packet::IpProtocol::kTcp &&
        begins_anew(flow, table.records[*found].initial, lookup.side, packet)) {
        table.wheel.disarm(*found);
        table.end(*found, EndReason::kClosed, now);
        return table.create(lookup, hash, packet, now);
    }
    created = false;
    return flow;
}

void Table::account(Flow& flow, Side side, const packet::PacketView& packet,
                    Timestamp now) noexcept {
    const bool from_a = side == Side::kFromA;
    DirectionCounters& sent = from_a ? flow.from_a : flow.from_b;
    ++sent.packets;
    sent.bytes += packet.wire_size;
    flow.last = std::max(flow.last, now);
    if (!packet.payload.empty()) (from_a ? flow.data_from_a : flow.data_from_b) = true;
    if (packet.protocol != packet::IpProtocol::kTcp) return;

    std::uint8_t& flags = from_a ? flow.tcp_flags_a : flow.tcp_flags_b;
    if ((packet.tcp_flags & packet::kSyn) != 0 && (flags & packet::kSyn) == 0) {
        impl_->records[impl_->slot_of(flow)].initial.of(side) = packet.sequence;
    }
    flags = static_cast<std::uint8_t>(flags | packet.tcp_flags);
    learn_client(flow, side, packet);
    const State next = next_state(flow, side, packet);
    if (next != flow.state) impl_->set_state(flow, next);
}

void Table::advance(Timestamp now) {
    Impl& table = *impl_;
    const Tick tick_now = tick_at_or_before(now);
    if (!table.wheel.started()) {
        table.wheel.start(tick_now);
        return;
    }
    if (tick_now <= table.wheel.now()) return;

    if (tick_now - table.wheel.now() < Wheel::kTicks) {
        for (Tick tick = table.wheel.now() + 1; tick <= tick_now; ++tick) {
            table.wheel.set_now(tick);
            table.collect_due(tick, tick);
            if (table.ending_count != 0) table.end_collected();
        }
        return;
    }
    // A jump over the whole wheel (a capture of many days): one sweep instead of one look at each
    // second. Whatever is armed again goes to ticks after `now`, not yet swept positions included,
    // where a second look does no harm.
    table.wheel.set_now(tick_now);
    for (Tick tick = tick_now + 1 - Wheel::kTicks; tick <= tick_now; ++tick) {
        table.collect_due(tick, tick_now);
    }
    table.end_collected();
}

void Table::end_all(Timestamp now) {
    Impl& table = *impl_;
    table.wheel.start(tick_at_or_before(now));
    for (Tick tick = 0; tick < Wheel::kTicks; ++tick) {
        for (std::uint32_t slot = table.wheel.take(tick); slot != kNone;
             slot = table.wheel.next_of(slot)) {
            table.ending[table.ending_count++] = slot;
        }
    }
    std::uint32_t* const first = table.ending.data();
    std::uint32_t* const last = first + table.ending_count;
    std::sort(first, last, [&table](std::uint32_t a, std::uint32_t b) {
        return std::tuple(table.flows[a].first, table.flows[a].id) <
               std::tuple(table.flows[b].first, table.flows[b].id);
    });
    table.ending_count = 0;
    for (const std::uint32_t* slot = first; slot != last; ++slot) {
        table.end(*slot, EndReason::kShutdown, now);
    }
}

packet::Envelope Table::envelope(const Flow& flow) const noexcept {
    return flow.enveloped ? impl_->envelopes[impl_->slot_of(flow)] : packet::Envelope{};
}

const TableCounters& Table::counters() const noexcept {
    return impl_->counters;
}

std::size_t Table::capacity() const noexcept {
    return impl_->flows.size();
}

}  // namespace querytap::flow
