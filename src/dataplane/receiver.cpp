#include "receiver.h"

#include <algorithm>

#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

namespace querytap::dataplane {
namespace {

constexpr std::uint16_t kWanted = 32;  // packets for each look at a queue

}  // namespace

Receiver::Receiver(std::vector<Queue> queues, ReplayFeeder* feeder, const std::atomic<bool>& stop)
    : queues_(std::move(queues)), last_(queues_.size()), feeder_(feeder), stop_(stop) {
    for (const Queue& queue : queues_)
        left_after_stop_ += queue.descriptors;
    const unsigned mbuf_size = queues_.front().mbuf_size;
    mbufs_for_burst_ = mbufs_for_burst(rte_lcore_count(), mbuf_size);
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
    last_ns_ = std::max(last_ns_, to_ns(clock_.now()));
    for (rte_mbuf* mbuf : burst.packets()) {
        mark_taken(mbuf);
        StampField::of(mbuf) = {last_ns_, ++received_};
    }
}

void Receiver::receive_replayed(Burst& burst) noexcept {
    const Queue& queue = queues_.front();
    // net_pcap waits until it has as many packets as were asked for. A paced replay wants each at
    // its time.
    const std::uint16_t wanted = feeder_->paced() ? 1 : kWanted;
    burst.set_size(rte_eth_rx_burst(queue.port, queue.queue, burst.data(), wanted));
    records_ += burst.packets().size();
    std::uint16_t frames = 0;
    for (rte_mbuf* part : burst.packets()) {
        if (!take_part(part)) continue;
        StampField::of(frame_) = {last_ns_, ++received_};
        burst.data()[frames++] = frame_;
        frame_ = nullptr;
    }
    burst.set_size(frames);
}

/// True when frame_ is whole.
bool Receiver::take_part(rte_mbuf* part) noexcept {
    mark_taken(part);
    ReplayFeeder::Prefix prefix;
    std::memcpy(&prefix, rte_pktmbuf_mtod(part, const void*), sizeof(prefix));
    rte_pktmbuf_adj(part, sizeof(prefix));
    last_ns_ = prefix.time_ns;
    if (frame_ == nullptr) {
        frame_ = part;
    } else if (rte_pktmbuf_chain(frame_, part) != 0) {
        rte_pktmbuf_free(part);
    }
    return prefix.follows == 0;
}

bool Receiver::finished() noexcept {
    if (feeder_ == nullptr) {
        return stop_.load(std::memory_order_relaxed) && left_after_stop_ == 0;
    }
    return feeder_->finished() && records_ + lost_by_port() >= feeder_->records();
}

/// Nothing should be lost in a replay; if it is, the replay must end all the same.
std::uint64_t Receiver::lost_by_port() const noexcept {
    rte_eth_stats stats{};
    rte_eth_stats_get(queues_.front().port, &stats);
    return stats.rx_nombuf + stats.ierrors;
}

unsigned Receiver::fill_percent() const noexcept {
    unsigned fullest = 0;
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        const Queue& queue = queues_[i];
        const int waiting = rte_eth_rx_queue_count(queue.port, queue.queue);
        unsigned percent = last_[i] == kWanted ? 100 : 0;
        if (waiting >= 0 && queue.descriptors != 0) {
            percent = static_cast<unsigned>(waiting) * 100 / queue.descriptors;
        }
        fullest = std::max(fullest, percent);
    }
    return fullest;
}

bool Receiver::has_mbufs_for_burst() const noexcept {
    return rte_mempool_avail_count(queues_.front().pool) >= mbufs_for_burst_;
}

unsigned Receiver::mbufs_for_burst(unsigned lcores, unsigned mbuf_size) noexcept {
    const auto for_record = static_cast<unsigned>(ReplayFeeder::kRecordMax) / mbuf_size + 1;
    // A cache grows to one and a half times its size before it gives mbufs back to the others.
    return kWanted * for_record + lcores * Port::kPoolCache * 3 / 2;
}

Timestamp Receiver::time() noexcept {
    if (feeder_ == nullptr) last_ns_ = std::max(last_ns_, to_ns(clock_.now()));
    return from_ns(last_ns_);
}

}  // namespace querytap::dataplane
