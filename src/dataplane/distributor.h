// One lcore that receives for all workers, where a device cannot spread flows itself: symmetric
// hash of the pair of addresses, one ring to each worker. Both directions of a flow, and its IP
// fragments, always meet on one worker.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <querytap/base/counter.h>
#include <querytap/base/spsc_ring.h>
#include <querytap/flow/key.h>
#include <querytap/packet/decode.h>

#include "backoff.h"
#include "input.h"
#include "receiver.h"

namespace querytap::dataplane {

/// What a flow is, as the workers see it.
struct FlowHash {
    std::uint64_t secret = 0;
    packet::Options decode;
    flow::KeyOptions key;
};

class Distributor {
  public:
    /// wait: when a worker's ring is full, wait for it (replay) instead of dropping (live).
    Distributor(Receiver receiver, std::size_t workers, std::size_t ring_size, bool wait,
                const FlowHash& flow_hash);

    /// On its lcore, until the source has ended.
    void run(Backoff backoff) noexcept;

    /// The end of worker `i`.
    std::unique_ptr<Input> input(std::size_t i);

    struct Lane {
        explicit Lane(std::size_t size) : ring(size) {}
        SpscRing<rte_mbuf*> ring;
        Counter dropped;  ///< the worker was too slow
    };
    const Lane& lane(std::size_t i) const noexcept { return *lanes_[i]; }
    std::size_t lanes() const noexcept { return lanes_.size(); }

  private:
    friend class LaneInput;

    void distribute(rte_mbuf* mbuf) noexcept;
    std::size_t lane_of(const packet::PacketView& packet) const noexcept;
    /// Copies of an announcement, for all workers but the one that inspects it.
    void tell_others(std::size_t lane, rte_mbuf* mbuf) noexcept;
    rte_mbuf* copy_of(rte_mbuf* mbuf) const noexcept;
    void hand_over(Lane& lane, rte_mbuf* mbuf) noexcept;

    Receiver receiver_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    bool wait_;
    FlowHash flow_hash_;
    // Every packet up to here is in its ring. Both only grow; the ordinal is written last and read
    // first, so that it never belongs to a later place than the time.
    std::atomic<std::int64_t> handed_ns_{0};
    std::atomic<std::uint64_t> handed_ordinal_{0};
    std::atomic<bool> finished_{false};
};

}  // namespace querytap::dataplane
