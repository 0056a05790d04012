// Who has to go when there is no room.
#include <algorithm>
#include <tuple>

#include "table_impl.h"

namespace querytap::flow {
namespace {

// Flows looked at for a victim beyond the new key's neighbourhood, when none stands there or only
// TDS sessions do. Where sessions have at most half of the table, all of these are sessions once
// in 2^64 times.
constexpr std::size_t kVictimSample = 64;

// From one to the next: odd, so that every flow has its turn, and far, for sessions that began one
// after the other stand side by side.
constexpr std::uint32_t kVictimStride = 0x9e3779b1;

/// What its owner thinks of it, unless it is of less worth by itself. A connection that has not
/// said anything yet counts as half-open even where its owner has no opinion: a flood of SYNs then
/// displaces itself and not the conversations. A datagram comes from whatever address its sender
/// likes, so UDP is never worth a session; and a closed connection has told all that it had.
Value worth_of(const Flow& flow) noexcept {
    switch (flow.state) {
        case State::kUdp:
        case State::kClosed:
            return std::min(flow.value, Value::kUninteresting);
        case State::kNew:
            if (flow.value == Value::kUndecided && !flow.data_from_a && !flow.data_from_b)
                return Value::kHalfOpen;
            break;
        case State::kEstablished:
        case State::kClosing:
            break;
    }
    return flow.value;
}

}  // namespace

/// All come from memory at the same time, and not one after the other.
void Table::Impl::fetch_neighbours(std::uint64_t hash) const noexcept {
    index.for_each_neighbour(hash, [&](std::uint32_t slot) { fetch(&flows[slot]); });
}

/// Both places of the key are full, the table is not: one of those there moves to its other place.
bool Table::Impl::make_room(std::uint64_t hash) noexcept {
    bool made = false;
    fetch_neighbours(hash);
    index.for_each_neighbour(hash, [&](std::uint32_t slot) {
        if (!made) made = index.move(hash_of(key_of(flows[slot]), secret), slot);
    });
    return made;
}

std::uint32_t Table::Impl::least_worth(std::uint32_t a, std::uint32_t b) const noexcept {
    if (a == kNone || b == kNone) return a == kNone ? b : a;
    const auto worth = [this](std::uint32_t slot) {
        return std::tuple(worth_of(flows[slot]), flows[slot].last, slot);
    };
    return worth(b) < worth(a) ? b : a;
}

std::uint32_t Table::Impl::least_neighbour(std::uint64_t hash) const noexcept {
    std::uint32_t victim = kNone;
    fetch_neighbours(hash);
    index.for_each_neighbour(hash, [&](std::uint32_t slot) { victim = least_worth(victim, slot); });
    return victim;
}

/// No slot is free, so every one has a flow: one near the key, for it is in the cache already, or,
/// while there are but sessions, others.
void Table::Impl::evict_for(std::uint64_t hash, Timestamp now) noexcept {
    std::uint32_t victim = least_neighbour(hash);
    const auto sessions_only = [&] {
        return victim == kNone || worth_of(flows[victim]) == Value::kSql;
    };
    for (std::size_t i = 0; i < std::min(kVictimSample, flows.size()) && sessions_only(); ++i) {
        victim = least_worth(victim, victim_hand);
        victim_hand = (victim_hand + kVictimStride) & static_cast<std::uint32_t>(flows.size() - 1);
    }
    // A newcomer among sessions takes the place of the newcomer before it.
    if (sessions_only()) victim = least_worth(victim, newest);
    evict(victim, now);
}

/// Slots are free, but the places of the key are full and cannot be emptied: hardly ever.
void Table::Impl::evict_neighbour(std::uint64_t hash, Timestamp now) noexcept {
    evict(least_neighbour(hash), now);
}

void Table::Impl::count_evicted(const Flow& flow) noexcept {
    if (flow.state == State::kUdp) return counters.evicted_udp.add();
    if (flow.state == State::kClosed) return counters.evicted_closed.add();
    switch (worth_of(flow)) {
        case Value::kHalfOpen:
            return counters.evicted_half_open.add();
        case Value::kUninteresting:
            return counters.evicted_uninteresting.add();
        case Value::kUndecided:
            return counters.evicted_undecided.add();
        case Value::kSql:
            return counters.evicted_sql.add();
    }
}

void Table::Impl::evict(std::uint32_t victim, Timestamp now) noexcept {
    count_evicted(flows[victim]);
    wheel.disarm(victim);
    end(victim, EndReason::kEvicted, now);
}

}  // namespace querytap::flow
