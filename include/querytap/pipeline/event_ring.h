// The way of events from one worker to the control thread: a ring of prebuilt slots and a watermark
// of time, behind which this worker will not write again. The control thread needs the watermark to
// put the events of several workers into one order.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

#include <querytap/base/counter.h>
#include <querytap/base/spsc_ring.h>
#include <querytap/pipeline/event.h>

namespace querytap::pipeline {

enum class WhenFull : std::uint8_t {
    kDrop,  ///< live: packets come first; `dropped` counts
    kWait,  ///< replay: every event is kept, the worker waits
};

class EventRing final : public EventSink {
  public:
    static constexpr std::int64_t kEndOfTime = std::numeric_limits<std::int64_t>::max();

    /// capacity: a power of two.
    EventRing(std::size_t capacity, WhenFull when_full) : ring_(capacity), when_full_(when_full) {}

    // --- worker ---
    Event* reserve() noexcept override;
    void publish() noexcept override { ring_.publish(); }
    /// All events with a time before `time` are published.
    void set_watermark(Timestamp time) noexcept {
        watermark_ns_.store(to_ns(time), std::memory_order_release);
    }
    /// No event will follow.
    void set_finished() noexcept { watermark_ns_.store(kEndOfTime, std::memory_order_release); }

    // --- control thread ---
    Event* front() noexcept { return ring_.front(); }
    void release() noexcept { ring_.release(); }
    std::int64_t watermark_ns() const noexcept {
        return watermark_ns_.load(std::memory_order_acquire);
    }

    // --- anybody ---
    std::size_t size() const noexcept { return ring_.size(); }
    std::size_t capacity() const noexcept { return ring_.capacity(); }
    const Counter& dropped() const noexcept { return dropped_; }

  private:
    SpscRing<Event> ring_;
    WhenFull when_full_;
    std::atomic<std::int64_t> watermark_ns_{std::numeric_limits<std::int64_t>::min()};
    Counter dropped_;
};

}  // namespace querytap::pipeline
