// How often each rule has held lately: threshold and detection_filter. One table for each worker;
// it outlives rule sets. A worker counts the flows that it sees.
#pragma once

#include <querytap/signature/expiring_table.h>
#include <querytap/signature/rule.h>

namespace querytap::signature {

class RateTable {
  public:
    /// As ExpiringTable has them.
    RateTable(std::size_t entries, std::uint64_t secret, Counter& evicted)
        : windows_(entries, secret, evicted) {}

    /// A rule held: does the rate let it be told? Source is the sender of the bytes.
    bool tell(const Rule& rule, const Rate& rate, const IpAddress& source,
              const IpAddress& destination, Timestamp now) noexcept;

  private:
    ExpiringTable windows_;
};

}  // namespace querytap::signature
