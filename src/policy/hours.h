// Times of the week: "mon-fri 07:00-19:00", "sat,sun 08:00-12:00", "22:00-06:00" (every day, over
// midnight).
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>

#include <querytap/base/result.h>
#include <querytap/base/time.h>

namespace querytap::policy {

/// Local time: what must be added to UTC. "+01:00", "-05:30", "Z".
Result<std::int32_t> parse_utc_offset(std::string_view text);  ///< minutes

class Hours {
  public:
    /// Adds one window.
    Status add(std::string_view text);
    bool contains(Timestamp time, std::int32_t utc_offset_minutes) const noexcept;

  private:
    static constexpr std::size_t kWeek = 7 * 24 * 60;
    std::bitset<kWeek> minutes_;  ///< from Monday 00:00
};

}  // namespace querytap::policy
