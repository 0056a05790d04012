// One lcore that receives for all workers, where a device cannot spread flows itself: symmetric
// hash of the innermost pair of addresses, one ring to each worker. Both directions of a flow, its
// IP fragments, and those of tunnels around it always meet on one worker.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <querytap/base/counter.h>
#include <querytap/base/spsc_ring.h>
#include <querytap/sinks/metrics_source.h>

#include "backoff.h"
#include "flow_hash.h"
#include "fragment_lanes.h"
#include "headers.h"
#include "input.h"
#include "receiver.h"

namespace querytap::dataplane {

class Distributor {
  public:
    struct Options {
        std::size_t workers = 2;
        std::size_t ring_size = 4096;
        std::size_t fragmented_datagrams = 256;
        bool wait = false;  ///< for a full ring (replay) instead of dropping (live)
        FlowHash flow_hash;
    };
    Distributor(Receiver receiver, const Options& options);

    /// On its lcore, until the source has ended.
    void run(Backoff backoff) noexcept;

    /// The end of worker `i`.
    std::unique_ptr<Input> input(std::size_t i);

    /// Of its rings, for the metrics. Any thread.
    void add_fills(std::vector<sinks::FillStats>& fills) const;

  private:
    friend class LaneInput;

    struct Lane {
        explicit Lane(std::size_t size) : ring(size) {}
        SpscRing<rte_mbuf*> ring;
        Counter dropped;  ///< the worker was too slow
    };

    void distribute(rte_mbuf* mbuf) noexcept;
    void distribute_fragment(rte_mbuf* mbuf, const packet::PacketView& around) noexcept;
    void hand_over_fragments(std::span<const FragmentLanes::Placed> placed,
                             const Stamp& stamp) noexcept;
    /// Copies of an announcement, for all workers but the one that inspects it.
    void tell_others(std::size_t lane, rte_mbuf* mbuf) noexcept;
    rte_mbuf* copy_of(rte_mbuf* mbuf) const noexcept;
    void hand_over(Lane& lane, rte_mbuf* mbuf) noexcept;

    Receiver receiver_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    bool wait_;
    FlowHash flow_hash_;
    Headers headers_;
    FragmentLanes fragments_;
    // Every packet up to here is in its ring. Both only grow; the ordinal is written last and read
    // first, so that it never belongs to a later place than the time.
    std::atomic<std::int64_t> handed_ns_{0};
    std::atomic<std::uint64_t> handed_ordinal_{0};
    std::atomic<bool> finished_{false};
};

}  // namespace querytap::dataplane
