// Time is the packet's: nanoseconds since the epoch, from the capture or the port. Nothing below
// the dataplane reads a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace querytap {

using Duration = std::chrono::nanoseconds;
using Timestamp = std::chrono::sys_time<Duration>;

inline std::int64_t to_ns(Timestamp time) noexcept {
    return time.time_since_epoch().count();
}
inline Timestamp from_ns(std::int64_t ns) noexcept {
    return Timestamp{Duration{ns}};
}

/// time + duration, stopping at the ends of what can be written: a capture may claim any time.
inline Timestamp later_by(Timestamp time, Duration duration) noexcept {
    std::int64_t sum = 0;
    if (!__builtin_add_overflow(to_ns(time), duration.count(), &sum)) return from_ns(sum);
    return duration.count() > 0 ? Timestamp::max() : Timestamp::min();
}

}  // namespace querytap
