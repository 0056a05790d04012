#include "index.h"

namespace querytap::flow {

std::optional<Index::Place> Index::free_place(std::uint32_t bucket,
                                              std::size_t& used) const noexcept {
    std::optional<Place> place;
    used = 0;
    for (std::size_t i = 0; i < kBucketSize; ++i) {
        if (buckets_[bucket].tags[i] != kEmpty) {
            ++used;
        } else if (!place) {
            place = static_cast<Place>(bucket * kBucketSize + i);
        }
    }
    return place;
}

std::optional<Index::Place> Index::insert(std::uint64_t hash, std::uint32_t slot) noexcept {
    const auto [first, second] = candidates(hash);
    std::size_t used_first = 0;
    std::size_t used_second = 0;
    const std::optional<Place> in_first = free_place(first, used_first);
    const std::optional<Place> in_second = free_place(second, used_second);
    const std::optional<Place> place = used_second < used_first ? in_second : in_first;
    if (!place) return std::nullopt;
    Bucket& entries = buckets_[*place / kBucketSize];
    entries.tags[*place % kBucketSize] = tag_of(hash);
    entries.slots[*place % kBucketSize] = slot;
    return place;
}

}  // namespace querytap::flow
