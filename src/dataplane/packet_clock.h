// Wall-clock time from the TSC, for packets whose device gives no time. Read once for each burst;
// never goes back.
#pragma once

#include <chrono>

#include <rte_cycles.h>

#include <querytap/base/time.h>

namespace querytap::dataplane {

class PacketClock {
  public:
    PacketClock()
        : start_tsc_(rte_rdtsc()),
          start_(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())),
          ns_per_cycle_(1e9 / static_cast<double>(rte_get_tsc_hz())) {}

    Timestamp now() const noexcept {
        const auto cycles = static_cast<double>(rte_rdtsc() - start_tsc_);
        return start_ + Duration(static_cast<std::int64_t>(cycles * ns_per_cycle_));
    }

  private:
    std::uint64_t start_tsc_;
    Timestamp start_;
    double ns_per_cycle_;
};

}  // namespace querytap::dataplane
