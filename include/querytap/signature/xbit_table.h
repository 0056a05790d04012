// xbits: what rules remember of a host or a pair of hosts, beyond one connection. One table for
// each worker; it outlives rule sets. A worker knows what it saw itself: workers get both
// directions of a pair, so ip_pair is exact; ip_src and ip_dst may live on another worker, too.
#pragma once

#include <querytap/signature/expiring_table.h>

namespace querytap::signature {

enum class XbitTrack : std::uint8_t { kSource, kDestination, kPair };

class XbitTable {
  public:
    /// `now` is read at each call, and outlives the table; the rest as ExpiringTable has it.
    XbitTable(std::size_t entries, std::uint64_t secret, const Timestamp& now, Counter& evicted)
        : bits_(entries, secret, evicted), now_(now) {}

    /// `name`: the number of a bit's name. Source is the sender of the bytes.
    struct Bit {
        std::uint32_t name = 0;
        XbitTrack track{};
        IpAddress source;
        IpAddress destination;
    };
    bool is_set(const Bit& bit) noexcept;
    void set(const Bit& bit, std::uint32_t seconds) noexcept;
    void unset(const Bit& bit) noexcept;

  private:
    ExpiringTable bits_;
    const Timestamp& now_;
};

}  // namespace querytap::signature
