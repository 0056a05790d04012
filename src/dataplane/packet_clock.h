// Wall-clock time for packets whose device gives none: read from the TSC, once for each burst. The
// TSC's rate is known to one part in a thousand only, so the clock is set again every second (in
// the vDSO, no system call). It may then step back a little; who must not, takes the maximum.
#pragma once

#include <chrono>

#include <rte_cycles.h>

#include <querytap/base/time.h>

namespace querytap::dataplane {

class PacketClock {
  public:
    PacketClock()
        : cycles_per_second_(rte_get_tsc_hz()),
          ns_per_cycle_(1e9 / static_cast<double>(cycles_per_second_)) {
        set(rte_rdtsc());
    }

    Timestamp now() noexcept {
        const std::uint64_t tsc = rte_rdtsc();
        if (tsc - set_tsc_ > cycles_per_second_) set(tsc);
        const auto cycles = static_cast<double>(tsc - set_tsc_);
        return set_time_ + Duration(static_cast<std::int64_t>(cycles * ns_per_cycle_));
    }

  private:
    void set(std::uint64_t tsc) noexcept {
        set_tsc_ = tsc;
        set_time_ = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    }

    std::uint64_t cycles_per_second_;
    double ns_per_cycle_;
    std::uint64_t set_tsc_ = 0;
    Timestamp set_time_{};
};

}  // namespace querytap::dataplane
