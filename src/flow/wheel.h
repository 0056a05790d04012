// Which flows to look at in which second. A flow is armed at a tick that is not later than its
// deadline and looked at when that tick comes; packets in between do not touch the wheel.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <querytap/base/mapped_array.h>
#include <querytap/base/time.h>

namespace querytap::flow {

/// Whole seconds since the epoch.
using Tick = std::int64_t;
inline constexpr Tick kTickMax = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;

inline Tick tick_at_or_before(Timestamp time) noexcept {
    const std::int64_t ns = to_ns(time);
    return ns / 1'000'000'000 - (ns % 1'000'000'000 < 0 ? 1 : 0);
}
inline Tick tick_at_or_after(Timestamp time) noexcept {
    const std::int64_t ns = to_ns(time);
    const Tick tick = ns / 1'000'000'000 + (ns % 1'000'000'000 > 0 ? 1 : 0);
    return tick < kTickMax ? tick : kTickMax;
}
inline Timestamp time_of(Tick tick) noexcept {
    return from_ns(tick * 1'000'000'000);
}

class Wheel {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    // More seconds than the longest default time-out (one hour): a flow is armed once for it.
    // Longer deadlines are armed at the far end and armed again there.
    static constexpr Tick kTicks = 4096;

    explicit Wheel(std::size_t flows);

    /// Starts the wheel, once: ticks up to `now` are past.
    void start(Tick now) noexcept {
        if (now_ == kNotStarted) now_ = now;
    }
    bool started() const noexcept { return now_ != kNotStarted; }
    Tick now() const noexcept { return now_; }
    void set_now(Tick now) noexcept { now_ = now; }

    /// `slot` must not be armed. A deadline that is past is looked at in the next tick.
    void arm(std::uint32_t slot, Tick deadline) noexcept;
    void disarm(std::uint32_t slot) noexcept;

    /// Takes what is armed at this tick, as far as it fits: the slots that were, each still to be
    /// armed again or forgotten.
    std::span<std::uint32_t> take(Tick tick, std::span<std::uint32_t> into) noexcept;

  private:
    static constexpr Tick kNotStarted = std::numeric_limits<Tick>::min();

    /// Of the first of a tick, `previous` is the tick's place in heads_ and this.
    static constexpr std::uint32_t kFirst = 1u << 31;

    struct Link {
        std::uint32_t next;
        std::uint32_t previous;
    };

    static std::uint32_t position_of(Tick tick) noexcept {
        return static_cast<std::uint32_t>(tick) & (kTicks - 1);
    }

    MappedArray<Link> links_;
    std::vector<std::uint32_t> heads_;
    Tick now_ = kNotStarted;
};

}  // namespace querytap::flow
