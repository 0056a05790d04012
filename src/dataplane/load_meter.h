// How hard a worker is pressed, from how full its queues are; what it should leave out follows.
// Knows no clock: cycles are given to it.
#pragma once

#include <algorithm>
#include <cstdint>

#include <querytap/pipeline/load.h>

namespace querytap::dataplane {

class LoadMeter {
  public:
    /// A queue this full all the time fills up at the next burst of traffic: up by one level after
    /// 20 ms of it. A single look below tells of a burst that was worked off.
    static constexpr unsigned kPressedPercent = 50;
    static constexpr unsigned kPressedSamples = 20;
    /// A queue this full loses packets now or in a moment: up after two looks. At line rate an RX
    /// ring of 1024 fills in less than a millisecond, so that the first packets are lost all the
    /// same; how few they are is a matter of ports[].rx_descriptors.
    static constexpr unsigned kFullPercent = 90;
    static constexpr unsigned kFullSamples = 2;
    /// Down by one level after a second of calm, which tells a lull from the end. But what is left
    /// out makes the calm: where the level has to rise again within five seconds of its fall,
    /// the next fall waits twice as long, a minute at most. After a minute without leaving anything
    /// out it is a second again.
    static constexpr unsigned kCalmPercent = 25;
    static constexpr unsigned kCalmSamples = 1000;
    static constexpr unsigned kCalmSamplesMax = 64 * kCalmSamples;
    static constexpr unsigned kSoonSamples = 5000;
    static constexpr unsigned kForgetSamples = 60'000;

    explicit LoadMeter(std::uint64_t cycles_per_second) noexcept
        : cycles_per_sample_(cycles_per_second / 1000) {}

    /// True once every millisecond.
    bool due(std::uint64_t now) noexcept {
        if (now - sampled_ < cycles_per_sample_) return false;
        sampled_ = now;
        return true;
    }

    pipeline::Load sample(unsigned fill_percent) noexcept {
        full_ = fill_percent >= kFullPercent ? full_ + 1 : 0;
        pressed_ = fill_percent >= kPressedPercent ? pressed_ + 1 : 0;
        calm_ = fill_percent < kCalmPercent ? calm_ + 1 : 0;
        since_fall_ = std::min(since_fall_ + 1, kForgetSamples);
        if (full_ == kFullSamples || pressed_ == kPressedSamples) rise();
        if (calm_ >= calm_wanted_) fall();
        if (level_ == 0 && since_fall_ == kForgetSamples) calm_wanted_ = kCalmSamples;
        return static_cast<pipeline::Load>(level_);
    }

  private:
    void rise() noexcept {
        full_ = pressed_ = 0;
        if (level_ == pipeline::kLoadMax) return;
        ++level_;
        if (since_fall_ < kSoonSamples) calm_wanted_ = std::min(2 * calm_wanted_, kCalmSamplesMax);
        since_fall_ = kForgetSamples;  // one fall is regretted once
    }
    void fall() noexcept {
        calm_ = 0;
        if (level_ == 0) return;
        --level_;
        since_fall_ = 0;
    }

    std::uint64_t cycles_per_sample_;
    std::uint64_t sampled_ = 0;
    unsigned full_ = 0;  ///< samples in a row
    unsigned pressed_ = 0;
    unsigned calm_ = 0;
    unsigned calm_wanted_ = kCalmSamples;
    unsigned since_fall_ = kForgetSamples;  ///< of the level, in samples, if it has not risen since
    std::uint8_t level_ = 0;
};

}  // namespace querytap::dataplane
