#include "address_map.h"

#include <algorithm>
#include <map>

namespace querytap::policy {

/// Prefixes nest or are apart, so a sweep over them in order needs no more than a stack of those
/// that are open.
class AddressMap::Builder {
  public:
    explicit Builder(AddressMap& map) : map_(map) { intern({}); }

    void run() {
        auto& entries = map_.entries_;
        std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
            const auto order = a.prefix.first() <=> b.prefix.first();
            return order != 0 ? order < 0 : a.prefix.bits() < b.prefix.bits();
        });
        begin_range({}, 0);
        for (const Entry& entry : entries) {
            const Place first = place_of(entry.prefix.first());
            while (!open_.empty() && open_.back().last < first)
                close();
            const SetId around = open_.empty() ? 0 : open_.back().set;
            std::vector<Group> groups = map_.sets_[around];
            const auto at = std::lower_bound(groups.begin(), groups.end(), entry.group);
            if (at == groups.end() || *at != entry.group) groups.insert(at, entry.group);
            open_.push_back({place_of(entry.prefix.last()), intern(std::move(groups))});
            begin_range(first, open_.back().set);
        }
        while (!open_.empty())
            close();
    }

  private:
    struct Open {
        Place last;
        SetId set;
    };

    SetId intern(std::vector<Group> groups) {
        const auto id = static_cast<SetId>(map_.sets_.size());
        const auto [known, fresh] = ids_.emplace(std::move(groups), id);
        if (fresh) map_.sets_.push_back(known->first);
        return known->second;
    }

    void close() {
        Place next = open_.back().last;
        open_.pop_back();
        const bool carry = ++next.low == 0;
        if (carry && ++next.high == 0) return;  // the end of the address space
        begin_range(next, open_.empty() ? 0 : open_.back().set);
    }

    void begin_range(const Place& start, SetId set) {
        if (!map_.starts_.empty() && map_.starts_.back() == start) {
            map_.ids_.back() = set;
            return;
        }
        map_.starts_.push_back(start);
        map_.ids_.push_back(set);
    }

    AddressMap& map_;
    std::vector<Open> open_;
    std::map<std::vector<Group>, SetId> ids_;
};

AddressMap::Place AddressMap::place_of(const IpAddress& address) noexcept {
    Place place;
    for (std::size_t i = 0; i < 8; ++i) {
        place.high = place.high << 8 | address.bytes()[i];
        place.low = place.low << 8 | address.bytes()[i + 8];
    }
    return place;
}

void AddressMap::build() {
    Builder(*this).run();
    entries_ = {};
    starts_.shrink_to_fit();
    ids_.shrink_to_fit();
}

AddressMap::SetId AddressMap::find(const IpAddress& address) const noexcept {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), place_of(address));
    return ids_[static_cast<std::size_t>(after - starts_.begin()) - 1];
}

bool AddressMap::holds(SetId set, Group group) const noexcept {
    return std::binary_search(sets_[set].begin(), sets_[set].end(), group);
}

}  // namespace querytap::policy
