// The bytes that alerts show, kept from the moment of the match to the end of the transaction:
// a shared pool of fixed places, chained into one list for each owner (a stream, a transaction).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include <querytap/signature/scanner.h>

#include "free_list.h"

namespace querytap::signature {

class Excerpts {
  public:
    /// A list, empty at first. `size` keeps one owner from taking the whole pool.
    struct List {
        std::uint32_t head = FreeList::kNone;
        std::uint32_t size = 0;
    };
    static constexpr std::uint32_t kListMax = 32;

    explicit Excerpts(std::size_t places) : free_(places), places_(places) {}

    /// False when there is no place left; the key is then not in the list.
    bool add(List& list, std::uint32_t key, std::string_view text) noexcept {
        const std::uint32_t index = list.size < kListMax ? free_.take() : FreeList::kNone;
        if (index == FreeList::kNone) return false;
        Place& place = places_[index];
        place.key = key;
        place.next = list.head;
        const std::string_view end =
            text.size() > kExcerptMax ? text.substr(text.size() - kExcerptMax) : text;
        place.size = static_cast<std::uint32_t>(end.size());
        if (!end.empty()) std::memcpy(place.bytes.data(), end.data(), end.size());
        list.head = index;
        ++list.size;
        return true;
    }

    std::string_view find(const List& list, std::uint32_t key) const noexcept {
        for (std::uint32_t i = list.head; i != FreeList::kNone; i = places_[i].next) {
            if (places_[i].key == key) return {places_[i].bytes.data(), places_[i].size};
        }
        return {};
    }

    void clear(List& list) noexcept {
        for (std::uint32_t i = list.head; i != FreeList::kNone;) {
            const std::uint32_t next = places_[i].next;
            free_.give(i);
            i = next;
        }
        list = {};
    }

  private:
    struct Place {
        std::uint32_t key;
        std::uint32_t next;
        std::uint32_t size;
        std::array<char, kExcerptMax> bytes;
    };
    FreeList free_;
    std::vector<Place> places_;
};

}  // namespace querytap::signature
