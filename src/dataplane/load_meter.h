// How hard a worker is pressed, from how full its queues are; what it should leave out follows.
// Knows no clock: cycles are given to it.
#pragma once

#include <cstdint>

#include <querytap/pipeline/load.h>

namespace querytap::dataplane {

class LoadMeter {
  public:
    /// A queue this full all the time fills up at the next burst of traffic.
    static constexpr unsigned kPressedPercent = 50;
    static constexpr unsigned kCalmPercent = 25;
    /// Up by one level after so many samples in a row that are pressed, down after so many that are
    /// calm: 20 ms is a tenth of what a large queue holds, and a second tells a lull from the end.
    static constexpr unsigned kPressedSamples = 20;
    static constexpr unsigned kCalmSamples = 1000;

    explicit LoadMeter(std::uint64_t cycles_per_second) noexcept
        : cycles_per_sample_(cycles_per_second / 1000) {}

    /// True once every millisecond.
    bool due(std::uint64_t now) noexcept {
        if (now - sampled_ < cycles_per_sample_) return false;
        sampled_ = now;
        return true;
    }

    pipeline::Load sample(unsigned fill_percent) noexcept {
        pressed_ = fill_percent >= kPressedPercent ? pressed_ + 1 : 0;
        calm_ = fill_percent < kCalmPercent ? calm_ + 1 : 0;
        if (pressed_ == kPressedSamples) {
            pressed_ = 0;
            if (level_ < pipeline::kLoadMax) ++level_;
        }
        if (calm_ == kCalmSamples) {
            calm_ = 0;
            if (level_ > 0) --level_;
        }
        return static_cast<pipeline::Load>(level_);
    }

  private:
    std::uint64_t cycles_per_sample_;
    std::uint64_t sampled_ = 0;
    unsigned pressed_ = 0;  ///< samples in a row
    unsigned calm_ = 0;
    std::uint8_t level_ = 0;
};

}  // namespace querytap::dataplane
