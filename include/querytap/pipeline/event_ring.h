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
    /// Live, when three quarters are full, the rest is kept for alerts and verdicts: of TDS records
    /// and of flow records a flood can make any number.
    Event* reserve(EventType type) noexcept override;
    void publish() noexcept override { ring_.publish(); }
    /// All events before `time` are published, and of those at `time` all that packets up to
    /// `ordinal` or a deadline caused. (Many packets of a capture may have the same time.)
    void set_watermark(Timestamp time, std::uint64_t ordinal) noexcept {
        watermark_ns_.store(to_ns(time), std::memory_order_release);
        watermark_ordinal_.store(ordinal, std::memory_order_release);
    }
    /// No event will follow.
    void set_finished() noexcept { watermark_ns_.store(kEndOfTime, std::memory_order_release); }

    // --- control thread ---
    Event* front() noexcept { return ring_.front(); }
    void release() noexcept { ring_.release(); }
    bool finished() const noexcept {
        return watermark_ns_.load(std::memory_order_acquire) == kEndOfTime;
    }
    /// No event of this place, or before it, will be published any more.
    bool is_past(const Order& order) const noexcept {
        // The ordinal first: both only grow, and the worker writes it last.
        const std::uint64_t ordinal = watermark_ordinal_.load(std::memory_order_acquire);
        const std::int64_t ns = watermark_ns_.load(std::memory_order_acquire);
        return to_ns(order.time) < ns || (to_ns(order.time) == ns && order.ordinal <= ordinal);
    }

    // --- anybody ---
    std::size_t size() const noexcept { return ring_.size(); }
    std::size_t capacity() const noexcept { return ring_.capacity(); }
    const Counter& dropped() const noexcept { return dropped_; }

  private:
    SpscRing<Event> ring_;
    WhenFull when_full_;
    std::atomic<std::int64_t> watermark_ns_{std::numeric_limits<std::int64_t>::min()};
    std::atomic<std::uint64_t> watermark_ordinal_{0};
    Counter dropped_;
};

}  // namespace querytap::pipeline
