// How often each rule has held lately: threshold and detection_filter. Time is the packets'. One
// table for each worker, taken at start; it outlives rule sets. A worker counts the flows that it
// sees.
#pragma once

#include <cstdint>
#include <vector>

#include <querytap/base/counter.h>
#include <querytap/base/ip_address.h>
#include <querytap/base/time.h>
#include <querytap/signature/rule.h>

namespace querytap::signature {

class RateTable {
  public:
    /// `entries` is rounded up to a power of two. `evicted` counts windows that were forgotten
    /// before they ended; it outlives the table.
    RateTable(std::size_t entries, std::uint64_t secret, Counter& evicted);

    /// A rule with a rate held: is it told? Source is the sender of the bytes.
    bool tell(const Rule& rule, const IpAddress& source, const IpAddress& destination,
              Timestamp now) noexcept;

  private:
    static constexpr std::size_t kWays = 8;
    struct Key {
        std::uint32_t gid = 0;
        std::uint32_t sid = 0;
        IpAddress source;
        IpAddress destination;
        bool operator==(const Key&) const noexcept = default;
    };
    struct Entry {
        Key key;
        std::int64_t end_ns = 0;  ///< 0: free
        std::uint32_t count = 0;
    };
    Entry& window(const Key& key, std::uint32_t seconds, Timestamp now) noexcept;

    std::vector<Entry> entries_;
    std::uint64_t secret_;
    Counter& evicted_;
};

}  // namespace querytap::signature
