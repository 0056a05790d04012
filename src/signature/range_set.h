// Lists of addresses or ports as rules write them: ranges, negated ranges, lists in lists.
// A list holds a value when one of its plain items does (or there is none) and no negated item
// does.
#pragma once

#include <vector>

namespace querytap::signature {

template <typename T>
struct RangeSet {
    struct Item {
        bool negated = false;
        T low{};  ///< both ends belong to the range
        T high{};
        std::vector<Item> list;  ///< not empty: a list in brackets instead of a range
    };

    std::vector<Item> items;  ///< empty: any

    bool contains(const T& value) const noexcept { return list_contains(items, value); }

  private:
    static bool item_contains(const Item& item, const T& value) noexcept {
        if (!item.list.empty()) return list_contains(item.list, value);
        return item.low <= value && value <= item.high;
    }

    static bool list_contains(const std::vector<Item>& list, const T& value) noexcept {
        bool has_plain = false;
        bool found = false;
        for (const Item& item : list) {
            const bool inside = item_contains(item, value);
            if (item.negated && inside) return false;
            has_plain = has_plain || !item.negated;
            found = found || (!item.negated && inside);
        }
        return found || !has_plain;
    }
};

}  // namespace querytap::signature
