#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include "table_impl.h"

namespace querytap::flow {
namespace {

constexpr std::size_t kFlowsMin = 8;

/// Of a place where no flow is.
constexpr packet::IpProtocol kNoProtocol{0};

// Flows that come from memory at the same time, when their tick comes.
constexpr std::size_t kFetchedTogether = 64;
// How far ahead the flows that end, and their places in the index, are fetched.
constexpr std::size_t kEndsAhead = 4;

/// Handshakes longer than this are written as this long.
constexpr std::uint32_t kMicrosecondsMax = UINT32_MAX;

/// Of IPv6 the half of the second address that says which host.
Identity identity_of(const Key& key) noexcept {
    if (key.a.address.is_v4() && key.b.address.is_v4())
        return {std::uint64_t{key.a.address.v4_number()} << 32 | key.b.address.v4_number(), false};
    Identity identity{0, true};
    std::memcpy(&identity.addresses, key.b.address.bytes().data() + 8, sizeof(identity.addresses));
    return identity;
}

Ipv6Rest rest_of(const Key& key) noexcept {
    Ipv6Rest rest{.a = key.a.address.bytes(), .b = {}};
    std::copy_n(key.b.address.bytes().begin(), rest.b.size(), rest.b.begin());
    return rest;
}

std::uint32_t microseconds(Duration duration) noexcept {
    const std::int64_t us = duration / std::chrono::microseconds(1);
    return static_cast<std::uint32_t>(
        std::clamp(us, std::int64_t{0}, std::int64_t{kMicrosecondsMax}));
}

}  // namespace

Key Table::Impl::key_of(const Flow& flow) const noexcept {
    Key key{.a = {{}, flow.port_a},
            .b = {{}, flow.port_b},
            .protocol = flow.protocol,
            .network = flow.network};
    if (flow.ipv6) {
        const Ipv6Rest& rest = ipv6[slot_of(flow)];
        std::array<std::uint8_t, 16> b;
        std::copy(rest.b.begin(), rest.b.end(), b.begin());
        std::memcpy(b.data() + rest.b.size(), &flow.addresses, sizeof(flow.addresses));
        key.a.address = IpAddress::v6(rest.a);
        key.b.address = IpAddress::v6(b);
    } else {
        key.a.address = IpAddress::v4(static_cast<std::uint32_t>(flow.addresses >> 32));
        key.b.address = IpAddress::v4(static_cast<std::uint32_t>(flow.addresses));
    }
    return key;
}

bool Table::Impl::is(const Flow& flow, const Identity& wanted, const Key& key) const noexcept {
    if (flow.addresses != wanted.addresses || flow.port_a != key.a.port ||
        flow.port_b != key.b.port || flow.network != key.network || flow.protocol != key.protocol ||
        flow.ipv6 != wanted.ipv6) {
        return false;
    }
    return !flow.ipv6 || ipv6[slot_of(flow)] == rest_of(key);
}

/// Of this connection, told by meaning_of_syn().
void Table::Impl::note_syn(Flow& flow, Side side, const packet::PacketView& packet) noexcept {
    Cold& details = cold[slot_of(flow)];
    const bool from_a = side == Side::kFromA;
    details.starts.of(side) = packet.sequence + 1;
    flow.set_start_known(side);
    const unsigned scale = packet.window_scale;
    flow.window_scales = static_cast<std::uint8_t>(
        from_a ? (flow.window_scales & 0xf0u) | scale : (flow.window_scales & 0x0fu) | scale << 4);
    if ((packet.tcp_flags & packet::kAck) != 0) {
        // Which SYN is answered, the answer says; also where that SYN was lost or seems forged.
        const bool data = from_a ? flow.data_from_b : flow.data_from_a;
        if (data) return;
        details.starts.of(other(side)) = packet.acknowledgement;
        flow.set_start_known(other(side));
    } else if (flow.state == State::kNew) {
        handshake_us[slot_of(flow)] = microseconds(flow.last - details.first);
    }
}

/// The packet that is being accounted ends the handshake, if one was seen from its beginning.
void Table::Impl::time_handshake(Flow& flow) noexcept {
    if ((flow.tcp_flags_a & flow.tcp_flags_b & packet::kSyn) == 0) return;
    const std::uint32_t slot = slot_of(flow);
    handshake_us[slot] = microseconds(flow.last - cold[slot].first) - handshake_us[slot];
    flow.handshake_timed = true;
}

Duration Table::Impl::timeout_of(State state) const noexcept {
    switch (state) {
        case State::kNew:
            return timeouts.half_open;
        case State::kEstablished:
            return timeouts.established;
        case State::kClosing:
            return timeouts.closing;
        case State::kClosed:
            return timeouts.closed;
        case State::kUdp:
            return timeouts.udp;
    }
    return timeouts.half_open;
}

std::uint32_t Table::Impl::take_slot() noexcept {
    if (free_head == kNone) return untouched++;
    const std::uint32_t slot = free_head;
    free_head = flows[slot].attachment;
    return slot;
}

Flow& Table::Impl::create(const Lookup& lookup, std::uint64_t hash,
                          const packet::PacketView& packet, Timestamp now) noexcept {
    if (full()) evict_for(hash, now);
    if (!index.has_room(hash) && !make_room(hash)) evict_neighbour(hash, now);
    const std::uint32_t slot = take_slot();
    index.insert(hash, slot);

    const Identity identity = identity_of(lookup.key);
    Flow& flow = *new (&flows[slot]) Flow{};
    flow.addresses = identity.addresses;
    flow.ipv6 = identity.ipv6;
    flow.network = lookup.key.network;
    flow.port_a = lookup.key.a.port;
    flow.port_b = lookup.key.b.port;
    flow.protocol = lookup.key.protocol;
    flow.last = now;
    flow.state = packet.protocol == packet::IpProtocol::kUdp ? State::kUdp : State::kNew;
    flow.enveloped = !packet.envelope.empty();
    guess_client(flow, lookup.side, packet);
    cold[slot] = {.first = now, .starts = {}};
    if (flow.ipv6) ipv6[slot] = rest_of(lookup.key);
    if (flow.enveloped) envelopes[slot] = packet.envelope;

    newest = slot;
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
    index.erase(hash_of(key_of(flow), secret), slot);
    flow.protocol = kNoProtocol;  // a place that was told before this is no flow's any more
    flow.attachment = free_head;
    free_head = slot;
    if (newest == slot) newest = kNone;
}

void Table::Impl::end_at_deadline(std::uint32_t slot) noexcept {
    const Flow& flow = flows[slot];
    const bool closed = flow.state == State::kClosed;
    end(slot, closed ? EndReason::kClosed : EndReason::kTimeout, time_of(deadline_of(flow)));
}

void Table::Impl::enter(Flow& flow, State next) noexcept {
    if (next == flow.state) return;
    if (next == State::kEstablished && flow.state == State::kNew) time_handshake(flow);
    set_state(flow, next);
}

void Table::Impl::set_state(Flow& flow, State next) noexcept {
    flow.state = next;
    const std::uint32_t slot = slot_of(flow);
    wheel.disarm(slot);
    wheel.arm(slot, deadline_of(flow));
}

/// The flow is to be ended when its deadline is not after `due`, else armed again.
void Table::Impl::end_or_arm(std::uint32_t slot, Tick due) noexcept {
    const Tick deadline = deadline_of(flows[slot]);
    if (deadline <= due) {
        ending[ending_count++] = {deadline, id_of(flows[slot]), slot};
    } else {
        wheel.arm(slot, deadline);
    }
}

/// What was armed at the tick where the wheel stands, of so many flows as may be looked at.
void Table::Impl::collect_due(std::size_t& looks) noexcept {
    std::array<std::uint32_t, kFetchedTogether> room;
    while (looks != 0) {
        const std::span into = std::span(room).first(std::min(room.size(), looks));
        const std::span slots = wheel.take(wheel.now(), into);
        if (slots.empty()) return;
        looks -= slots.size();
        for (const std::uint32_t slot : slots) {
            fetch(&flows[slot]);
            fetch(&cold[slot]);
        }
        for (const std::uint32_t slot : slots)
            end_or_arm(slot, wheel.now());
    }
}

/// Whatever is armed, by first packet.
void Table::Impl::collect_all() noexcept {
    std::array<std::uint32_t, kFetchedTogether> room;
    for (Tick tick = 0; tick < Wheel::kTicks; ++tick) {
        for (auto slots = wheel.take(tick, room); !slots.empty(); slots = wheel.take(tick, room)) {
            for (const std::uint32_t slot : slots)
                ending[ending_count++] = {to_ns(cold[slot].first), id_of(flows[slot]), slot};
        }
    }
}

/// What was collected, in order.
std::span<const Ending> Table::Impl::take_collected() noexcept {
    const std::span<Ending> collected(ending.data(), std::exchange(ending_count, 0));
    std::sort(collected.begin(), collected.end());
    return collected;
}

void Table::Impl::end_collected() noexcept {
    const std::span<const Ending> flows_to_end = take_collected();
    for (std::size_t i = 0; i < flows_to_end.size(); ++i) {
        if (i + 2 * kEndsAhead < flows_to_end.size())
            fetch(&flows[flows_to_end[i + 2 * kEndsAhead].slot]);
        if (i + kEndsAhead < flows_to_end.size()) {
            const Flow& later = flows[flows_to_end[i + kEndsAhead].slot];
            index.prefetch(hash_of(key_of(later), secret));
        }
        end_at_deadline(flows_to_end[i].slot);
    }
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

std::uint32_t Table::prefetch_flow(std::uint64_t hash) const noexcept {
    const std::uint32_t place = impl_->index.first_candidate(hash).value_or(kNoPlace);
    if (place != kNoPlace) fetch(&impl_->flows[place]);
    return place;
}

Flow& Table::find_or_create(const Lookup& lookup, std::uint64_t hash,
                            const packet::PacketView& packet, Timestamp now, bool& created,
                            std::uint32_t place) noexcept {
    Impl& table = *impl_;
    const Identity wanted = identity_of(lookup.key);
    const auto is_it = [&](std::uint32_t slot) {
        return table.is(table.flows[slot], wanted, lookup.key);
    };
    if (place == kNoPlace || !is_it(place))
        place = table.index.find(hash, is_it).value_or(kNoPlace);
    created = true;
    if (place == kNoPlace) return table.create(lookup, hash, packet, now);

    Flow& flow = table.flows[place];
    if (table.is_over(flow, now)) {
        table.wheel.disarm(place);
        table.end_at_deadline(place);
        return table.create(lookup, hash, packet, now);
    }
    if ((packet.tcp_flags & packet::kSyn) != 0 &&
        meaning_of_syn(flow, table.cold[place].starts, lookup.side, packet) == SynMeaning::kAnew) {
        table.wheel.disarm(place);
        table.end(place, EndReason::kClosed, now);
        return table.create(lookup, hash, packet, now);
    }
    created = false;
    return flow;
}

bool Table::account(Flow& flow, Side side, const packet::PacketView& packet, Timestamp now,
                    bool ends) noexcept {
    const bool from_a = side == Side::kFromA;
    const bool syn = (packet.tcp_flags & packet::kSyn) != 0;
    const bool foreign = syn && meaning_of_syn(flow, impl_->cold[impl_->slot_of(flow)].starts, side,
                                               packet) == SynMeaning::kForeign;
    (from_a ? flow.from_a : flow.from_b).add(packet.wire_size);
    flow.last = std::max(flow.last, now);
    if (foreign) {
        impl_->counters.syns_ignored.add();
        return false;
    }
    if (packet.protocol != packet::IpProtocol::kTcp) {
        if (!packet.payload.empty()) flow.set_data(side);
        return true;
    }
    if (syn) impl_->note_syn(flow, side, packet);
    if (!packet.payload.empty()) flow.set_data(side);
    std::uint8_t& flags = from_a ? flow.tcp_flags_a : flow.tcp_flags_b;
    flags = static_cast<std::uint8_t>(flags | packet.tcp_flags);
    learn_client(flow, side, packet);
    constexpr std::uint8_t kEnds = packet::kRst | packet::kFin;
    // No receiver takes a FIN or RST from a SYN.
    const unsigned believed = ends && !syn ? packet.tcp_flags : packet.tcp_flags & ~unsigned{kEnds};
    if ((believed & kEnds) != 0) flow.set_ended(side, true);
    impl_->enter(flow, next_state(flow, static_cast<std::uint8_t>(believed)));
    return true;
}

void Table::end_side(Flow& flow, Side side) noexcept {
    flow.set_ended(side, true);
    impl_->enter(flow, next_state(flow, packet::kFin));
}

void Table::reopen_side(Flow& flow, Side side) noexcept {
    flow.set_ended(side, false);
    impl_->enter(flow, flow.ended(other(side)) ? State::kClosing : State::kEstablished);
}

std::uint32_t Table::window_of(const Flow& flow, Side side,
                               const packet::PacketView& packet) noexcept {
    if ((packet.tcp_flags & packet::kSyn) != 0) return packet.window;  // RFC 7323 section 2.2
    const unsigned scale_a = flow.window_scales & 0x0fu;
    const unsigned scale_b = flow.window_scales >> 4;
    // Both have to offer it.
    if (scale_a == packet::kNoWindowScale || scale_b == packet::kNoWindowScale) return UINT32_MAX;
    return std::uint32_t{packet.window} << (side == Side::kFromA ? scale_a : scale_b);
}

void Table::advance(Timestamp now) {
    Impl& table = *impl_;
    if (now >= table.advanced_from && now < table.advanced_until) return;
    const Tick tick_now = tick_at_or_before(now);
    table.wheel.start(tick_now);
    if (tick_now < table.wheel.now()) return;

    std::size_t looks = table.timeouts.at_once;
    if (tick_now - table.wheel.now() >= Wheel::kTicks) table.jump(tick_now);
    for (Tick tick = table.wheel.now(); tick <= tick_now; ++tick) {
        table.wheel.set_now(tick);
        table.collect_due(looks);
        table.end_collected();
        if (looks == 0) return;
    }
    table.advanced_from = now;
    table.advanced_until = tick_now < kTickMax ? time_of(tick_now + 1) : now;
}

/// Over the whole wheel, or more (a capture of many days): where all ends come out in order, one
/// sweep instead of one look at each second. Else the last turn is enough.
void Table::Impl::jump(Tick now) noexcept {
    if (timeouts.at_once != SIZE_MAX) return wheel.set_now(now - Wheel::kTicks);
    wheel.set_now(now);
    collect_all();
    for (const Ending& any : take_collected())
        end_or_arm(any.slot, now);
    end_collected();
}

void Table::end_all(Timestamp now) {
    Impl& table = *impl_;
    table.wheel.start(tick_at_or_before(now));
    table.collect_all();
    for (const Ending& flow : table.take_collected())
        table.end(flow.slot, EndReason::kShutdown, now);
}

Key Table::key(const Flow& flow) const noexcept {
    return impl_->key_of(flow);
}

Details Table::details(const Flow& flow) const noexcept {
    const std::uint32_t slot = impl_->slot_of(flow);
    const Cold& cold = impl_->cold[slot];
    Details details{.key = key(flow),
                    .id = impl_->id_of(flow),
                    .first = cold.first,
                    .envelope = {},
                    .start_a = cold.starts.from_a,
                    .start_b = cold.starts.from_b,
                    .handshake = {}};
    if (flow.enveloped) details.envelope = impl_->envelopes[slot];
    if (flow.handshake_timed)
        details.handshake = std::chrono::microseconds(impl_->handshake_us[slot]);
    return details;
}

const TableCounters& Table::counters() const noexcept {
    return impl_->counters;
}

std::size_t Table::capacity() const noexcept {
    return impl_->flows.size();
}

}  // namespace querytap::flow
