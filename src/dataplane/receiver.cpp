#include "receiver.h"

#include <algorithm>

#include <rte_ethdev.h>

#include "load_meter.h"

namespace querytap::dataplane {
namespace {

constexpr std::uint16_t kWanted = 32;  // packets for each look at a queue

}  // namespace

Receiver::Receiver(std::vector<Queue> queues, ReplayFeeder* feeder, const std::atomic<bool>& stop)
    : queues_(std::move(queues)), last_(queues_.size()), feeder_(feeder), stop_(stop) {
    for (const Queue& queue : queues_)
        left_after_stop_ += queue.descriptors;
}

void Receiver::receive(Burst& burst) noexcept {
    feeder_ != nullptr ? receive_replayed(burst) : receive_live(burst);
}

void Receiver::receive_live(Burst& burst) noexcept {
    // What stood in the queues when the stop came is still read, and no more: on a busy link the
    // next packet is always there.
    const bool stopping = stop_.load(std::memory_order_relaxed);
    if (stopping && left_after_stop_ == 0) return burst.set_size(0);

    const Queue& queue = queues_[next_];
    const std::uint16_t n = rte_eth_rx_burst(queue.port, queue.queue, burst.data(), kWanted);
    last_[next_] = n;
    next_ = next_ + 1 == queues_.size() ? 0 : next_ + 1;
    burst.set_size(n);
    idle_queues_ = n == 0 ? idle_queues_ + 1 : 0;
    if (stopping) {
        const bool empty = idle_queues_ >= queues_.size();
        left_after_stop_ -= empty ? left_after_stop_ : std::min<std::size_t>(left_after_stop_, n);
    }
    if (n == 0) return;
    queue.received->add(n);
    last_ns_ = std::max(last_ns_, to_ns(clock_.now()));
    for (rte_mbuf* mbuf : burst.packets()) {
        mark_taken(mbuf);
        StampField::of(mbuf) = {last_ns_, ++received_};
    }
}

/// What the feeder has put on the port's ring, stamped.
void Receiver::receive_replayed(Burst& burst) noexcept {
    const Queue& queue = queues_.front();
    burst.set_size(rte_eth_rx_burst(queue.port, queue.queue, burst.data(), kWanted));
    for (rte_mbuf* mbuf : burst.packets())
        mark_taken(mbuf);
    if (burst.empty()) return;
    queue.received->add(burst.packets().size());
    const Stamp& last = StampField::of(burst.packets().back());
    last_ns_ = last.time_ns;
    received_ = last.ordinal();
}

bool Receiver::finished() noexcept {
    if (feeder_ == nullptr) {
        return stop_.load(std::memory_order_relaxed) && left_after_stop_ == 0;
    }
    return feeder_->drained();
}

unsigned Receiver::fill_percent() const noexcept {
    unsigned fullest = 0;
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        const Queue& queue = queues_[i];
        const int waiting = rte_eth_rx_queue_count(queue.port, queue.queue);
        unsigned percent = last_[i] == kWanted ? LoadMeter::kPressedPercent : 0;
        if (waiting >= 0 && queue.descriptors != 0) {
            percent = static_cast<unsigned>(waiting) * 100 / queue.descriptors;
        }
        fullest = std::max(fullest, percent);
    }
    return fullest;
}

Timestamp Receiver::time() noexcept {
    if (feeder_ == nullptr) last_ns_ = std::max(last_ns_, to_ns(clock_.now()));
    return from_ns(last_ns_);
}

}  // namespace querytap::dataplane
