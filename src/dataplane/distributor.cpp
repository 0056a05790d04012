#include "distributor.h"

#include <sched.h>
#include <string>

namespace querytap::dataplane {

/// The worker's side of its ring.
class LaneInput final : public Input {
  public:
    LaneInput(Distributor& distributor, Distributor::Lane& lane)
        : distributor_(distributor), lane_(lane) {}

    Position position() noexcept override {
        const auto ordinal = distributor_.handed_ordinal_.load(std::memory_order_acquire);
        return {from_ns(distributor_.handed_ns_.load(std::memory_order_acquire)), ordinal};
    }

    void receive(Burst& burst) noexcept override {
        std::uint16_t n = 0;
        while (n < Burst::kSizeMax) {
            rte_mbuf** slot = lane_.ring.front();
            if (slot == nullptr) break;
            burst.data()[n++] = *slot;
            lane_.ring.release();
        }
        burst.set_size(n);
    }

    unsigned fill_percent() noexcept override {
        return static_cast<unsigned>(lane_.ring.size() * 100 / lane_.ring.capacity());
    }

    bool finished() noexcept override {
        // In this order: after the flag nothing is added, so an empty ring stays empty.
        return distributor_.finished_.load(std::memory_order_acquire) && lane_.ring.size() == 0;
    }

    Timestamp end() noexcept override { return position().time; }

  private:
    Distributor& distributor_;
    Distributor::Lane& lane_;
};

Distributor::Distributor(Receiver receiver, const Options& options)
    : receiver_(std::move(receiver)),
      wait_(options.wait),
      flow_hash_(options.flow_hash),
      headers_(options.flow_hash.decode),
      fragments_(options.fragmented_datagrams, options.workers, options.flow_hash) {
    for (std::size_t i = 0; i < options.workers; ++i)
        lanes_.push_back(std::make_unique<Lane>(options.ring_size));
}

std::unique_ptr<Input> Distributor::input(std::size_t i) {
    return std::make_unique<LaneInput>(*this, *lanes_[i]);
}

void Distributor::add_fills(std::vector<sinks::FillStats>& fills) const {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        const Lane& lane = *lanes_[i];
        fills.push_back({.kind = "distributor_ring",
                         .name = "worker" + std::to_string(i),
                         .size = lane.ring.capacity(),
                         .used = lane.ring.size(),
                         .dropped = lane.dropped.read()});
    }
    fills.push_back({.kind = "fragment_lanes",
                     .name = "distributor",
                     .size = FragmentLanes::kWaitingMax,
                     .used = fragments_.waiting(),
                     .dropped = fragments_.displaced()});
}

void Distributor::run(Backoff backoff) noexcept {
    Burst burst;
    for (;;) {
        receiver_.receive(burst);
        if (burst.empty()) {
            if (receiver_.finished()) break;
            backoff.idle();
        } else {
            backoff.found_work();
        }
        for (rte_mbuf* mbuf : burst.packets())
            distribute(mbuf);
        burst.release();
        const Stamp here{to_ns(receiver_.time()), receiver_.received()};
        hand_over_fragments(fragments_.advance(from_ns(here.time_ns)), here);
        handed_ns_.store(here.time_ns, std::memory_order_release);
        handed_ordinal_.store(here.ordinal(), std::memory_order_release);
    }
    hand_over_fragments(fragments_.finish(), {to_ns(receiver_.time()), receiver_.received()});
    finished_.store(true, std::memory_order_release);
}

void Distributor::distribute(rte_mbuf* mbuf) noexcept {
    packet::PacketView packet;
    const packet::Decoded decoded = headers_.decode(mbuf, packet);
    if (decoded == packet::Decoded::kFragment) return distribute_fragment(mbuf, packet);
    std::size_t lane = 0;
    if (decoded == packet::Decoded::kOk) {
        lane = flow_hash_.lane_of(packet, lanes_.size());
        if (pipeline::is_announcement(packet)) tell_others(lane, mbuf);
    }
    hand_over(*lanes_[lane], mbuf);
}

void Distributor::distribute_fragment(rte_mbuf* mbuf, const packet::PacketView& around) noexcept {
    packet::Fragment part;
    if (packet::decode_fragment(headers_.bytes(), part, flow_hash_.decode) !=
        packet::Decoded::kFragment) {  // of no use, and counted by any worker
        return hand_over(*lanes_[flow_hash_.lane_of(around, lanes_.size())], mbuf);
    }
    const Stamp stamp = StampField::of(mbuf);
    hand_over_fragments(fragments_.push(mbuf, part, from_ns(stamp.time_ns)), stamp);
}

/// Those that waited come now: what was said of earlier places and times stays true.
void Distributor::hand_over_fragments(std::span<const FragmentLanes::Placed> placed,
                                      const Stamp& stamp) noexcept {
    for (const FragmentLanes::Placed& each : placed) {
        StampField::of(each.mbuf) = stamp;
        hand_over(*lanes_[each.lane], each.mbuf);
    }
}

void Distributor::tell_others(std::size_t lane, rte_mbuf* mbuf) noexcept {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        rte_mbuf* const copy = i == lane ? nullptr : copy_of(mbuf);
        if (copy == nullptr) continue;
        Stamp stamp = StampField::of(mbuf);
        stamp.place |= Stamp::kElsewhere;
        StampField::of(copy) = stamp;
        hand_over(*lanes_[i], copy);
    }
}

/// Live, a copy that finds no mbuf is none: to know of a port is worth less than a packet.
rte_mbuf* Distributor::copy_of(rte_mbuf* mbuf) const noexcept {
    rte_mbuf* copy = rte_pktmbuf_copy(mbuf, mbuf->pool, 0, UINT32_MAX);
    while (copy == nullptr && wait_) {
        sched_yield();
        copy = rte_pktmbuf_copy(mbuf, mbuf->pool, 0, UINT32_MAX);
    }
    if (copy != nullptr) mark_taken(copy);
    return copy;
}

void Distributor::hand_over(Lane& lane, rte_mbuf* mbuf) noexcept {
    rte_mbuf** slot = lane.ring.reserve();
    while (slot == nullptr && wait_) {
        sched_yield();
        slot = lane.ring.reserve();
    }
    if (slot == nullptr) {
        lane.dropped.add();
        mark_given(mbuf);
        rte_pktmbuf_free(mbuf);
        return;
    }
    *slot = mbuf;
    lane.ring.publish();
}

}  // namespace querytap::dataplane
