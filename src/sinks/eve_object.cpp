#include "eve_object.h"

#include <ctime>

#include <fmt/format.h>

namespace querytap::sinks {

std::string eve_time(Timestamp time) {
    const auto us = std::chrono::floor<std::chrono::microseconds>(time).time_since_epoch().count();
    constexpr std::int64_t kUsPerSecond = 1'000'000;
    const std::int64_t seconds =
        us >= 0 ? us / kUsPerSecond : (us - kUsPerSecond + 1) / kUsPerSecond;
    std::tm utc{};
    const std::time_t as_time = seconds;
    gmtime_r(&as_time, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+0000", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       us - seconds * kUsPerSecond);
}

void EveObject::time(std::string_view key, Timestamp value) {
    text(key, eve_time(value));
}

}  // namespace querytap::sinks
