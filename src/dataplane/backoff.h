// What an lcore does when it finds nothing to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <sched.h>
#include <thread>

#include <rte_pause.h>

namespace querytap::dataplane {

class Backoff {
  public:
    /// spin: never give the core away. Otherwise yield soon, and sleep for short whiles later.
    explicit Backoff(bool spin) : spin_(spin) {}

    void found_work() noexcept { idle_ = 0; }

    void idle() noexcept {
        ++idle_;
        if (spin_ || idle_ < kYieldAfter) {
            rte_pause();
        } else if (idle_ < kSleepAfter) {
            sched_yield();
        } else {
            std::this_thread::sleep_for(kSleep);
        }
    }

  private:
    static constexpr std::uint64_t kYieldAfter = 64;
    static constexpr std::uint64_t kSleepAfter = 1024;
    // At 1 Mpps a hundred packets come meanwhile: a tenth of an RX ring.
    static constexpr std::chrono::microseconds kSleep{50};

    bool spin_;
    std::uint64_t idle_ = 0;  ///< in a row
};

}  // namespace querytap::dataplane
