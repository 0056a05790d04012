// Packets from the queues of one lcore, each with its stamp.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include <querytap/base/time.h>

#include "mbuf.h"
#include "packet_clock.h"
#include "replay_feeder.h"

namespace querytap::dataplane {

struct Queue {
    std::uint16_t port = 0;
    std::uint16_t queue = 0;
};

class Receiver {
  public:
    /// feeder: the source of a replay, or null for live ports. `stop` ends live reception.
    Receiver(std::vector<Queue> queues, ReplayFeeder* feeder, const std::atomic<bool>& stop);

    /// One look at the next queue. Returns with an empty burst when nothing is there.
    void receive(Burst& burst) noexcept;

    /// No packet will come after the last one received.
    bool finished() noexcept;

    /// Every packet up to this time has been received.
    Timestamp time() const noexcept;
    std::uint64_t received() const noexcept { return received_; }

  private:
    void stamp_live(Burst& burst) noexcept;
    void stamp_replayed(Burst& burst) noexcept;

    std::vector<Queue> queues_;
    std::size_t next_ = 0;
    ReplayFeeder* feeder_;
    const std::atomic<bool>& stop_;
    PacketClock clock_;
    std::int64_t last_ns_ = 0;
    std::uint64_t received_ = 0;
    std::size_t idle_queues_ = 0;  ///< looked at in a row without a packet
};

}  // namespace querytap::dataplane
