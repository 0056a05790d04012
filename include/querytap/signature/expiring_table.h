// Facts about a pair of addresses that hold for a while: windows of thresholds, xbits. Time is the
// packets'. Taken at start; when a bucket is full, what would end first gives way.
#pragma once

#include <cstdint>
#include <vector>

#include <querytap/base/counter.h>
#include <querytap/base/ip_address.h>
#include <querytap/base/time.h>

namespace querytap::signature {

class ExpiringTable {
  public:
    struct Key {
        std::uint64_t what = 0;  ///< the owner's number of the rule or the name
        IpAddress source;
        IpAddress destination;
        bool operator==(const Key&) const noexcept = default;
    };
    struct Entry {
        Key key;
        std::int64_t end_ns = 0;  ///< 0: free
        std::uint32_t count = 0;

        void end() noexcept { end_ns = 0; }
    };

    /// `entries` is rounded up to a power of two. `evicted` counts entries that gave way before
    /// they ended; it outlives the table. `secret`: peers choose addresses, and would choose a
    /// bucket without it.
    ExpiringTable(std::size_t entries, std::uint64_t secret, Counter& evicted);

    /// nullptr when there is none, or it has ended.
    Entry* find(const Key& key, Timestamp now) noexcept;

    /// The entry, or a new one with a count of 0 that ends after `seconds`.
    Entry& take(const Key& key, std::uint32_t seconds, Timestamp now) noexcept;

  private:
    static constexpr std::size_t kWays = 8;
    Entry* bucket(const Key& key) noexcept;

    std::vector<Entry> entries_;
    std::uint64_t secret_;
    Counter& evicted_;
};

}  // namespace querytap::signature
