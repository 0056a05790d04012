#include "receiver.h"

#include <algorithm>

#include <rte_ethdev.h>

namespace querytap::dataplane {

Receiver::Receiver(std::vector<Queue> queues, ReplayFeeder* feeder, const std::atomic<bool>& stop)
    : queues_(std::move(queues)), feeder_(feeder), stop_(stop) {}

void Receiver::receive(Burst& burst) noexcept {
    const Queue& queue = queues_[next_];
    next_ = next_ + 1 == queues_.size() ? 0 : next_ + 1;
    // net_pcap waits until it has as many packets as were asked for. A paced replay wants each at
    // its time.
    const bool one_by_one = feeder_ != nullptr && feeder_->paced();
    const std::uint16_t wanted = one_by_one ? 1 : Burst::kSizeMax / 2;
    burst.set_size(rte_eth_rx_burst(queue.port, queue.queue, burst.data(), wanted));
    if (burst.empty()) {
        ++idle_queues_;
        return;
    }
    idle_queues_ = 0;
    feeder_ != nullptr ? stamp_replayed(burst) : stamp_live(burst);
}

void Receiver::stamp_live(Burst& burst) noexcept {
    last_ns_ = std::max(last_ns_, to_ns(clock_.now()));
    for (rte_mbuf* mbuf : burst.packets())
        StampField::of(mbuf) = {last_ns_, ++received_};
}

void Receiver::stamp_replayed(Burst& burst) noexcept {
    for (rte_mbuf* mbuf : burst.packets()) {
        // The feeder wrote the prefix, and a segment of an mbuf is larger than it.
        std::memcpy(&last_ns_, rte_pktmbuf_mtod(mbuf, const void*), ReplayFeeder::kTimePrefix);
        rte_pktmbuf_adj(mbuf, ReplayFeeder::kTimePrefix);
        StampField::of(mbuf) = {last_ns_, ++received_};
    }
}

bool Receiver::finished() noexcept {
    if (feeder_ != nullptr) return feeder_->finished() && received_ == feeder_->fed();
    // What stands in the queues when the stop comes is still read.
    return stop_.load(std::memory_order_relaxed) && idle_queues_ >= queues_.size();
}

Timestamp Receiver::time() const noexcept {
    if (feeder_ != nullptr) return from_ns(last_ns_);
    return std::max(from_ns(last_ns_), clock_.now());
}

}  // namespace querytap::dataplane
