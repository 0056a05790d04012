// Time is the packet's: nanoseconds since the epoch, from the capture or the port. Nothing below
// the dataplane reads a clock.
#pragma once

#include <chrono>

namespace querytap {

using Duration = std::chrono::nanoseconds;
using Timestamp = std::chrono::sys_time<Duration>;

inline std::int64_t to_ns(Timestamp time) noexcept {
    return time.time_since_epoch().count();
}
inline Timestamp from_ns(std::int64_t ns) noexcept {
    return Timestamp{Duration{ns}};
}

}  // namespace querytap
