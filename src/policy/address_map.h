// Longest-prefix look-up of many address prefixes at once: the address space cut into ranges, each
// with the set of groups that hold it, and found by binary search. Flat arrays, no allocation and
// no pointer to chase in a look-up; 100,000 prefixes are 18 steps.
#pragma once

#include <cstdint>
#include <vector>

#include "prefix.h"

namespace querytap::policy {

class AddressMap {
  public:
    using SetId = std::uint32_t;
    using Group = std::uint32_t;

    /// Which group holds a prefix. An address is in every group with a prefix that contains it.
    void add(const Prefix& prefix, Group group) { entries_.push_back({prefix, group}); }
    /// After the last add(), before the first look-up.
    void build();

    SetId find(const IpAddress& address) const noexcept;
    /// Every set that find() may answer, sorted; set 0 is the empty one.
    const std::vector<std::vector<Group>>& sets() const noexcept { return sets_; }
    bool holds(SetId set, Group group) const noexcept;

  private:
    struct Entry {
        Prefix prefix;
        Group group;
    };
    /// An address as two numbers, which compare faster than sixteen bytes.
    struct Place {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        auto operator<=>(const Place&) const noexcept = default;
    };
    static Place place_of(const IpAddress& address) noexcept;

    class Builder;
    std::vector<Entry> entries_;  ///< until build()
    std::vector<Place> starts_;   ///< where each range begins, ascending; the first is ::
    std::vector<SetId> ids_;      ///< of the range at the same index
    std::vector<std::vector<Group>> sets_;
};

}  // namespace querytap::policy
