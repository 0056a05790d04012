#include "distributor.h"

#include <sched.h>

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

Distributor::Distributor(Receiver receiver, std::size_t workers, std::size_t ring_size, bool wait,
                         const FlowHash& flow_hash)
    : receiver_(std::move(receiver)), wait_(wait), flow_hash_(flow_hash) {
    for (std::size_t i = 0; i < workers; ++i)
        lanes_.push_back(std::make_unique<Lane>(ring_size));
}

std::unique_ptr<Input> Distributor::input(std::size_t i) {
    return std::make_unique<LaneInput>(*this, *lanes_[i]);
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
        handed_ns_.store(to_ns(receiver_.time()), std::memory_order_release);
        handed_ordinal_.store(receiver_.received(), std::memory_order_release);
    }
    finished_.store(true, std::memory_order_release);
}

void Distributor::distribute(rte_mbuf* mbuf) noexcept {
    packet::PacketView packet;
    // Headers stand in the first segment of a chain.
    const Bytes head{rte_pktmbuf_mtod(mbuf, const std::uint8_t*), rte_pktmbuf_data_len(mbuf)};
    std::size_t lane = 0;
    const packet::Decoded decoded = packet::decode(head, packet, flow_hash_.decode);
    if (decoded == packet::Decoded::kOk || decoded == packet::Decoded::kFragment) {
        lane = lane_of(packet);
    }
    if (decoded == packet::Decoded::kOk && pipeline::is_announcement(packet)) {
        tell_others(lane, mbuf);
    }
    hand_over(*lanes_[lane], mbuf);
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

std::size_t Distributor::lane_of(const packet::PacketView& packet) const noexcept {
    // Addresses only: a fragment does not say its ports, and must meet the rest of its flow.
    flow::Key key = flow::lookup_of(packet, flow_hash_.key).key;
    key.a.port = key.b.port = 0;
    key.protocol = packet::IpProtocol::kTcp;
    const std::uint64_t hash = flow::hash(key, flow_hash_.secret);
    // The high half: the flow tables use the low bits of the same hash.
    return static_cast<std::size_t>(((hash >> 32) * lanes_.size()) >> 32);
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
