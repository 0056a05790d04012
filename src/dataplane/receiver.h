// Packets from the queues of one lcore, each with its stamp.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include <querytap/base/time.h>

#include "mbuf.h"
#include "packet_clock.h"
#include "port.h"
#include "replay_feeder.h"

namespace querytap::dataplane {

class Receiver {
  public:
    /// feeder: the source of a replay, or null for live ports. `stop` ends live reception.
    Receiver(std::vector<Queue> queues, ReplayFeeder* feeder, const std::atomic<bool>& stop);

    /// One look at the next queue. Returns with an empty burst when nothing is there.
    void receive(Burst& burst) noexcept;

    /// No packet will come after the last one received; to be asked after an empty burst.
    bool finished() noexcept;

    /// See Input.
    unsigned fill_percent() const noexcept;

    /// Every packet up to this time has been received.
    Timestamp time() noexcept;
    std::uint64_t received() const noexcept { return received_; }

  private:
    void receive_live(Burst& burst) noexcept;
    void receive_replayed(Burst& burst) noexcept;

    std::vector<Queue> queues_;
    std::vector<std::uint16_t> last_;  ///< what each queue gave when it was looked at last
    std::size_t next_ = 0;
    std::size_t idle_queues_ = 0;      ///< looked at in a row without a packet
    std::size_t left_after_stop_ = 0;  ///< packets still to be read once the stop has come
    ReplayFeeder* feeder_;
    const std::atomic<bool>& stop_;
    PacketClock clock_;
    std::int64_t last_ns_ = 0;
    std::uint64_t received_ = 0;
};

}  // namespace querytap::dataplane
