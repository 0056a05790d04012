#include "fragment_lanes.h"

#include <algorithm>
#include <bit>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace querytap::dataplane {
namespace {

constexpr auto kTcp = static_cast<std::uint8_t>(packet::IpProtocol::kTcp);

}  // namespace

FragmentLanes::FragmentLanes(std::size_t datagrams, std::size_t lanes, const FlowHash& hash)
    : datagrams_(std::bit_ceil(std::max(datagrams, kWays))), lanes_(lanes), hash_(hash) {}

std::span<const FragmentLanes::Placed> FragmentLanes::push(rte_mbuf* mbuf,
                                                           const packet::Fragment& part,
                                                           Timestamp now) noexcept {
    places_ = 0;
    if (part.protocol == kTcp) {  // nothing is inside, and nothing to wait for
        placed_[places_++] = {mbuf, hash_.lane_of(part.around, lanes_)};
        return answer();
    }
    Datagram& datagram = place_of(part, now);
    if (part.offset == 0 && !datagram.placed) {
        packet::PacketView inside;
        // As far as it goes: the addresses it came to are those that the workers come to.
        (void)packet::decode_beginning(part, inside, hash_.decode);
        datagram.lane = hash_.lane_of(inside, lanes_);
        place(datagram);
    }
    if (datagram.placed) {
        placed_[places_++] = {mbuf, datagram.lane};
    } else {
        wait(mbuf, datagram);
    }
    datagram.received += part.data.size();
    if (!part.more) datagram.total = part.offset + part.data.size();
    // Whole, it makes room for others. One with duplicates stays until its time is over.
    if (datagram.placed && datagram.received == datagram.total) datagram.used = false;
    return answer();
}

/// The datagram of this key, or a fresh one in the place of the oldest.
FragmentLanes::Datagram& FragmentLanes::place_of(const packet::Fragment& part,
                                                 Timestamp now) noexcept {
    const packet::DatagramKey key = packet::key_of(part);
    const std::uint64_t hash = XXH3_64bits_withSeed(&key, sizeof(key), hash_.secret);
    Datagram* const set = datagrams_.data() + (hash * kWays & (datagrams_.size() - 1));
    Datagram* place_for = nullptr;
    for (Datagram* each = set; each != set + kWays; ++each) {
        const bool same = each->used && each->key == key;
        if (same && !is_old(*each, now)) return *each;
        const auto age = [](const Datagram* datagram) {
            return datagram->used ? datagram->begun : Timestamp::min();
        };
        if (place_for == nullptr || same || age(each) < age(place_for)) place_for = each;
        if (same) break;
    }
    if (place_for->used) {
        if (!is_old(*place_for, now)) displaced_.add();
        place(*place_for);
    }
    *place_for = {
        .used = true, .key = key, .begun = now, .lane = hash_.lane_of(part.around, lanes_)};
    return *place_for;
}

/// From now on its fragments go to its lane, first of all those that wait.
void FragmentLanes::place(Datagram& datagram) noexcept {
    datagram.placed = true;
    if (datagram.waiting == 0) return;
    std::size_t left = 0;
    for (const Waiting& each : std::span(waiting_.data(), waits_)) {
        if (each.datagram == &datagram) {
            placed_[places_++] = {each.mbuf, datagram.lane};
        } else {
            waiting_[left++] = each;
        }
    }
    waits_ = left;
    datagram.waiting = 0;
}

void FragmentLanes::wait(rte_mbuf* mbuf, Datagram& datagram) noexcept {
    if (waits_ == kWaitingMax) {
        Datagram& oldest = *waiting_[0].datagram;
        displaced_.add(oldest.waiting);
        place(oldest);
    }
    if (datagram.placed) {  // it was the oldest itself
        placed_[places_++] = {mbuf, datagram.lane};
        return;
    }
    waiting_[waits_++] = {mbuf, &datagram};
    ++datagram.waiting;
}

std::span<const FragmentLanes::Placed> FragmentLanes::advance(Timestamp now) noexcept {
    places_ = 0;
    while (waits_ != 0 && is_old(*waiting_[0].datagram, now))
        place(*waiting_[0].datagram);
    return answer();
}

std::span<const FragmentLanes::Placed> FragmentLanes::finish() noexcept {
    return advance(Timestamp::max());
}

std::span<const FragmentLanes::Placed> FragmentLanes::answer() noexcept {
    waiting_now_.set(waits_);
    return {placed_.data(), places_};
}

}  // namespace querytap::dataplane
